const pathMaxBytes = 80
const path = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/
/** Control characters, backslashes and slashes spelled in percent: what decodes them may read another address. */
const disguised = /%(?:[01][0-9a-f]|7f|5c|2f)/i

/**
 * Where to go after a sign-in that began at the IdP: a path of our own, or the front page.
 *
 * @source contract/security-and-reliability.md V-A13
 */
export function ownPath(text: string): string {
  const isOwn = text.length <= pathMaxBytes && path.test(text) && !disguised.test(text)
  return isOwn && URL.parse(text, 'http://own.invalid')?.host === 'own.invalid' ? text : '/'
}
