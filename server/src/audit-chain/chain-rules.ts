import { createHmac, hash, randomBytes } from 'node:crypto'
import type { ChainPlace, SealedEvent, UnsealedEvent } from './chain.schema.ts'

const keyBytes = 16

/** Seals events one after the other behind the last one sealed. */
export function sealAfter(last: ChainPlace, events: readonly UnsealedEvent[]): SealedEvent[] {
  const sealed: SealedEvent[] = []
  // One call for all keys: the system's random source costs more per call than per byte.
  const random = randomBytes(events.length * 2 * keyBytes)
  let { seq, hash: prevHash } = last
  for (const [index, event] of events.entries()) {
    const keyAt = (place: number) =>
      random.toString('hex', (2 * index + place) * keyBytes, (2 * index + place + 1) * keyBytes)
    const subjectKey = keyAt(0)
    const actorKey = keyAt(1)
    seq += 1
    const linked = {
      ...event,
      seq,
      prevHash,
      subjectKey,
      subjectMac: macOf(subjectKey, subjectText(event)),
      actorKey,
      actorMac: macOf(actorKey, actorText(event)),
    }
    prevHash = hashOf(linked)
    sealed.push({ ...linked, hash: prevHash })
  }
  return sealed
}

/**
 * The link of one event: SHA-256 over the previous link and canonical JSON (RFC 8785: keys in order, no blanks) of
 * everything that stays; for the two personal parts their MACs stand.
 *
 * @source contract/security-and-reliability.md, section 11
 */
export function hashOf(event: Omit<SealedEvent, 'hash'>): string {
  return hash('sha256', event.prevHash + canonicalText(event), 'hex')
}

function canonicalText(event: Omit<SealedEvent, 'hash'>): string {
  // Written in the order of the alphabet, which JSON.stringify keeps.
  return JSON.stringify({
    actorId: event.actorId,
    actorKind: event.actorKind,
    actorMac: event.actorMac,
    actorUserId: event.actorUserId,
    at: event.at,
    category: event.category,
    credentialId: event.credentialId,
    data: event.data,
    door: event.door,
    id: event.id,
    objectId: event.objectId,
    requestId: event.requestId,
    seq: event.seq,
    subjectId: event.subjectId,
    subjectKind: event.subjectKind,
    subjectMac: event.subjectMac,
    tenantId: event.tenantId,
    type: event.type,
  })
}

export function subjectText({ personal }: Pick<SealedEvent, 'personal'>): string {
  return JSON.stringify({ personal })
}

export function actorText({ actorName, address }: Pick<SealedEvent, 'actorName' | 'address'>): string {
  return JSON.stringify({ actorName, address })
}

/**
 * Stands for a personal part in the hash; without the key, which is erased with the part, nobody can guess what it was.
 *
 * @param key its 32 hex digits are taken as text, so that no two spellings are one key
 */
export function macOf(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

/** Whose personal data the two parts of an event are: ids of users, or null where they are nobody's. */
export function personsOf(event: Pick<SealedEvent, 'actorKind' | 'actorUserId' | 'subjectKind' | 'subjectId'>): {
  readonly subject: string | null
  readonly actor: string | null
} {
  const subject = event.subjectKind === 'user' ? event.subjectId : null
  if (event.actorUserId !== '') return { subject, actor: event.actorUserId }
  // Nobody is signed in while accepting an invitation: the address is that of the person invited.
  return { subject, actor: event.actorKind === 'anonymous' ? subject : null }
}
