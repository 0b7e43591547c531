import { anybody, filtered, invitation, pageSize, recentPeople, usersPath } from '../requests.ts'
import type { Material, Request } from '../requests.ts'

/** The place that the marks name. */
export const deepOffset = 50_000
const inviteesAtOnce = 100

interface ScaleOperation {
  /** For the table and the bench's page. */
  readonly about: string
  /** Users without whom it means nothing. */
  readonly usersMin?: number
  readonly request: (material: Material) => Request
}

/** A page of the default order from this place on. */
function pageAt(offset: number): Request {
  return { method: 'GET', path: `${usersPath}?limit=${pageSize}&offset=${offset}` }
}

function rql(filter: unknown): Request {
  return filtered(JSON.stringify(filter))
}

function walk(cursor: string): Request {
  return { method: 'GET', path: `/api/muster/users?limit=${pageSize}&cursor=${cursor}` }
}

/** Reads first: they are measured on the directory as it was generated. */
export const scaleOperations = {
  get: {
    about: 'a user by id, among 1,000 people',
    request: (material) => ({ method: 'GET', path: `${usersPath}/${anybody(material, recentPeople).id}` }),
  },
  getCold: {
    about: 'a user by id, anybody',
    request: (material) => ({ method: 'GET', path: `${usersPath}/${anybody(material).id}` }),
  },
  first: { about: 'the first page of 20', request: () => pageAt(0) },
  offset50k: {
    about: '20 users from offset 50,000',
    usersMin: deepOffset + pageSize,
    request: () => pageAt(deepOffset),
  },
  middle: { about: '20 users in the middle', request: ({ users }) => pageAt(Math.floor(users / 2)) },
  last: { about: 'the last 20 users', request: ({ users }) => pageAt(users - pageSize) },
  cursorFirst: { about: 'the first 20 of a walk by cursor', request: () => walk('') },
  cursor50k: {
    about: 'the next 20 of a walk that has come to the 50,000th',
    usersMin: deepOffset + pageSize,
    request: ({ deepCursor }) => walk(deepCursor ?? ''),
  },
  eq: {
    about: 'one address, among 1,000 people',
    request: (material) => rql({ email: { $eq: anybody(material, recentPeople).email } }),
  },
  eqCold: { about: 'one address, anybody', request: (material) => rql({ email: { $eq: anybody(material).email } }) },
  prefixFew: {
    about: 'usernames that begin with all but the last letter of one',
    request: (material) => rql({ username: { $like: `${loginOf(material).slice(0, -1)}%` } }),
  },
  prefixMany: {
    about: 'usernames that begin with "anna" (1 in 100)',
    request: () => rql({ username: { $ilike: 'anna%' } }),
  },
  substringFew: {
    about: 'addresses that contain one, as clients look somebody up',
    request: (material) => rql({ email: { $ilike: `%${anybody(material).email}%` } }),
  },
  substringMany: {
    about: 'addresses that contain "mar" (1 in 20)',
    request: () => rql({ email: { $ilike: '%mar%' } }),
  },
  substringAll: { about: 'addresses that contain "example"', request: () => rql({ email: { $ilike: '%example%' } }) },
  substringShort: {
    about: 'addresses that contain "zu": too short for the index',
    request: () => rql({ email: { $ilike: '%zu%' } }),
  },
  invite100: {
    about: '100 people invited at once',
    request: ({ nextNumber }) => invitation(Array.from({ length: inviteesAtOnce }, () => nextNumber())),
  },
} as const satisfies Readonly<Record<string, ScaleOperation>>

export type ScaleOperationName = keyof typeof scaleOperations

// Keys of an object literal are its names; TypeScript keeps only that they are texts.
export const scaleOperationNames = Object.keys(scaleOperations) as readonly ScaleOperationName[]

/** Whether an operation means something in a directory of this size. */
export function isMeasured(name: ScaleOperationName, users: number): boolean {
  const { usersMin = 0 }: ScaleOperation = scaleOperations[name]
  return users >= usersMin
}

function loginOf(material: Material): string {
  return anybody(material).email.split('@')[0] ?? ''
}
