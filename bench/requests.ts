import { below, type Random } from './random.ts'

export interface Person {
  readonly id: string
  readonly email: string
}

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

/** What requests are made from; one per round, so that all servers are asked alike. */
export interface Material {
  readonly people: readonly Person[]
  /** How many users the directory has. */
  readonly users: number
  /** Of a walk over all users that stands behind the 50,000th; null where there are fewer. */
  readonly deepCursor: string | null
  readonly random: Random
  /** A number never given before in this run. */
  readonly nextNumber: () => number
}

export const usersPath = '/api/service/users'
export const pageSize = 20
/** Few enough for Muster to keep all their records in memory. */
export const recentPeople = 1_000

/** One of the first `among`. */
export function anybody({ people, random }: Material, among = people.length): Person {
  const person = people[below(random, Math.min(among, people.length))]
  if (person === undefined) throw new Error('there is nobody to ask about')
  return person
}

/** A page in the default order of those whom a filter finds. */
export function filtered(filter: string): Request {
  return { method: 'GET', path: `${usersPath}?filter=${encodeURIComponent(filter)}` }
}

/** Invites people of these numbers; number 0 is the one who was invited when the directory was generated. */
export function invitation(numbers: readonly number[]): Request {
  const emails = numbers.map((number) => `invited.${padded(number)}@example.com`)
  return { method: 'POST', path: usersPath, body: JSON.stringify({ emails, roleName: '$member' }) }
}

/** Answers of one length whatever the number. */
export function padded(number: number): string {
  return String(number).padStart(8, '0')
}
