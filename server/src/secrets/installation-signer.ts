import type { Config, Secrets } from '../config.ts'
import { loadSecretKey } from './secret-key.ts'
import { signerFrom, type Signer } from './signing.ts'

/** What signs for this installation; null with PostgreSQL while MUSTER_SECRET_KEY is not set. */
export function installationSigner(config: Config, { secretKey, databaseUrl }: Secrets): Signer | null {
  const key = loadSecretKey({ configured: secretKey, dataDir: databaseUrl === null ? config.dataDir : null })
  return key === null ? null : signerFrom(key)
}
