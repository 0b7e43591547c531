import Type, { type Static } from 'typebox'
import { ApiError } from '../errors/api-error.ts'

export const Preset = Type.Union([
  Type.Literal('generic'),
  Type.Literal('okta'),
  Type.Literal('entra'),
  Type.Literal('google'),
  Type.Literal('onelogin'),
  Type.Literal('jumpcloud'),
  Type.Literal('keycloak'),
])
export type Preset = Static<typeof Preset>

export const Signed = Type.Union([Type.Literal('response_and_assertion'), Type.Literal('assertion')])
export const DefaultRole = Type.Union([
  Type.Literal('$admin'),
  Type.Literal('$member'),
  Type.Literal('$guest'),
  Type.Null(),
])
export const RoleRule = Type.Object(
  {
    value: Type.String({ minLength: 1, maxLength: 1_024 }),
    role: Type.Union([Type.Literal('$admin'), Type.Literal('$member'), Type.Literal('$guest')]),
  },
  { additionalProperties: false },
)

/** What an admin decides about a connection, beside who the IdP is. */
export interface ConnectionOptions {
  /** Which product the IdP is; it chose the defaults. */
  readonly preset: Preset
  /** What the IdP signs; the assertion always. */
  readonly signed: Static<typeof Signed>
  /** Whether a sign-in may begin at the IdP: nothing then ties it to this browser. */
  readonly allowsIdpInitiated: boolean
  /** Whether somebody unknown gets an account at the first sign-in. */
  readonly createsUsers: boolean
  /** Of accounts made at sign-in; null: the workspace's default. */
  readonly defaultRole: Static<typeof DefaultRole>
  /** Names of the IdP's attributes; empty: the names that IdPs use for it. */
  readonly emailAttribute: string
  readonly firstNameAttribute: string
  readonly lastNameAttribute: string
  /** Whose values decide about the role; empty: roles are given here. */
  readonly roleAttribute: string
  /** The first that matches a value counts. */
  readonly roleRules: readonly Static<typeof RoleRule>[]
}

/** What is absent stays. */
export type OptionsChange = { readonly [K in keyof ConnectionOptions]?: ConnectionOptions[K] | undefined }

const defaults: ConnectionOptions = {
  preset: 'generic',
  signed: 'response_and_assertion',
  allowsIdpInitiated: false,
  createsUsers: true,
  defaultRole: null,
  emailAttribute: '',
  firstNameAttribute: '',
  lastNameAttribute: '',
  roleAttribute: '',
  roleRules: [],
}

/** IdPs that sign the assertion alone unless somebody pays for more, or cannot do otherwise. */
const presets: Readonly<Record<Preset, Partial<ConnectionOptions>>> = {
  generic: {},
  okta: {},
  keycloak: {},
  entra: { signed: 'assertion' },
  google: { signed: 'assertion' },
  onelogin: { signed: 'assertion' },
  jumpcloud: { signed: 'assertion' },
}

/** As stored: a key that is missing has its default. */
export function readOptions(json: string): ConnectionOptions {
  return { ...defaults, ...JSON.parse(json) }
}

/** A preset brings its defaults along; what is said beside it wins. @throws invalid_body */
export function changeOptions(current: ConnectionOptions | null, change: OptionsChange = {}): ConnectionOptions {
  const { preset } = change
  const said = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const next: ConnectionOptions = {
    ...(current ?? defaults),
    ...(preset !== undefined && preset !== current?.preset ? { signed: defaults.signed, ...presets[preset] } : {}),
    ...said,
  }
  if (next.roleRules.length > 0 && next.roleAttribute === '') {
    throw new ApiError('invalid_body', {
      detail: 'roleRules need roleAttribute: the attribute whose values they name.',
    })
  }
  return next
}
