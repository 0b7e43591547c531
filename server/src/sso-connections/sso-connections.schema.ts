import type { IdpCertificate } from './certificates.ts'
import type { ConnectionOptions, OptionsChange } from './connection-options.schema.ts'

/** The set-up between a tenant and one IdP. Times are epoch ms, 0 where the thing never happened. */
export interface SsoConnection {
  readonly id: string
  /** How clients know it: `okta`, `azure`. */
  readonly alias: string
  readonly displayName: string
  readonly isEnabled: boolean
  /** Of the IdP. */
  readonly entityId: string
  readonly signOnUrl: string
  readonly signOnBinding: 'redirect' | 'post'
  /** Empty where the IdP offers none. */
  readonly logoutUrl: string
  readonly certificates: readonly IdpCertificate[]
  readonly options: ConnectionOptions
  readonly createdAt: number
  readonly createdBy: string
  readonly updatedAt: number
  readonly updatedBy: string
  readonly version: number
}

/** The IdP by its metadata, or by single values. */
export type IdpValues =
  | { readonly metadataXml: string }
  | {
      readonly entityId: string
      readonly signOnUrl: string
      readonly logoutUrl?: string
      /** PEM or bare base64. */
      readonly certificates: readonly string[]
    }

export interface NewSsoConnection {
  readonly alias: string
  readonly displayName?: string
  readonly isEnabled?: boolean
  readonly idp: IdpValues
  readonly options?: OptionsChange
}

/** What is absent stays. */
export interface SsoConnectionChange {
  readonly displayName?: string
  readonly isEnabled?: boolean
  readonly idp?: IdpValues
  readonly options?: OptionsChange
}
