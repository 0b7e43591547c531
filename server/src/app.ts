import cookie from '@fastify/cookie'
import type { FastifyInstance } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { accountMail, passwordResetMail } from './account/account-mail.service.ts'
import { deliverAccountMails, deliverPasswordResets } from './account/account-mail-delivery.service.ts'
import { registerAccountRoutes } from './account/account.routes.ts'
import { registerLinkRoutes } from './account/links.routes.ts'
import { registerApiTokenRoutes } from './api-tokens/api-tokens.routes.ts'
import { settleTokenUse } from './api-tokens/token-use.service.ts'
import { registerAuditExportRoutes } from './audit-chain/audit-export.routes.ts'
import { Sealer } from './audit-chain/sealer.ts'
import { readUnsealedDepth, type Sealing } from './audit-chain/sealing.service.ts'
import { registerAuditLogRoutes } from './audit-log/audit-log.routes.ts'
import { authenticate } from './authentication/authentication.service.ts'
import type { Config, Secrets } from './config.ts'
import type { Db } from './db/db.ts'
import { pingDatabase } from './db/ping.ts'
import { registerDecentralizedRoleRoutes } from './decentralized-roles/decentralized-roles.routes.ts'
import { registerBoundMemberRoutes } from './groups/bound-members.routes.ts'
import { registerGroupMemberRoutes } from './groups/group-members.routes.ts'
import { registerGroupRoutes } from './groups/groups.routes.ts'
import { limitConnections } from './http/connections.ts'
import type { TxtResolver } from './domains/domains.schema.ts'
import { registerDomainRoutes } from './domains/domains.routes.ts'
import { authCookies } from './http/auth-cookies.ts'
import { addAuthPages } from './http/auth-pages.ts'
import { browserSessions } from './http/browser-session.ts'
import { addHealth } from './http/health.ts'
import { addMetrics } from './http/metrics.ts'
import { addNotFound } from './http/not-found.ts'
import { addOpenApi, serveOpenApi } from './http/openapi.ts'
import { addOverload, Overload } from './http/overload/overload.ts'
import { RateGate } from './http/rate-gate.ts'
import { addRequestContext } from './http/request-context.ts'
import { addRequestLog } from './http/request-log.ts'
import { createServer } from './http/server.ts'
import { registerAcceptanceRoutes } from './invitations/acceptance.routes.ts'
import { deliverInvitations } from './invitations/invitation-delivery.service.ts'
import { invitationMail } from './invitations/invitation-mail.ts'
import { registerInvitationRoutes } from './invitations/invitations.routes.ts'
import { mailConsumer } from './mail/mail-consumer.ts'
import type { MailSender } from './mail/mail.schema.ts'
import { registerOutboxRoutes } from './mail/outbox.routes.ts'
import { readOutboxDepth } from './mail/outbox.service.ts'
import { registerOAuthClientRoutes } from './oauth-clients/oauth-clients.routes.ts'
import { Dispatcher } from './outbox/dispatcher.ts'
import { registerPersonaRoutes } from './personas/personas.routes.ts'
import { registerPurposeRoutes } from './purposes/purposes.routes.ts'
import { openBudgets } from './rates/budgets.ts'
import { AnswerSweeper } from './repeats/answer-sweeper.ts'
import { Repeats } from './repeats/repeats.ts'
import { registerRoleRoutes } from './roles/roles.routes.ts'
import { registerSsoMapperRoutes } from './sso-connections/sso-mappers.routes.ts'
import type { Signer } from './secrets/signing.ts'
import { registerScimSettingsRoutes } from './scim-tokens/scim-settings.routes.ts'
import { settleScimTokenUse } from './scim-tokens/scim-token-use.service.ts'
import { registerScimTokenRoutes } from './scim-tokens/scim-tokens.routes.ts'
import { Inspector } from './scim/inspector/inspector.service.ts'
import { registerScimLogRoutes } from './scim/inspector/scim-log.routes.ts'
import { registerScimRoutes, scimSpace } from './scim/scim.routes.ts'
import { ownsPath, renderScimError } from './scim/scim-space.ts'
import type { SamlDeps } from './saml/saml-deps.ts'
import { registerSamlRoutes } from './saml/saml.routes.ts'
import { registerSsoTestRoutes } from './saml/sso-tests.routes.ts'
import type { Vault } from './secrets/vault.ts'
import { registerSessionTokenRoutes } from './sessions/session-token.routes.ts'
import { registerSessionRoutes } from './sessions/sessions.routes.ts'
import { findSignedIn, keepAlive } from './sessions/sessions.service.ts'
import { registerEnrolmentRoutes } from './second-factors/enrolment.routes.ts'
import { registerSignInSettingsRoutes } from './sign-in/sign-in-settings.routes.ts'
import { registerPasskeyRoutes } from './second-factors/passkeys.routes.ts'
import { registerSecondFactorRoutes } from './second-factors/second-factors.routes.ts'
import { registerSignInRoutes } from './sign-in/sign-in.routes.ts'
import { registerSsoConnectionRoutes } from './sso-connections/sso-connections.routes.ts'
import { tenantUrl } from './tenants/tenant-url.service.ts'
import { findTenantById, tenantFinder } from './tenants/tenants.service.ts'
import { registerCallerRoutes } from './users/caller.routes.ts'
import { registerIdentityRoutes } from './users/identity.routes.ts'
import { UserDocuments } from './users/user-documents.wire.ts'
import { registerUserRoleRoutes } from './user-roles/user-roles.routes.ts'
import { registerUserWriteRoutes } from './users/user-writes.routes.ts'
import { registerUserRoutes } from './users/users.routes.ts'
import { version } from './version.ts'

