import type { FastifyReply } from 'fastify'
import { html, type Html } from '../http/html.ts'
import { sendLeadingPage, sendPage } from '../http/page.ts'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import type { SsoTest } from './sso-tests.schema.ts'
import type { Outgoing } from './sp-messages.ts'

/** The ways into this workspace through an IdP. */
export function sendConnections(
  reply: FastifyReply,
  connections: readonly SsoConnection[],
  next: string,
): FastifyReply {
  const items = connections.map(
    ({ alias, displayName }) =>
      html`<li><a href="/auth/saml/${alias}/login?next=${encodeURIComponent(next)}">Sign in with ${displayName}</a></li>`,
  )
  const content =
    items.length === 0 ? html`<p>No single sign-on is set up for this workspace.</p>` : html`<ul>${items}</ul>`
  return sendPage(reply, 200, 'Single sign-on', content)
}

/** One page for whatever is wrong with a response: which rule it broke is for the log, the trail and the admin's test. */
export function sendRefusal(reply: FastifyReply, requestId: string): FastifyReply {
  return sendPage(
    reply,
    403,
    'Sign-in did not work',
    html`<p role="alert">You are not signed in. Start again from the sign-in page; if that does not help, ask an admin of this workspace and name this number:</p>
      <p><code>${requestId}</code></p>
      <p><a href="/auth/saml">Sign in again</a></p>`,
  )
}

export function sendNotServed(reply: FastifyReply): FastifyReply {
  return sendPage(
    reply,
    404,
    'No such sign-in',
    html`<p role="alert">This single sign-on does not exist or is switched off.</p>`,
  )
}

/** Carries a request to the IdP: an address, or a form that the person sends. */
export function sendOutgoing(reply: FastifyReply, outgoing: Outgoing): FastifyReply {
  if (outgoing.binding === 'redirect') return reply.header('cache-control', 'no-store').redirect(outgoing.url, 303)
  const fields = Object.entries(outgoing.fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  )
  const form = html`<form method="post" action="${outgoing.url}">
    ${fields}<button>Continue</button>
  </form>`
  const leadsTo = { form: new URL(outgoing.url).origin }
  return sendLeadingPage(reply, { title: 'Continue to your identity provider', content: form, leadsTo })
}

/** The same where the browser has just sent a form: a redirect from there would be stopped by form-action. */
export function sendOutgoingPage(reply: FastifyReply, outgoing: Outgoing): FastifyReply {
  if (outgoing.binding === 'post') return sendOutgoing(reply, outgoing)
  const content = html`<p><a href="${outgoing.url}">Continue</a></p>`
  return sendLeadingPage(reply, {
    title: 'Continue to your identity provider',
    content,
    leadsTo: { refresh: outgoing.url },
  })
}

export function sendLinkForm(reply: FastifyReply, { alias, displayName }: SsoConnection, csrf: string): FastifyReply {
  return sendPage(
    reply,
    200,
    `Use ${displayName} to sign in`,
    html`<p>Whoever signs in at ${displayName} now can use this account from then on.</p>
      <form method="post" action="/auth/saml/${alias}/link">
        <input type="hidden" name="csrf" value="${csrf}" /><button>Continue to ${displayName}</button>
      </form>`,
  )
}

export function sendSignedOut(reply: FastifyReply): FastifyReply {
  return sendPage(
    reply,
    200,
    'You are signed out',
    html`<p>You are signed out of this workspace.</p>
    <p><a href="/auth/saml">Sign in again</a></p>`,
  )
}

/** Signed out here; the browser goes on to the IdP by itself. A redirect after a form would be stopped by form-action. */
export function sendOnToLogout(reply: FastifyReply, url: string): FastifyReply {
  const content = html`<p>You are signed out of this workspace.</p>
    <p><a href="${url}">Sign out at your identity provider as well</a></p>`
  return sendLeadingPage(reply, { title: 'You are signed out', content, leadsTo: { refresh: url } })
}

/** What an IdP sent, to the admin who tests it. */
export function sendTest(reply: FastifyReply, test: SsoTest): FastifyReply {
  const { state, reason, detail } = test
  const rows = (detail.attributes ?? []).map(
    ({ name, values, meaning }) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td>${values.join(', ')}</td>
        <td>${meaning.length === 0 ? 'not used' : meaning.join(', ')}</td>
      </tr>`,
  )
  const title = state === 'passed' ? 'The test worked' : 'The test did not work'
  return sendPage(
    reply,
    state === 'passed' ? 200 : 403,
    title,
    html`${verdict(reason, detail.outcome)}
    ${
      rows.length === 0
        ? html``
        : html`<table>
          <caption>What the identity provider sent; NameID ${detail.nameId ?? ''}</caption>
          <thead><tr><th scope="col">Attribute</th><th scope="col">Values</th><th scope="col">Used for</th></tr></thead>
          <tbody>${rows}</tbody>
        </table>`
    }
    <p>Nobody was signed in and nothing was changed. You can close this page.</p>`,
  )
}

function verdict(reason: string, outcome: string | undefined): Html {
  if (reason !== '') return html`<p role="alert">${reason}</p>`
  return html`<p>This person ${outcome ?? ''}.</p>`
}
