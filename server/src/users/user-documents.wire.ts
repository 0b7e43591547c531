import { LRUCache } from 'lru-cache'
import { may } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { listRecentEvents, type RecentEvents } from '../audit-log/audit-log.service.ts'
import { toAdminEvent, toLoginEvent } from '../audit-log/event-records.wire.ts'
import { directoryAttributes, directoryColumns, linkColumns } from './users.fields.ts'
import type { DocumentVersion, UserView } from './users.schema.ts'
import { recordKeys, toUserRecord, type UserOwnRecord } from './users.wire.ts'

const documentsMax = 5_000
/** Characters of all records together; most take one byte each. */
const textsMax = 3 * 2 ** 20

/** A user's record as JSON, key by key, as it is true for one set of versions, the clock's part included. */
interface Document {
  readonly version: Omit<DocumentVersion, 'hasActed'>
  /** A lock ends by the clock, so the document does too. Epoch ms. */
  readonly trueUntil: number
  readonly hasSignedIn: boolean
  /** The record without its braces; events are not part of it. */
  readonly whole: string
  /** Where each key's part of it ends, in the order of `recordKeys`. */
  readonly ends: readonly number[]
}

interface Wanted {
  readonly columns: ReadonlySet<string> | null
  readonly maxLoginEvents: number
  /** People see their own record whole. */
  readonly isOwn?: boolean
  /** Loads users that are not at hand; their ids are among those listed. Without links it may leave out what they show. */
  readonly load: (ids: readonly string[], withLinks: boolean) => Promise<readonly UserView[]>
}

/**
 * Records kept between requests, keyed by the row's versions: correct on several nodes without any message between them,
 * because whatever shows in a record raises one of the versions.
 */
export class UserDocuments {
  readonly #kept = new LRUCache<string, Document>({
    max: documentsMax,
    maxSize: textsMax,
    sizeCalculation: ({ whole }) => whole.length,
  })

  /** Whether a record is at hand, true or not any more. */
  has(ctx: Ctx, id: string): boolean {
    return this.#kept.has(`${ctx.tenantId} ${id}`)
  }

  /** The records of these users as JSON texts, in the order given; users deleted meanwhile are left out. */
  async texts(ctx: Ctx, versions: readonly DocumentVersion[], wanted: Wanted): Promise<string[]> {
    const isWhole = wanted.isOwn === true || may(ctx, 'users:read-all-fields')
    const columns = isWhole ? wanted.columns : (wanted.columns?.intersection(directoryColumns) ?? directoryColumns)
    const withLinks = columns === null || !columns.isDisjointFrom(linkColumns)
    const documents = await this.#documents(ctx, versions, { withLinks, load: wanted.load })
    const wantsEvents = columns === null || columns.has('loginEvents') || columns.has('adminEvents')
    const acted = new Set(versions.filter(({ hasActed }) => hasActed).map(({ id }) => id))
    const people = documents.map(({ version: { id }, hasSignedIn }) => ({ id, hasSignedIn, hasActed: acted.has(id) }))
    const eventsOf = wantsEvents ? await listRecentEvents(ctx, people, wanted.maxLoginEvents) : () => noEvents
    return documents.map((document) => {
      const events = eventParts(eventsOf(document.version.id))
      if (columns === null)
        return `{${document.whole},${events.get('loginEvents') ?? ''},${events.get('adminEvents') ?? ''}}`
      return `{${pick(document, events, columns, isWhole).join(',')}}`
    })
  }

  async #documents(
    ctx: Ctx,
    versions: readonly DocumentVersion[],
    { withLinks, load }: Pick<Wanted, 'load'> & { readonly withLinks: boolean },
  ): Promise<Document[]> {
    const now = ctx.now.getTime()
    const found = new Map<string, Document>()
    for (const version of versions) {
      const kept = this.#kept.get(`${ctx.tenantId} ${version.id}`)
      if (kept !== undefined && isSame(kept.version, version) && now < kept.trueUntil) found.set(version.id, kept)
    }
    const missing = versions.filter((version) => !found.has(version.id))
    const catalogueVersions = new Map(missing.map((version) => [version.id, version.catalogueVersion]))
    for (const view of missing.length === 0 ? [] : await load([...catalogueVersions.keys()], withLinks)) {
      const document = toDocument(view, catalogueVersions.get(view.id) ?? 0, now)
      // Without links it is true for this answer only.
      if (withLinks) this.#kept.set(`${ctx.tenantId} ${view.id}`, document)
      found.set(view.id, document)
    }
    return versions.map((version) => found.get(version.id)).filter((document) => document !== undefined)
  }
}

const noEvents: RecentEvents = { login: [], admin: [] }

function isSame(a: Document['version'], b: Document['version']): boolean {
  return (
    a.version === b.version &&
    a.linksVersion === b.linksVersion &&
    a.catalogueVersion === b.catalogueVersion &&
    a.lastBoundAt === b.lastBoundAt
  )
}

function toDocument(view: UserView, catalogueVersion: number, now: number): Document {
  return {
    version: {
      id: view.id,
      version: view.version,
      linksVersion: view.linksVersion,
      catalogueVersion,
      lastBoundAt: view.lastBoundAt,
    },
    hasSignedIn: view.lastLoginAt > 0,
    trueUntil: view.lockedUntil > now ? view.lockedUntil : Number.POSITIVE_INFINITY,
    ...textOf(toUserRecord(view, now)),
  }
}

/**
 * Key by key, so that columns are cut out of it without reading it again. Joined, not added up: V8 keeps a sum as a tree
 * of its parts, which takes three times the memory of the text.
 */
function textOf(record: UserOwnRecord): Pick<Document, 'whole' | 'ends'> {
  const parts = recordKeys.map((key) => `"${key}":${JSON.stringify(record[key])}`)
  const ends: number[] = []
  for (const part of parts) ends.push((ends.at(-1) ?? -1) + 1 + part.length)
  return { whole: parts.join(','), ends }
}

function eventParts({ login, admin }: RecentEvents): Map<string, string> {
  return new Map([
    [
      'loginEvents',
      login.length === 0 ? '"loginEvents":[]' : `"loginEvents":${JSON.stringify(login.map(toLoginEvent))}`,
    ],
    [
      'adminEvents',
      admin.length === 0 ? '"adminEvents":[]' : `"adminEvents":${JSON.stringify(admin.map(toAdminEvent))}`,
    ],
  ])
}

/** The columns asked for; the id always comes. */
function pick(
  { whole, ends }: Document,
  events: Map<string, string>,
  columns: ReadonlySet<string>,
  isWhole: boolean,
): string[] {
  const picked: string[] = []
  for (const [index, key] of recordKeys.entries()) {
    if (key !== 'id' && !columns.has(key)) continue
    const start = index === 0 ? 0 : (ends[index - 1] ?? 0) + 1
    const part = whole.slice(start, ends[index])
    picked.push(key === 'attributes' && !isWhole ? reducedAttributes(part) : part)
  }
  for (const [key, part] of events) if (columns.has(key)) picked.push(part)
  return picked
}

function reducedAttributes(part: string): string {
  const { attributes } = JSON.parse(`{${part}}`)
  const shown = Object.entries(attributes).filter(([name]) => directoryAttributes.has(name))
  return `"attributes":${JSON.stringify(Object.fromEntries(shown))}`
}