/** What the whole process shares; passed in, so that tests choose clock, database and mail. */
export interface AppDeps {
  readonly config: Config
  readonly secrets: Secrets
  readonly db: Db
  readonly clock: () => Date
  readonly log: Logger
  /** Null when no mail server is set. */
  readonly mail: MailSender | null
  /** Signs audit checkpoints and exports; null where the installation has no secret key. */
  readonly signer: Signer | null
  /** Seals private keys. */
  readonly vault: Vault
  readonly resolveTxt: TxtResolver
}

export interface App {
  readonly http: FastifyInstance
  readonly dispatcher: Dispatcher
  readonly sealer: Sealer
  readonly sweeper: AnswerSweeper
  readonly inspector: Inspector
  /** Until here /readyz answers 503: who is told that the server is ready finds all that the first start makes. */
  startServing(): void
  /** From here on /readyz answers 503 and every answer closes its connection. */
  startDraining(): void
  /** Ends background work; the server is closed by its owner. */
  settle(): Promise<void>
}

/** The whole server on its dependencies: every plugin and route, in the order in which a request meets them. */
export async function buildApp(deps: AppDeps): Promise<App> {
  const { config, secrets, db, clock, log } = deps
  const state = { isServing: false, isDraining: false }
  const { limits, trustedProxies } = config
  const http = createServer({
    log,
    trustedProxies,
    limits,
    spaceErrors: [{ owns: ownsPath, render: renderScimError }],
  })
  const refusedConnections = limitConnections(http.server, { limits, trustedProxies })
  const overload = new Overload({ limits, takeLongestWaitMs: () => db.engine.takeLongestWaitMs() })
  const budgets = openBudgets(db, limits)
  const rates = new RateGate(budgets)
  const inspector = new Inspector(db)
  const baseUrl = tenantBaseUrls(deps, http)
  const saml: SamlDeps = { baseUrl, vault: deps.vault }
  const linkTo: LinkTo = async (tenantId, token) => `${await baseUrl(tenantId)}/auth/accept-invite?token=${token}`
  const dispatcher = buildDispatcher(deps, { linkTo, baseUrl })
  const sealing = buildSealing(deps)
  const sealer = new Sealer({ ...sealing, onError: (error) => log.error({ err: error }, 'audit chain') })
  const sweeper = new AnswerSweeper({ db, clock, onError: (error) => log.error({ err: error }, 'stored answers') })
  http.decorate('repeats', new Repeats())

  addNotFound(http)
  addOverload(http, overload)
  addRequestContext(http, {
    db,
    clock,
    tenantForHost: tenantFinder(db, {
      baseDomain: config.baseDomain,
      defaultTenant: config.defaultTenant,
      publicHost: config.publicUrl?.hostname ?? null,
    }),
    authenticate,
    limits,
    overload,
    rates,
    spaces: [scimSpace(inspector)],
  })
  addRequestLog(http, log, () => state.isDraining)
  addMetrics(http, {
    token: secrets.metricsToken,
    databaseKind: db.engine.dialectName,
    databaseUp: () =>
      pingDatabase(db).then(
        () => true,
        () => false,
      ),
    rateLimited: rates.refusals,
    shed: overload.refusals,
    refusedConnections,
    inFlight: () => overload.inFlight,
    outboxDepth: async () => {
      const { waiting, oldestDueAt } = await readOutboxDepth(db)
      return {
        waiting,
        oldestSeconds: secondsSince(oldestDueAt, clock),
      }
    },
    unsealedEvents: async () => {
      const { events, oldestAt } = await readUnsealedDepth(db)
      return { events, oldestSeconds: secondsSince(oldestAt, clock) }
    },
  })
  addHealth(http, {
    checkDatabase: () => pingDatabase(db),
    isServing: () => state.isServing,
    isDraining: () => state.isDraining,
  })
  await addOpenApi(http, version)
  await http.register(cookie)
  registerRoutes(http, linkTo, config)
  registerAuditExportRoutes(http, { sealing, stallMaxMs: config.exportStallMs })
  registerSsoConnectionRoutes(http, { baseUrl, egressAllow: config.egressAllow })
  registerDomainRoutes(http, deps.resolveTxt)
  registerSsoTestRoutes(http, saml)
  await registerScimRoutes(http, { baseUrl, inspector })
  await registerSignIn(http, { isSecure: config.publicUrl?.protocol === 'https:', saml })
  await serveOpenApi(http)
  await http.ready()
  return {
    http,
    dispatcher,
    sealer,
    sweeper,
    inspector,
    startServing: () => void (state.isServing = true),
    startDraining: () => void (state.isDraining = true),
    settle: async () => {
      await dispatcher.stop()
      await sweeper.stop()
      await sealer.stop()
      await settleTokenUse(db)
      await settleScimTokenUse(db)
      await budgets.settle()
      await inspector.settle()
    },
  }
}

