import { sql } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'

/** Personas and purposes keep their subjects in tables of one form. */
export type OwnerKind = 'persona' | 'purpose'

export interface Subject {
  readonly kind: 'user' | 'group'
  readonly id: string
}

const rowsPerInsert = 1_000

function subjectsTable(kind: OwnerKind) {
  return sql.table(`${kind}_subjects`)
}

function ownerColumn(kind: OwnerKind) {
  return sql.ref(`${kind}_id`)
}

export async function selectSubjects(
  db: Queryable,
  tenantId: string,
  kind: OwnerKind,
  ownerIds: readonly string[],
): Promise<Map<string, Subject[]>> {
  if (ownerIds.length === 0) return new Map()
  const { rows } = await sql<{ owner: string; kind: 'user' | 'group'; id: string }>`
    select ${ownerColumn(kind)} as owner, subject_kind as kind, subject_id as id from ${subjectsTable(kind)}
    where tenant_id = ${tenantId} and ${ownerColumn(kind)} in (${sql.join([...ownerIds])})`.execute(db)
  return new Map(
    [...Map.groupBy(rows, (row) => row.owner)].map(([owner, list]) => [
      owner,
      list.map((row) => ({ kind: row.kind, id: row.id })),
    ]),
  )
}

/** What a user holds directly. */
export async function selectOwnersOfSubject(
  db: Queryable,
  tenantId: string,
  kind: OwnerKind,
  subject: Subject,
): Promise<string[]> {
  const { rows } = await sql<{ owner: string }>`
    select ${ownerColumn(kind)} as owner from ${subjectsTable(kind)}
    where tenant_id = ${tenantId} and subject_kind = ${subject.kind} and subject_id = ${subject.id}`.execute(db)
  return rows.map((row) => row.owner)
}

/** What some of these groups hold. */
export async function selectOwnersOfGroups(
  db: Queryable,
  tenantId: string,
  kind: OwnerKind,
  groupIds: readonly string[],
): Promise<string[]> {
  if (groupIds.length === 0) return []
  const { rows } = await sql<{ owner: string }>`
    select distinct ${ownerColumn(kind)} as owner from ${subjectsTable(kind)}
    where tenant_id = ${tenantId} and subject_kind = 'group' and subject_id in (${sql.join([...groupIds])})`.execute(db)
  return rows.map((row) => row.owner)
}

export async function insertSubjects(
  trx: Trx,
  tenantId: string,
  kind: OwnerKind,
  ownerId: string,
  subjects: readonly Subject[],
): Promise<void> {
  for (let start = 0; start < subjects.length; start += rowsPerInsert) {
    const rows = subjects
      .slice(start, start + rowsPerInsert)
      .map((subject) => sql`(${tenantId}, ${ownerId}, ${subject.kind}, ${subject.id})`)
    await sql`insert into ${subjectsTable(kind)} (tenant_id, ${ownerColumn(kind)}, subject_kind, subject_id)
      values ${sql.join(rows)} on conflict do nothing`.execute(trx)
  }
}

export async function deleteSubjects(
  trx: Trx,
  tenantId: string,
  kind: OwnerKind,
  ownerId: string,
  subjects: readonly Subject[],
): Promise<void> {
  for (const subjectKind of ['user', 'group'] as const) {
    const ids = subjects.filter((subject) => subject.kind === subjectKind).map((subject) => subject.id)
    for (let start = 0; start < ids.length; start += rowsPerInsert) {
      await sql`delete from ${subjectsTable(kind)} where tenant_id = ${tenantId} and ${ownerColumn(kind)} = ${ownerId}
        and subject_kind = ${subjectKind} and subject_id in (${sql.join(ids.slice(start, start + rowsPerInsert))})`.execute(
        trx,
      )
    }
  }
}

/** Removes a subject everywhere; answers what lost it. */
export async function deleteSubjectEverywhere(
  trx: Trx,
  tenantId: string,
  kind: OwnerKind,
  subject: Subject,
): Promise<string[]> {
  const { rows } = await sql<{ owner: string }>`
    delete from ${subjectsTable(kind)}
    where tenant_id = ${tenantId} and subject_kind = ${subject.kind} and subject_id = ${subject.id}
    returning ${ownerColumn(kind)} as owner`.execute(trx)
  return rows.map((row) => row.owner)
}

/** Of these ids, those that are personas or purposes of the tenant. */
export async function selectExistingOwners(
  db: Queryable,
  tenantId: string,
  kind: OwnerKind,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(`${kind}s`)} where tenant_id = ${tenantId} and id in (${sql.join([...ids])})`.execute(db)
  return new Set(rows.map((row) => row.id))
}

/** Raises what the entity tag shows of the links; in id order, so that two such transactions never wait for each other in a ring. */
export async function raiseOwnerLinks(
  trx: Trx,
  tenantId: string,
  kind: OwnerKind,
  ids: readonly string[],
): Promise<void> {
  for (const id of ids.toSorted()) {
    await sql`update ${sql.table(`${kind}s`)} set links_version = links_version + 1
      where tenant_id = ${tenantId} and id = ${id}`.execute(trx)
  }
}
