import { below } from './random.ts'
import { anybody, filtered, invitation, padded, pageSize, recentPeople, usersPath } from './requests.ts'
import type { Material, Request } from './requests.ts'

/** Reads first: they are measured on the directory as it was generated. */
export const operationNames = ['get', 'getCold', 'list20', 'filterEqRql', 'filterEqScim', 'update', 'create'] as const

export type OperationName = (typeof operationNames)[number]

/** People leaf through the first pages. */
const offsetsBelow = 1_000

/** What Muster and the limit server are both asked. */
export const operations: Readonly<Record<OperationName, (material: Material) => Request>> = {
  get: (material) => ({ method: 'GET', path: `${usersPath}/${anybody(material, recentPeople).id}` }),
  getCold: (material) => ({ method: 'GET', path: `${usersPath}/${anybody(material).id}` }),
  list20: ({ people, random }) => ({
    method: 'GET',
    path: `${usersPath}?limit=${pageSize}&offset=${below(random, Math.min(offsetsBelow, people.length - pageSize))}`,
  }),
  filterEqRql: (material) => filtered(JSON.stringify({ email: { $eq: anybody(material).email } })),
  filterEqScim: (material) => filtered(`email eq "${anybody(material).email}"`),
  update: (material) => ({
    method: 'POST',
    path: `${usersPath}/${anybody(material).id}`,
    // Never the stored name: a change that changes nothing would cost less.
    body: JSON.stringify({ firstName: `Renamed ${padded(material.nextNumber())}` }),
  }),
  create: ({ nextNumber }) => invitation([nextNumber()]),
}

export function isOperationName(name: string): name is OperationName {
  return operationNames.some((known) => known === name)
}
