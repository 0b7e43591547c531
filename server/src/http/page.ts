import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { Html, html } from './html.ts'

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: start center; }
main { width: min(26rem, calc(100vw - 2rem)); padding: 3rem 0; }
h1 { font-size: 1.5rem; line-height: 1.25; }
form { display: grid; gap: 1rem; }
label { display: grid; gap: .25rem; font-weight: 600; }
small { font-weight: 400; }
input { font: inherit; padding: .5rem .625rem; border: 1px solid #767676; border-radius: .375rem; }
button { font: inherit; font-weight: 600; padding: .625rem 1rem; border: 0; border-radius: .375rem; background: #1a4fd6; color: #fff; cursor: pointer; }
:focus-visible { outline: 3px solid #1a4fd6; outline-offset: 2px; }
[role="alert"] { border-left: 4px solid #c62828; padding: .25rem .75rem; }
`

/** Nothing may stand between the tags and the style: the hash is of all that is there. */
const styleElement = new Html(`<style>${style}</style>`)
const styleHash = createHash('sha256').update(style).digest('base64')

const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

/** What every page carries: one known style, no script, no frames, no referrer, kept by nobody. */
const pageHeaders = {
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** Where a page leads beside our own pages. */
interface Leads {
  /** The one origin to which its form goes. */
  readonly formTo?: string
  /** Where the browser goes on by itself. */
  readonly refreshTo?: string
}

/** Answers with a page that works without JavaScript. */
export function sendPage(
  reply: FastifyReply,
  status: number,
  title: string,
  content: Html,
  { formTo, refreshTo }: Leads = {},
): FastifyReply {
  const refresh = refreshTo === undefined ? html`` : html`<meta http-equiv="refresh" content="0; url=${refreshTo}" />`
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${refresh}
        <title>${title} · Muster</title>
        ${styleElement}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html> `
  const headers =
    formTo === undefined
      ? pageHeaders
      : { ...pageHeaders, 'content-security-policy': policy.replace("form-action 'self'", `form-action ${formTo}`) }
  return reply.code(status).headers(headers).type('text/html; charset=utf-8').send(page.text)
}
