/**
 * The one script of the pages under /auth: browsers make and show passkeys in no other way. It asks for a challenge,
 * lets the browser answer it, puts the answer into the form and sends that; everything else is the server's.
 */
export const passkeyScript = `const can = globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON !== undefined

async function answer(form) {
  const creates = form.dataset.passkey === 'create'
  const headers = { 'x-muster-csrf': form.elements.csrf?.value ?? '' }
  const asked = await fetch(creates ? '/auth/account/passkeys/options' : '/auth/passkey/options', { method: 'POST', headers })
  if (!asked.ok) throw new Error('The page is too old; open it anew.')
  const options = await asked.json()
  const credential = creates
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
  const field = document.createElement('input')
  field.type = 'hidden'
  field.name = 'response'
  field.value = JSON.stringify(credential)
  form.append(field)
  form.submit()
}

function say(form, text) {
  let place = form.querySelector('[role="alert"]')
  if (place === null) {
    place = document.createElement('p')
    place.setAttribute('role', 'alert')
    form.prepend(place)
  }
  place.textContent = text
}

for (const form of can ? document.querySelectorAll('form[data-passkey]') : []) {
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    answer(form).catch((error) => say(form, error.name === 'NotAllowedError' ? 'No passkey was chosen.' : error.message))
  })
}
`
