import { refuse, require } from '../saml-refusal.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const declaration = /^<\?xml version="1\.0"( encoding="utf-8")?( standalone="(yes|no)")?\s*\?>/i
/** What XML 1.0 allows in no place, and half characters. */
const forbiddenCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const predefined = new Set(['amp', 'lt', 'gt', 'quot', 'apos'])

/**
 * SAML-02: UTF-8 without document type, entities, processing instructions, comments and CDATA.
 * In well-formed XML `<!` and `<?` open nothing else, wherever they stand.
 *
 * @returns the text with line ends as a parser must see them
 */
export function checkNoDoctype(document: Buffer): string {
  let text: string
  try {
    text = utf8.decode(document)
  } catch (error) {
    return refuse('SAML-02: not UTF-8', error)
  }
  return checkPlainXml(text)
}

/** The same for text that was decrypted. */
export function checkPlainXml(text: string): string {
  require(!forbiddenCharacter.test(text) && text.isWellFormed(), 'SAML-02: a character that XML does not allow')
  const body = text.replace(declaration, '')
  require(!body.includes('<!'), 'SAML-02: a document type, comment or CDATA')
  require(!body.includes('<?'), 'SAML-02: a processing instruction, or another encoding than UTF-8')
  for (const [, name = ''] of body.matchAll(/&([^;\s<&]{0,12});?/g)) requireKnownReference(name)
  return text.replaceAll(/\r\n?/g, '\n')
}

function requireKnownReference(name: string): void {
  if (predefined.has(name)) return
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name)
  const code = digits?.[1] === undefined ? Number(digits?.[2] ?? Number.NaN) : Number.parseInt(digits[1], 16)
  const isCharacter =
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  require(isCharacter, 'SAML-02: an entity that XML does not predefine')
}
