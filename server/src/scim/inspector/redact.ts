const bodyMax = 64 * 1024
const hidden = '(hidden)'

/** A body as administrators may see it: without passwords, and not longer than anybody reads. contract/scim.md 12.1 */
export function redactedBody(text: string): string {
  if (text === '') return ''
  if (Buffer.byteLength(text) > bodyMax) return `(${Buffer.byteLength(text)} bytes, too long to keep)`
  try {
    return JSON.stringify(withoutPasswords(JSON.parse(text)))
  } catch (error) {
    // What is no JSON may hold anything: it is not kept.
    if (error instanceof SyntaxError) return '(not JSON)'
    throw error
  }
}

function withoutPasswords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPasswords)
  if (typeof value !== 'object' || value === null) return value
  const isPasswordOperation = Object.entries(value).some(
    ([name, member]) => name.toLowerCase() === 'path' && /password/i.test(String(member)),
  )
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, unknown] => {
      const isSecret = /password/i.test(name) || (isPasswordOperation && name.toLowerCase() === 'value')
      return [name, isSecret ? hidden : withoutPasswords(member)]
    }),
  )
}

/** A query as it may be kept: filters on passwords do not exist, tokens in addresses are hidden. */
export function redactedQuery(query: string): string {
  return query.replaceAll(/(token|secret|password)=[^&]*/gi, `$1=${hidden}`).slice(0, 2_000)
}