function registerRoutes(http: FastifyInstance, linkTo: LinkTo, { accessTokenSeconds }: Config): void {
  const documents = new UserDocuments()
  registerCallerRoutes(http)
  registerUserRoutes(http, documents)
  registerUserWriteRoutes(http)
  registerIdentityRoutes(http)
  registerInvitationRoutes(http, linkTo)
  registerGroupRoutes(http)
  registerGroupMemberRoutes(http, documents)
  registerBoundMemberRoutes(http)
  registerRoleRoutes(http)
  registerUserRoleRoutes(http)
  registerDecentralizedRoleRoutes(http)
  registerPersonaRoutes(http)
  registerPurposeRoutes(http)
  registerApiTokenRoutes(http)
  registerOAuthClientRoutes(http, accessTokenSeconds)
  registerSsoMapperRoutes(http)
  registerAuditLogRoutes(http)
  registerOutboxRoutes(http, linkTo)
  registerScimSettingsRoutes(http)
  registerScimTokenRoutes(http)
  registerScimLogRoutes(http)
  registerSessionRoutes(http)
  registerSignInSettingsRoutes(http)
}

/** Everything under /auth: the only part that reads cookies. */
async function registerSignIn(
  http: FastifyInstance,
  { isSecure, saml }: { readonly isSecure: boolean; readonly saml: SamlDeps },
): Promise<void> {
  const sessions = browserSessions({ cookies: authCookies(isSecure), find: findSignedIn, keepAlive })
  await registerAcceptanceRoutes(http, isSecure)
  registerSessionTokenRoutes(http, sessions)
  await registerSamlRoutes(http, saml, sessions)
  await addAuthPages(http, (pages) => {
    registerSignInRoutes(pages, sessions, saml.vault)
    registerLinkRoutes(pages, sessions.cookies)
    registerEnrolmentRoutes(pages, sessions.cookies, saml.vault)
    registerAccountRoutes(pages, sessions)
    registerSecondFactorRoutes(pages, sessions, saml.vault)
    registerPasskeyRoutes(pages, { sessions, baseUrl: (tenantId) => saml.baseUrl(tenantId) })
  })
}

/** Checkpoints go into the log as well: where logs are kept elsewhere, the end of the chain is. */
function buildSealing({ db, clock, signer, log }: AppDeps): Sealing {
  return { db, clock, signer, onCheckpoint: (checkpoint) => log.info({ checkpoint }, 'audit checkpoint') }
}

function secondsSince(at: number | null, clock: () => Date): number {
  return at === null ? 0 : Math.max(0, (clock().getTime() - at) / 1000)
}

type LinkTo = (tenantId: string, token: string) => Promise<string>

/** Where people and IdPs reach a tenant: from configuration and the tenant's own name, never from a request. */
function tenantBaseUrls({ config, db }: AppDeps, http: FastifyInstance): (tenantId: string) => Promise<string> {
  const slugs = new LRUCache<string, string>({ max: 10_000 })
  return async (tenantId) => {
    let slug = slugs.get(tenantId)
    if (slug === undefined) {
      slug = (await findTenantById(db, tenantId))?.slug ?? ''
      slugs.set(tenantId, slug)
    }
    const address = http.server.address()
    const port = typeof address === 'object' && address !== null ? address.port : config.port
    return tenantUrl(config, port, slug)
  }
}

interface Links {
  readonly linkTo: LinkTo
  readonly baseUrl: (tenantId: string) => Promise<string>
}

function buildDispatcher({ config, db, clock, log, mail }: AppDeps, { linkTo, baseUrl }: Links): Dispatcher {
  const send = mailConsumer({ mail, log, logsMails: config.mode === 'development' })
  const onError = (error: unknown) => log.error({ err: error }, 'outbox')
  return new Dispatcher({
    db,
    clock,
    onError,
    consumers: {
      [invitationMail]: deliverInvitations({ db, clock, linkTo, send }),
      [passwordResetMail]: deliverPasswordResets({ db, clock, limits: config.limits, baseUrl, send }),
      [accountMail]: deliverAccountMails({ db, clock, limits: config.limits, baseUrl, send }),
    },
  })
}
