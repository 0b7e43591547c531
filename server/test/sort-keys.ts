/** Keys by which lists can be sorted: contract/rest-api.md, section 4.3. */
export const userSorts = [
  'createdTimestamp',
  'firstName',
  'lastName',
  'username',
  'email',
  'enabled',
  'lastLoginTime',
] as const
export const groupSorts = ['name', 'alias', 'createdAt', 'userCount'] as const
export const apiTokenSorts = ['createdAt', 'displayName'] as const
export const oauthClientSorts = ['createdAt', 'displayName'] as const
export const linkSorts = ['createdAt', 'createdBy', 'updatedAt', 'updatedBy', 'name'] as const
