import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { recordEvent } from '../events/record-event.ts'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import type { SignedAssertion } from './assertion.schema.ts'
import { attributeFor, readClaims, type Rules } from './claims.ts'
import { consumeOnce } from './consumed-once.service.ts'
import { resolveUser } from './sign-in-user.service.ts'
import { readRules } from './rules.service.ts'
import { SamlRefusal } from './saml-refusal.ts'
import type { TestDetail, TestedAttribute } from './sso-tests.schema.ts'
import { finishTest } from './sso-tests.queries.ts'
import type { VerifiedResponse } from './verify-response.ts'

interface Passed {
  readonly connection: SsoConnection
  readonly verified: VerifiedResponse
  readonly use: Parameters<typeof consumeOnce>[1]
  readonly testId: string
}

/**
 * Keeps what the IdP sent and what a real sign-in would do with it. Nobody is signed in, made or changed.
 *
 * @throws SamlRefusal when the assertion was used before
 */
export async function passTest(ctx: Ctx, { connection, verified, use, testId }: Passed): Promise<void> {
  const { assertion } = verified
  const rules = await readRules(ctx, connection)
  const trial = await tryOut(ctx, { connection, verified, rules })
  const detail: TestDetail = {
    nameId: assertion.nameId,
    nameIdFormat: assertion.nameIdFormat,
    outcome: trial.outcome,
    signsInAs: trial.userId,
    attributes: describeAttributes(assertion, rules),
  }
  await inTransaction(ctx, async (ctx) => {
    await consumeOnce(ctx, use)
    await finish(ctx, { testId, state: trial.refusal === '' ? 'passed' : 'failed', reason: trial.refusal, detail })
  })
}

/** The response itself was refused. */
export async function failTest(
  ctx: Ctx,
  { testId, reason }: { readonly testId: string; readonly reason: string },
): Promise<void> {
  await inTransaction(ctx, (ctx) => finish(ctx, { testId, state: 'failed', reason, detail: {} }))
}

interface Result {
  readonly testId: string
  readonly state: 'passed' | 'failed'
  readonly reason: string
  readonly detail: TestDetail
}

async function finish(ctx: TrxCtx, { testId, state, reason, detail }: Result): Promise<void> {
  const finishedAt = ctx.now.getTime()
  await finishTest(ctx.db, ctx.tenantId, { id: testId, state, reason, detail: JSON.stringify(detail), finishedAt })
  await recordEvent(ctx, { type: 'sso_test.finished', subjectId: testId, data: { state, reason }, personal: {} })
}

/** Carries the answer out of a transaction that must leave nothing behind. */
class Undone extends Error {
  readonly person: Awaited<ReturnType<typeof resolveUser>>

  constructor(person: Awaited<ReturnType<typeof resolveUser>>) {
    super('undone')
    this.person = person
  }
}

/** The real thing, undone: what it would do is what it did. */
async function tryOut(
  ctx: Ctx,
  { connection, verified, rules }: Pick<Passed, 'connection' | 'verified'> & { readonly rules: Rules },
): Promise<{ outcome: string; userId: string; refusal: string }> {
  const { assertion } = verified
  try {
    await inTransaction(ctx, async (ctx) => {
      const claims = readClaims(assertion, rules, ctx.limits)
      throw new Undone(
        await resolveUser(ctx, { connection, assertion, claims, request: undefined, asIfEnforced: true }),
      )
    })
    throw new Error('a trial was kept')
  } catch (error) {
    if (error instanceof SamlRefusal)
      return { outcome: `would be refused: ${error.reason}`, userId: '', refusal: error.reason }
    if (!(error instanceof Undone)) throw error
    const { isNew, user } = error.person
    const { id, username } = user
    return {
      outcome: isNew ? `would get a new account, ${username}` : `would sign in as ${username}`,
      userId: isNew ? '' : id,
      refusal: '',
    }
  }
}

function describeAttributes(assertion: SignedAssertion, rules: Rules): TestedAttribute[] {
  return [...assertion.attributes].map(([name, values]) => ({
    name,
    values,
    meaning: meaningsOf(name, values, assertion, rules),
  }))
}

function meaningsOf(name: string, values: readonly string[], assertion: SignedAssertion, rules: Rules): string[] {
  const { options, groups, attributes } = rules
  const fields = (['email', 'firstName', 'lastName'] as const).filter(
    (field) => attributeFor(field, assertion, rules) === name,
  )
  const own = attributes.filter(({ attributeName }) => attributeName === name).map(({ userAttribute }) => userAttribute)
  const role =
    name === options.roleAttribute ? options.roleRules.find(({ value }) => values.includes(value)) : undefined
  const joined = groups.filter(
    ({ attributeName, attributeValue }) => attributeName === name && values.includes(attributeValue),
  )
  return [
    ...new Set([...fields, ...own]),
    ...(role === undefined ? [] : [`role ${role.role}`]),
    ...joined.map(({ group, attributeValue }) => `group ${group.name} by ${attributeValue}`),
  ]
}
