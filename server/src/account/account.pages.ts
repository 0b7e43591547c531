import { html, type Html } from '../http/html.ts'
import { hasSecondFactor, type SecondFactors } from '../second-factors/second-factors.service.ts'
import type { Session } from '../sessions/sessions.schema.ts'

export const backToAccount = html`<nav><a href="/auth/account">Back to your account</a></nav>`

interface Account {
  readonly username: string
  readonly email: string
  readonly csrf: string
  readonly current: string
  readonly sessions: readonly Session[]
  readonly factors: SecondFactors
}

export function accountPage({ username, email, csrf, current, sessions, factors }: Account): Html {
  return html`<p>You are signed in as <strong>${username}</strong>, ${email}.</p>
    <nav>
      <a href="/auth/account/password">Change your password</a>
      <a href="/auth/account/email">Change your e-mail address</a>
      <a href="/auth/account/second-factor">Second factor: ${hasSecondFactor(factors) ? 'on' : 'off'}</a>
    </nav>
    <h2>Where you are signed in</h2>
    <ul>
      ${sessions.map((session) => sessionItem(session, csrf, session.id === current))}
    </ul>
    <form method="post" action="/auth/account/sessions">
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="session" value="others" />
      <button>End all other sessions</button>
    </form>
    <h2>Done?</h2>
    <form method="post" action="/auth/sign-out">
      <input type="hidden" name="csrf" value="${csrf}" />
      <button>Sign out</button>
    </form>`
}

function sessionItem(session: Session, csrf: string, isCurrent: boolean): Html {
  const since = new Date(session.startedAt).toUTCString()
  return html`<li>
    ${session.userAgent === '' ? 'An unknown browser' : session.userAgent}<br />
    <small>From ${session.address}, since ${since}${isCurrent ? html`, <strong>this one</strong>` : ''}.</small>
    ${
      isCurrent
        ? html``
        : html`<form method="post" action="/auth/account/sessions">
          <input type="hidden" name="csrf" value="${csrf}" />
          <input type="hidden" name="session" value="${session.id}" />
          <button>End this session</button>
        </form>`
    }
  </li>`
}

interface NewPassword {
  readonly action: string
  readonly username: string
  /** Empty where nobody is signed in. */
  readonly csrf: string
  readonly lengthMin: number
  readonly problem: Html
}

export function newPasswordForm({ action, username, csrf, lengthMin, problem }: NewPassword): Html {
  return html`${problem}
    <p>All other sessions of <strong>${username}</strong> end with it.</p>
    <form method="post" action="${action}">
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="username" value="${username}" autocomplete="username" />
      <label
        >New password <small>${lengthMin} characters or more; a sentence works well.</small>
        <input name="password" type="password" required minlength="${lengthMin}" maxlength="1000" autocomplete="new-password"
      /></label>
      <button>Set the new password</button>
    </form>`
}

export function forgotForm(problem: Html): Html {
  return html`${problem}
    <form method="post" action="/auth/forgot-password">
      <label
        >Username or e-mail address
        <input name="login" required maxlength="300" autocomplete="username" autocapitalize="none" spellcheck="false"
      /></label>
      <button>Send me a link</button>
    </form>
    <nav><a href="/auth/sign-in">Back to the sign-in</a></nav>`
}

export function newEmailForm(values: { readonly csrf: string; readonly email: string; readonly problem: Html }): Html {
  return html`${values.problem}
    <p>Now: <strong>${values.email}</strong>. It counts until you confirm the new one from a mail we send there.</p>
    <form method="post" action="/auth/account/email">
      <input type="hidden" name="csrf" value="${values.csrf}" />
      <label>New e-mail address <input name="email" type="email" required maxlength="254" autocomplete="email" /></label>
      <button>Send the mail</button>
    </form>
    ${backToAccount}`
}

/** A link was opened; only the button does what it is for. */
export function linkForm(values: { readonly action: string; readonly text: Html; readonly button: string }): Html {
  return html`<p>${values.text}</p>
    <form method="post" action="${values.action}"><button>${values.button}</button></form>`
}
