import type { StartedSession } from '../sessions/sessions.service.ts'

export interface PasswordSignIn {
  /** Username or address, as typed. */
  readonly login: string
  readonly password: string
  /** What the browser's cookie says about who has signed in with it before. */
  readonly device: string
}

/** What has come of a sign-in. */
export type SignInStep =
  | { readonly kind: 'signed_in'; readonly started: StartedSession; readonly device: string }
  /** A second factor is asked for, or must be set up first; the cookie holds the token. */
  | { readonly kind: 'second_factor' | 'enrol'; readonly token: string }
