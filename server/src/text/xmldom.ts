import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** The parser, loaded with the first document: most servers never see one. */
export function xmldom(): typeof import('@xmldom/xmldom') {
  return load('@xmldom/xmldom')
}
