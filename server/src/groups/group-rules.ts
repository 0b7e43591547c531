import { ApiError } from '../errors/api-error.ts'
import { requireCleanName, type TextLimits } from '../text/clean-text.ts'

const namePattern = /^[\p{L}\p{N}_-]{1,200}$/u

/** @throws invalid_body */
export function requireGroupName(name: string): string {
  if (!namePattern.test(name)) {
    throw new ApiError('invalid_body', {
      detail:
        'The internal name of a group may have letters, digits, _ and -, at most 200; put what people should read into attributes.alias.',
    })
  }
  return name
}

/** The internal name from what people read: lower case, spaces to `_`, other characters left out. */
export function groupNameFromAlias(alias: string): string {
  return requireGroupName(
    alias
      .trim()
      .toLowerCase()
      .replaceAll(/\s+/g, '_')
      .replaceAll(/[^\p{L}\p{N}_-]/gu, ''),
  )
}

/** @throws invalid_body */
export function requireAlias(alias: string, limits: TextLimits): string {
  const clean = requireCleanName(alias.trim(), 'alias', limits)
  if (clean === '')
    throw new ApiError('invalid_body', { detail: 'alias is empty; give the group a name people can read.' })
  return clean
}
