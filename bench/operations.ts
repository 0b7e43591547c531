import { below, type Random } from './random.ts'

/** Reads first: they are measured on the directory as it was generated. */
export const operationNames = ['get', 'getCold', 'list20', 'filterEqRql', 'filterEqScim', 'update', 'create'] as const

export type OperationName = (typeof operationNames)[number]

export interface Person {
  readonly id: string
  readonly email: string
}

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

/** What requests are made from; one per round, so that both servers are asked alike. */
export interface Material {
  readonly people: readonly Person[]
  readonly random: Random
  /** A number never given before in this run. */
  readonly nextNumber: () => number
}

const pageSize = 20
/** People leaf through the first pages. */
const offsetsBelow = 1_000
/** Few enough for Muster to keep all their records in memory. */
const recentPeople = 1_000

const users = '/api/service/users'

export const operations: Readonly<Record<OperationName, (material: Material) => Request>> = {
  get: ({ people, random }) => ({ method: 'GET', path: `${users}/${anybody(people, random, recentPeople).id}` }),
  getCold: ({ people, random }) => ({ method: 'GET', path: `${users}/${anybody(people, random).id}` }),
  list20: ({ people, random }) => ({
    method: 'GET',
    path: `${users}?limit=${pageSize}&offset=${below(random, Math.min(offsetsBelow, people.length - pageSize))}`,
  }),
  filterEqRql: ({ people, random }) => filtered(JSON.stringify({ email: { $eq: anybody(people, random).email } })),
  filterEqScim: ({ people, random }) => filtered(`email eq "${anybody(people, random).email}"`),
  update: ({ people, random, nextNumber }) => ({
    method: 'POST',
    path: `${users}/${anybody(people, random).id}`,
    // Never the stored name: a change that changes nothing would cost less.
    body: JSON.stringify({ firstName: `Renamed ${padded(nextNumber())}` }),
  }),
  create: ({ nextNumber }) => newcomer(nextNumber()),
}

/** An invitation; number 0 is the one sent when the directory was generated. */
export function newcomer(number: number): Request {
  return {
    method: 'POST',
    path: users,
    body: JSON.stringify({ emails: [`invited.${padded(number)}@example.com`], roleName: '$member' }),
  }
}

export function isOperationName(name: string): name is OperationName {
  return operationNames.some((known) => known === name)
}

/** One of the first `among`. */
function anybody(people: readonly Person[], random: Random, among = people.length): Person {
  const person = people[below(random, Math.min(among, people.length))]
  if (person === undefined) throw new Error('there is nobody to ask about')
  return person
}

function filtered(filter: string): Request {
  return { method: 'GET', path: `${users}?filter=${encodeURIComponent(filter)}` }
}

/** Answers of one length whatever the number. */
function padded(number: number): string {
  return String(number).padStart(8, '0')
}
