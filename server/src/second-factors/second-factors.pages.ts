import { renderSVG } from 'uqr'
import { html, Html } from '../http/html.ts'
import type { SecondFactors } from './second-factors.service.ts'
import type { TotpOffer } from './totp-set-up.service.ts'

const back = html`<nav><a href="/auth/account">Back to your account</a></nav>`

interface Overview {
  readonly csrf: string
  readonly factors: SecondFactors
  readonly problem: Html
}

export function overviewPage({ csrf, factors, problem }: Overview): Html {
  const app = factors.hasTotp
    ? html`<p>Your app is set up. ${factors.recoveryCodesLeft} recovery codes are left.</p>
        ${button('/auth/account/recovery-codes', 'Make new recovery codes', csrf)}
        ${button('/auth/account/totp/remove', 'Remove the app', csrf)}`
    : html`<p>An app on your phone shows a new code every half minute.</p>
        ${button('/auth/account/totp', 'Set up an authenticator app', csrf)}`
  return html`${problem}
    <h2>Authenticator app</h2>
    ${app}
    <h2>Passkeys</h2>
    <p>A passkey of this device or of a security key signs you in by itself, without a password.</p>
    <ul>
      ${factors.passkeys.map(
        (passkey) =>
          html`<li>${passkey.name} ${button('/auth/account/passkeys/remove', 'Remove', csrf, passkey.id)}</li>`,
      )}
    </ul>
    <form method="post" action="/auth/account/passkeys" data-passkey="create" hidden>
      <input type="hidden" name="csrf" value="${csrf}" />
      <label>Name <input name="name" maxlength="100" required value="My passkey" /></label>
      <button>Add a passkey</button>
    </form>
    <noscript><p>Adding a passkey needs JavaScript: browsers offer no other way.</p></noscript>
    ${back}`
}

function button(action: string, text: string, csrf: string, id = ''): Html {
  return html`<form method="post" action="${action}">
    <input type="hidden" name="csrf" value="${csrf}" />
    <input type="hidden" name="id" value="${id}" />
    <button>${text}</button>
  </form>`
}

interface SetUp {
  readonly action: string
  /** Empty where nobody is signed in. */
  readonly csrf: string
  readonly next: string
  readonly offer: TotpOffer
  readonly problem: Html
}

/** The picture is drawn here, as SVG without a style or script in it. */
export function setUpPage({ action, csrf, next, offer, problem }: SetUp): Html {
  const picture = new Html(renderSVG(offer.address, { border: 2 }))
  return html`${problem}
    <p>Scan this with an authenticator app, or type the key into it:</p>
    <figure role="img" aria-label="QR code of the key below">${picture}</figure>
    <p><code>${offer.secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}</code></p>
    <form method="post" action="${action}">
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="next" value="${next}" />
      <label
        >Code the app shows now
        <input name="code" required maxlength="40" inputmode="numeric" autocomplete="one-time-code"
      /></label>
      <button>Go on</button>
    </form>`
}

export function recoveryCodesPage(codes: readonly string[], next: string): Html {
  return html`<p>Keep these where you find them without your phone. Each signs you in once, and they are shown only now.</p>
    <ul>
      ${codes.map((code) => html`<li><code>${code}</code></li>`)}
    </ul>
    <nav><a href="${next}">I have kept them: go on</a></nav>`
}
