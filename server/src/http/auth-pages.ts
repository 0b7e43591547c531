import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'
import { toApiError } from './render-error.ts'
import { isSameOrigin } from './same-origin.ts'

/** No form has more or longer fields than this. */
const formMaxBytes = 16 * 1024

/** A scope of pages that work without JavaScript: forms are read, refusals are pages, nothing is kept or framed. */
export async function addAuthPages(app: FastifyInstance, register: (pages: FastifyInstance) => void): Promise<void> {
  await app.register(async (pages) => {
    await pages.register(formbody, { bodyLimit: formMaxBytes })
    pages.addHook('onRequest', async (request, reply) => {
      void reply.header('cache-control', 'no-store')
      if (request.method !== 'GET' && !isSameOrigin(request)) throw crossSite()
    })
    pages.setErrorHandler((thrown, request, reply) => {
      const error = toApiError(thrown)
      if (error.status >= 500) request.log.error({ err: thrown }, error.message)
      return sendPage(reply.headers(error.headers), error.status, 'That did not work', problem(error.message))
    })
    register(pages)
  })
}

export function problem(text: string) {
  return html`<p role="alert" id="problem">${text}</p>`
}

function crossSite(): ApiError {
  return new ApiError('sign_in_refused', {
    detail: 'This form was not sent from a page of this workspace; open the page anew and send it from there.',
  })
}

const hidden = { schema: { hide: true }, config: { access: 'public' } } as const

/** One page, or what a form on it does. */
export function page(
  pages: FastifyInstance,
  method: 'GET' | 'POST',
  url: string,
  handle: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
): void {
  pages.route({ method, url, ...hidden, handler: handle })
}

/** The fields of a form, each once, as text; a field that is missing or sent twice is empty. */
export function formFields(request: FastifyRequest): (name: string) => string {
  const body = request.body
  return (name) => {
    const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
    return typeof value === 'string' && value.isWellFormed() && !value.includes('\0') ? value : ''
  }
}

const pathMax = 300

/** Where to go afterwards: a path of this host and nothing else (security contract, V-W5). */
export function ownPath(text: string, fallback: string): string {
  if (text.length > pathMax || !/^\/(?![/\\])[!-[\]-~]*$/.test(text)) return fallback
  return URL.parse(text, 'http://own.invalid')?.host === 'own.invalid' ? text : fallback
}
