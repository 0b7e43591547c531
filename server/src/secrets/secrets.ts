import { hash, randomBytes } from 'node:crypto'

export type SecretPrefix =
  | 'mst_'
  | 'moat_'
  | 'mocs_'
  | 'mscim_'
  | 'msess_'
  | 'minv_'
  | 'mses_'
  | 'mcsrf_'
  | 'msut_'
  | 'mdev_'
  | 'mdom_'
  | 'msaml_'
  | 'msst_'
  | 'mpsi_'

/** 256 random bits behind a prefix that tells people and scanners what it opens. */
export function newSecret(prefix: SecretPrefix): string {
  return prefix + randomBytes(32).toString('base64url')
}

/** What is stored instead of a secret, and by which it is found: the SHA-256 of the exact bytes presented. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}
