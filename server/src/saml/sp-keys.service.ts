import { createPrivateKey, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { Vault } from '../secrets/vault.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import { findKey, insertKeyOnce, type StoredKey } from './sp-keys.queries.ts'

const rsaBits = 3_072
/** IdPs pin it once; a certificate that runs out would stop sign-ins on a day nobody chose. */
const validYears = 20

/** The key with which a tenant signs its requests and reads what IdPs encrypt for it. PEM, both. */
export interface SpKey {
  readonly privateKey: string
  readonly certificate: string
}

/** The tenant's key; made when it is first asked for, once for all nodes. */
export async function getSpKey(ctx: Ctx, vault: Vault): Promise<SpKey> {
  const stored = (await findKey(ctx.db, ctx.tenantId)) ?? (await makeKey(ctx, vault))
  return { privateKey: vault.open(stored.sealedPrivateKey, purpose(ctx)), certificate: stored.certificate }
}

/** What is sealed for one tenant opens for no other. */
function purpose({ tenantId }: Pick<Ctx, 'tenantId'>): string {
  return `saml-key ${tenantId}`
}

async function makeKey(ctx: Ctx, vault: Vault): Promise<StoredKey> {
  const { slug } = await getTenant(ctx)
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: rsaBits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const notAfter = new Date(ctx.now)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + validYears)
  const certificate = selfSignedCertificate(createPrivateKey(privateKey), {
    name: `muster ${slug}`,
    notBefore: ctx.now,
    notAfter,
  })
  return inTransaction(ctx, async (ctx) => {
    await insertKeyOnce(ctx.db, {
      tenant_id: ctx.tenantId,
      private_key: vault.seal(privateKey, purpose(ctx)),
      certificate,
      created_at: ctx.now.getTime(),
    })
    const stored = await findKey(ctx.db, ctx.tenantId)
    if (stored === undefined) throw new Error('the key was inserted and is not there')
    return stored
  })
}
