import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import { ErrorObject } from './error-responses.ts'
import { finishDocument, type ContractDocument } from './openapi-document.ts'

const description = `
Muster speaks the user-management API of Atlan below \`/api/service\`; what Atlan does not have lives below \`/api/muster\`
and carries \`x-muster-extension\`. Every call needs \`Authorization: Bearer <token>\`.
Official Atlan clients send \`Content-Type: application/json\` with an empty body; that is accepted everywhere.
`.trim()

/** Collects every route registered after it into OpenAPI 3.1. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Muster', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API token, or an access token.' },
        },
      },
    },
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, index) => (typeof $id === 'string' ? $id : `schema${index}`),
    },
    // The plugin's types leave open which version of OpenAPI it made; it was told 3.1 above.
    transformObject: (made) =>
      finishDocument(('openapiObject' in made ? made.openapiObject : {}) as ContractDocument) as object,
  })
  app.addSchema(ErrorObject)
}

/** Nothing but the page's own files; the plugin's default lets fonts and styles in from anywhere. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The contract as JSON, and a page to read it by that loads nothing from elsewhere. */
export async function serveOpenApi(app: FastifyInstance): Promise<void> {
  let text: string | undefined
  app.get('/api/openapi.json', { schema: { hide: true }, config: { access: 'public' } }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(text)
  })
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    staticCSP: pagePolicy,
    uiConfig: { deepLinking: true, persistAuthorization: false, layout: 'BaseLayout' },
    theme: { title: 'Muster API' },
    uiHooks: { onRequest: (request, _reply, done) => done(redirectRefusal(request)) },
  })
}

/** The plugin would answer this one name of the page with a redirect; below /api there is none. */
function redirectRefusal({ url }: FastifyRequest): ApiError | undefined {
  if (!url.includes('/static/index.html')) return undefined
  return new ApiError('route_not_found', { detail: 'The page is at /api/docs.' })
}
