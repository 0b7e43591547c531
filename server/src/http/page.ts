import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { Html, html } from './html.ts'

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: start center; }
main { width: min(26rem, calc(100vw - 2rem)); padding: 3rem 0; }
h1 { font-size: 1.5rem; line-height: 1.25; }
form { display: grid; gap: 1rem; }
form + form { margin-top: 1rem; }
label { display: grid; gap: .25rem; font-weight: 600; }
small { font-weight: 400; }
input { font: inherit; padding: .5rem .625rem; border: 1px solid #767676; border-radius: .375rem; }
fieldset { display: grid; gap: 1rem; border: 1px solid #767676; border-radius: .375rem; }
ul { padding: 0; display: grid; gap: 1rem; list-style: none; }
nav { display: grid; gap: .5rem; margin-top: 1.5rem; }
code { font-size: 1.125rem; }
svg { width: 12rem; height: 12rem; background: #fff; }
button { font: inherit; font-weight: 600; padding: .625rem 1rem; border: 0; border-radius: .375rem; background: #1a4fd6; color: #fff; cursor: pointer; }
:focus-visible { outline: 3px solid #1a4fd6; outline-offset: 2px; }
[hidden] { display: none; }
[role="alert"] { border-left: 4px solid #c62828; padding: .25rem .75rem; }
`

/** Nothing may stand between the tags and the style: the hash is of all that is there. */
const styleElement = new Html(`<style>${style}</style>`)
const styleHash = createHash('sha256').update(style).digest('base64')

/** What every page carries: one known style, no script, no frames, no referrer, kept by nobody. */
const pageHeaders = {
  'content-security-policy': policy(''),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** Passkeys alone need a script; it is a file of ours, and talks to nobody but us. */
const scriptedHeaders = { ...pageHeaders, 'content-security-policy': policy(" script-src 'self'; connect-src 'self';") }

function policy(more: string): string {
  return `default-src 'none'; style-src 'sha256-${styleHash}';${more} form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
}

/** Answers with a page that works without JavaScript; what a script of ours adds is an addition. */
export function sendPage(
  reply: FastifyReply,
  status: number,
  title: string,
  content: Html,
  script: string | null = null,
): FastifyReply {
  const head = script === null ? html`` : html`<script type="module" src="${script}"></script>`
  return send(reply, { status, title, content, head, headers: script === null ? pageHeaders : scriptedHeaders })
}

/** A page that leads to another site: by a form of its own, or by itself, since a redirect after a form may not. */
export function sendLeadingPage(
  reply: FastifyReply,
  { title, content, leadsTo }: { readonly title: string; readonly content: Html; readonly leadsTo: LeadsTo },
): FastifyReply {
  const head = 'refresh' in leadsTo ? html`<meta http-equiv="refresh" content="0; url=${leadsTo.refresh}" />` : html``
  const csp = pageHeaders['content-security-policy']
  const headers =
    'form' in leadsTo
      ? { ...pageHeaders, 'content-security-policy': csp.replace("form-action 'self'", `form-action ${leadsTo.form}`) }
      : pageHeaders
  return send(reply, { status: 200, title, content, head, headers })
}

/** The origin to which a form goes, or the address to which the browser goes on. */
type LeadsTo = { readonly form: string } | { readonly refresh: string }

interface Page {
  readonly status: number
  readonly title: string
  readonly content: Html
  readonly head: Html
  readonly headers: Readonly<Record<string, string>>
}

function send(reply: FastifyReply, { status, title, content, head, headers }: Page): FastifyReply {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Muster</title>
        ${styleElement} ${head}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html> `
  return reply.code(status).headers(headers).type('text/html; charset=utf-8').send(page.text)
}
