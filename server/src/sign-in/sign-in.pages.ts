import { html, type Html } from '../http/html.ts'

/** The pages of signing in. Each works without a script and says what to do next. */
export function signInForm(values: { readonly login: string; readonly next: string; readonly problem: Html }): Html {
  return html`${values.problem}
    <form method="post" action="/auth/sign-in">
      <input type="hidden" name="next" value="${values.next}" />
      <label
        >Username or e-mail address
        <input name="login" value="${values.login}" required maxlength="300" autocomplete="username" autocapitalize="none" spellcheck="false"
      /></label>
      <label
        >Password
        <input name="password" type="password" required maxlength="1000" autocomplete="current-password"
      /></label>
      <button>Sign in</button>
    </form>
    <form method="post" action="/auth/passkey/sign-in" data-passkey="get" hidden>
      <input type="hidden" name="next" value="${values.next}" />
      <button>Sign in with a passkey</button>
    </form>
    <nav><a href="/auth/forgot-password">Forgot your password?</a></nav>`
}

export function codeForm({ next, problem }: { readonly next: string; readonly problem: Html }): Html {
  return html`${problem}
    <p>Open your authenticator app and type the code it shows for this workspace.</p>
    <form method="post" action="/auth/second-factor">
      <input type="hidden" name="next" value="${next}" />
      <label
        >Code <small>Six digits, or one of your recovery codes.</small>
        <input name="code" required maxlength="40" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
      /></label>
      <button>Go on</button>
    </form>
    <form method="post" action="/auth/passkey/sign-in" data-passkey="get" hidden>
      <input type="hidden" name="next" value="${next}" />
      <button>Use a passkey instead</button>
    </form>
    <nav><a href="/auth/sign-in">Begin again</a></nav>`
}

export function confirmForm(values: {
  readonly csrf: string
  readonly next: string
  readonly username: string
  readonly problem: Html
}): Html {
  return html`${values.problem}
    <p>This needs a fresh proof that you are <strong>${values.username}</strong>.</p>
    <form method="post" action="/auth/confirm">
      <input type="hidden" name="csrf" value="${values.csrf}" />
      <input type="hidden" name="next" value="${values.next}" />
      <input type="hidden" name="username" value="${values.username}" autocomplete="username" />
      <label
        >Password
        <input name="password" type="password" required maxlength="1000" autocomplete="current-password"
      /></label>
      <button>Go on</button>
    </form>
    <nav><a href="/auth/account">Back to your account</a></nav>`
}
