/** The normalised copy on which uniqueness and case-insensitive search are decided; never computed by SQL functions. */
export function toKey(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}
