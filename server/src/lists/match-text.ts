import { tellingPart, type DrivingSearch } from '../filter/driving-search.ts'

/** A phrase of FTS5, bound to its column: inside double quotes everything is literal but the quote itself. */
export function matchText({ column, text }: DrivingSearch): string {
  return `${column.slice(column.indexOf('.') + 1)} : "${tellingPart(text).replaceAll('"', '""')}"`
}
