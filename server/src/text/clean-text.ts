import { ApiError } from '../errors/api-error.ts'
import type { Limits } from '../limits/limits.ts'

/** C0 and C1 controls, and the marks that turn the direction of text around: they make one name look like another. */
const unwanted = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u

export type TextLimits = Pick<Limits, 'nameMaxCharacters' | 'attributeMaxBytes'>

/**
 * Checks a name as people see it: not too long, nothing invisible that deceives.
 *
 * @throws invalid_body
 * @source contract/security-and-reliability.md, V-D9
 */
export function requireCleanName(
  text: string,
  field: string,
  { nameMaxCharacters: max }: Pick<TextLimits, 'nameMaxCharacters'>,
): string {
  if (!text.isWellFormed() || unwanted.test(text)) {
    throw new ApiError('invalid_body', {
      detail: `${field} contains control characters or marks that change the direction of text.`,
    })
  }
  if (text.length > max && [...text].length > max) {
    throw new ApiError('invalid_body', { detail: `${field} is longer than ${max} characters.` })
  }
  return text
}

export type Attributes = Readonly<Record<string, readonly string[]>>

const attributesMax = 100

/**
 * Checks custom attributes: names like names, values of bounded size, line breaks allowed.
 *
 * @throws invalid_body
 */
export function requireCleanAttributes(attributes: Attributes, limits: TextLimits): Attributes {
  const entries = Object.entries(attributes)
  if (entries.length > attributesMax)
    throw new ApiError('invalid_body', { detail: `attributes has more than ${attributesMax} names.` })
  for (const [name, values] of entries) {
    requireCleanName(name, 'The name of an attribute', limits)
    if (values.length > attributesMax) {
      throw new ApiError('invalid_body', { detail: `attributes.${name} has more than ${attributesMax} values.` })
    }
    for (const value of values) {
      if (!value.isWellFormed() || value.includes('\0') || Buffer.byteLength(value) > limits.attributeMaxBytes) {
        throw new ApiError('invalid_body', {
          detail: `attributes.${name} has a value that is not plain text of at most ${limits.attributeMaxBytes} bytes.`,
        })
      }
    }
  }
  return attributes
}
