import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'

export const roles = ['admin', 'member', 'guest'] as const
export type Role = (typeof roles)[number]

/** What a path's {id} can name. */
export type ObjectKind =
  | 'user'
  | 'group'
  | 'persona'
  | 'purpose'
  | 'api-token'
  | 'oauth-client'
  | 'sso-mapper'
  | 'sso-connection'
  | 'scim-token'
  | 'scim-log-entry'
  | 'invitation'
  | 'outbox-item'
  | 'session'
  | 'domain'
  | 'sso-test'

export type StateName =
  | 'none'
  | 'other-scheme'
  | 'malformed'
  | 'two-headers'
  | 'token-in-query'
  | 'token-in-cookie'
  | 'unknown'
  | 'wrong-kind'
  | 'expired'
  | 'revoked'
  | 'foreign-tenant'
  | 'owner-disabled'
  | 'owner-pending'
  | 'owner-deleted'
  | 'client-deleted'
  | 'unknown-host'

export interface State {
  readonly rest: number
  readonly error: string
  readonly challenge?: string
  readonly each?: 'role'
}

type ByRole = Readonly<Record<Role, number>>

export interface Route {
  readonly op: string
  readonly class: string
  readonly id?: ObjectKind
  readonly own?: true
  readonly others?: ByRole
  readonly unknown?: ByRole
  readonly query?: string
  readonly body?: unknown
  /** Of a public operation: a body that opens nothing, and its answer. */
  readonly wrong?: { readonly body?: unknown; readonly status: number; readonly error: string }
  readonly success?: number
  readonly fields?: Readonly<Partial<Record<Role, string>>>
}

export interface Cell {
  readonly op: string
  readonly when: string
  readonly query?: string
  readonly body?: unknown
  /** A status, or a status and an error code. */
  readonly roles: Readonly<Partial<Record<Role, number | string>>>
}

export interface HiddenRoute {
  readonly op: string
  readonly status: number
  readonly anyHost?: true
}

/** authz-matrix.yaml as it stands; its head explains the keys. */
export interface Matrix {
  readonly states: Readonly<Record<StateName, State>>
  readonly classes: Readonly<Record<string, ByRole>>
  /** Classes for which a role is not enough: what programs without the right get. */
  readonly rights: Readonly<Record<string, { readonly status: number; readonly error: string }>>
  readonly objects: Readonly<Record<ObjectKind, string>>
  readonly routes: readonly Route[]
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly hidden: readonly HiddenRoute[]
  readonly cells: readonly Cell[]
}

export function readMatrix(): Matrix {
  const matrix: Matrix = parse(readFileSync(path.join(import.meta.dirname, 'authz-matrix.yaml'), 'utf8'))
  return matrix
}

/** What a program gets whose role would do, but that lacks the right which the class asks for; people who just signed in need none. */
export function refusalForRight(
  { classes, rights }: Matrix,
  route: Pick<Route, 'class'>,
  { role, kind }: { readonly role: Role; readonly kind: string },
): { readonly status: number; readonly error: string } | undefined {
  const isEnough = kind === 'keeper' || kind === 'session'
  return !isEnough && classes[route.class]?.[role] === 200 ? rights[route.class] : undefined
}

/** The alias that all mappers here are kept under. */
export const ssoAlias = 'okta'

/** Verb and path of `GET /api/service/users/{id}`. */
export function splitOperation(op: string): { readonly method: string; readonly path: string } {
  const [method = '', address = ''] = op.split(' ')
  return { method, path: address.replace('{alias}', ssoAlias) }
}
