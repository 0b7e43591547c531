import { isSignedBy, type Signer } from '../secrets/signing.ts'
import type { ChainPlace } from './chain.schema.ts'

const type = 'muster-audit-checkpoint'

/** Says, signed, how far a tenant's chain had come: whoever keeps it elsewhere notices a rewritten or shortened log. */
export interface Checkpoint {
  readonly type: typeof type
  readonly tenantId: string
  readonly seq: number
  readonly hash: string
  /** Epoch ms at which it was signed. */
  readonly at: number
  /** The raw Ed25519 key, base64url. */
  readonly publicKey: string
  /** Over the JSON of everything else, keys in the order of the alphabet; base64url. */
  readonly signature: string
}

interface NewCheckpoint {
  readonly tenantId: string
  readonly place: ChainPlace
  readonly at: number
}

export function signCheckpoint(signer: Signer, { tenantId, place, at }: NewCheckpoint): Checkpoint {
  const unsigned = { type, tenantId, seq: place.seq, hash: place.hash, at, publicKey: signer.publicKey } as const
  return { ...unsigned, signature: signer.sign(textOf(unsigned)) }
}

/** Whether the signature is one of the key the checkpoint names; whether to trust that key is another question. */
export function isWellSigned(checkpoint: Checkpoint): boolean {
  return isSignedBy(checkpoint.publicKey, textOf(checkpoint), checkpoint.signature)
}

function textOf({ at, hash, publicKey, seq, tenantId }: Omit<Checkpoint, 'signature'>): string {
  return JSON.stringify({ at, hash, publicKey, seq, tenantId, type })
}

/**
 * Reads checkpoints from whatever holds them: one as the API gives it, one per line, the last line of an export,
 * or a log of the server.
 */
export function readCheckpoints(text: string): Checkpoint[] {
  const found = text
    .split('\n')
    .filter((line) => line.includes(`"${type}"`))
    .flatMap((line) => checkpointsIn(parse(line)))
  return found.length > 0 ? found : checkpointsIn(parse(text))
}

function checkpointsIn(value: unknown): Checkpoint[] {
  if (typeof value !== 'object' || value === null) return []
  return isCheckpoint(value) ? [value] : Object.values(value).flatMap(checkpointsIn)
}

function isCheckpoint(value: object): value is Checkpoint {
  const texts: readonly (keyof Checkpoint)[] = ['tenantId', 'hash', 'publicKey', 'signature']
  const { seq, at, ...rest } = { seq: null, at: null, ...value }
  const record: Readonly<Record<string, unknown>> = rest
  return (
    record['type'] === type &&
    Number.isSafeInteger(seq) &&
    Number.isSafeInteger(at) &&
    texts.every((name) => typeof record[name] === 'string')
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A line of something else: nothing is found in it.
    return undefined
  }
}
