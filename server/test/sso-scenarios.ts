import { issueServiceToken } from '../src/api-tokens/api-tokens.service.ts'
import { addDomain, verifyDomainByOperator } from '../src/domains/domains.service.ts'
import { recordName } from '../src/domains/domains.schema.ts'
import type { EventName } from '../src/events/event-types.ts'
import { startSso, type SsoWorld } from '../src/saml/testdata/sso-world.ts'
import { inTransaction } from '../src/access/in-transaction.ts'
import { changeSettings } from '../src/tenants/tenants.service.ts'
import { newText } from './authz-world.ts'
import type { Scenario } from './scenario.ts'
import type { TestApp } from './start-test-app.ts'

const connections = '/api/muster/sso-connections'
const domains = '/api/muster/domains'
const acs = 'POST /auth/saml/{alias}/acs'

/** A program that may change how people sign in. */
async function keeper(t: TestApp): Promise<string> {
  const input = { displayName: newText(), role: '$admin', lifetimeSeconds: null, secret: null } as const
  return (await issueServiceToken(t.operator(), { ...input, rights: ['sign-in-settings'] })).secret
}

interface Change {
  readonly path: string
  readonly body?: unknown
}

/** A request of such a program. */
function byKeeper(
  by: string,
  what: string,
  leaves: readonly EventName[],
  arrange: (t: TestApp) => Promise<Change>,
): Scenario {
  return {
    by,
    what,
    leaves,
    arrange: async (t) => {
      const { path, body } = await arrange(t)
      const token = await keeper(t)
      const method = by.split(' ')[0] ?? ''
      return (as = {}) => t.request(method, path, { token, ...as, ...(body === undefined ? {} : { body }) })
    },
  }
}

/** What a browser brings from an IdP. */
function fromIdp(
  what: string,
  leaves: readonly EventName[],
  respond: (sso: SsoWorld) => Promise<{ field: string; cookie: string }>,
): Scenario {
  return {
    by: acs,
    what,
    leaves,
    arrange: async (t) => {
      const sso = await startSso(t, { alias: newText() })
      const { field, cookie } = await respond(sso)
      // Its status is a page's: 303 or 403.
      return async () => void (await sso.post(field, { cookie }))
    },
  }
}

const newPerson = () => ({ nameId: newText(), attributes: { email: [`${newText()}@elsewhere.example`] } })

export const ofSso: readonly Scenario[] = [
  fromIdp(
    'somebody new',
    ['user.created', 'external_identity.linked', 'session.started', 'sso.signed_in'],
    async (sso) => {
      const begun = await sso.begin()
      return { field: await sso.idp.respond(sso.values(begun, newPerson())), cookie: begun.cookie }
    },
  ),
  fromIdp('a response for nobody here', ['sso.refused'], async (sso) => {
    const begun = await sso.begin()
    const values = sso.values(begun, { ...newPerson(), audience: 'https://elsewhere.example' })
    return { field: await sso.idp.respond(values), cookie: begun.cookie }
  }),
  fromIdp('a test', ['sso_test.finished'], async (sso) => {
    const token = await keeper(sso.t)
    const { json } = await sso.t.post(`${connections}/${sso.connection.id}/tests`, undefined, { token })
    const begun = await sso.begin({ test: new URL(json.url).searchParams.get('test') ?? '' })
    return { field: await sso.idp.respond(sso.values(begun, newPerson())), cookie: begun.cookie }
  }),
  byKeeper(`POST ${connections}/{id}/tests`, 'a new one', ['sso_test.created'], async (t) => ({
    path: `${connections}/${(await startSso(t, { alias: newText() })).connection.id}/tests`,
  })),
  {
    by: `POST ${connections}/{id}/enforce`,
    what: 'the end of it',
    leaves: ['sso_connection.enforcement_changed'],
    arrange: async (t) => {
      const { connection } = await startSso(t, { alias: newText() })
      const token = await keeper(t)
      let isEnforced = false
      return async (as = {}) => {
        // Only now, and once: meanwhile nobody could be invited.
        if (!isEnforced) await inTransaction(t.operator(), (ctx) => changeSettings(ctx, { enforcesSso: true }))
        isEnforced = true
        return t.post(`${connections}/${connection.id}/enforce`, { enforced: false }, { token, ...as })
      }
    },
  },
  byKeeper(`POST ${domains}`, 'a new one', ['domain.added'], async () => ({
    path: domains,
    body: { name: `${newText()}.example` },
  })),
  byKeeper(`POST ${domains}/{id}/verify`, 'with its record', ['domain.verified'], async (t) => {
    const { id, name, challenge } = await addDomain(t.operator(), `${newText()}.example`)
    t.txtRecords.set(recordName({ name }), [challenge])
    return { path: `${domains}/${id}/verify` }
  }),
  byKeeper(`DELETE ${domains}/{id}`, 'a verified one', ['domain.deleted'], async (t) => ({
    path: `${domains}/${(await verifyDomainByOperator(t.operator(), `${newText()}.example`)).id}`,
  })),
]
