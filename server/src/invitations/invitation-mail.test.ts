import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { smtpDispatcher } from '../mail/testdata/smtp-dispatcher.ts'
import { SmtpReceiver, headerValues } from '../mail/testdata/smtp-receiver.ts'
import { inviteUsers } from './invite.service.ts'

/** Names as somebody might have brought them in by another door; REST refuses the control characters. */
const hostileNames: readonly (readonly [string, string])[] = [
  ['<img src=x onerror=alert(1)>', 'Doe'],
  ['"><script>alert(1)</script>', "O'Neil & <b>Co</b>"],
  ['Eve\r\nBcc: evil@evil.example\r\nSubject: won', 'Doe'],
  ['Eve\nX-Evil: 1\n\nbody', '\r\n.\r\nMAIL FROM:<evil@evil.example>'],
  ['=?utf-8?Q?=0D=0ABcc:_evil@evil.example?=', 'Doe'],
  ['{{constructor}} ${7*7} #{7*7}', '%0d%0aBcc:evil@evil.example'],
  ['Zoë', '山田'],
]

/** Invites as a signed-in person with this name. */
async function inviteAs(t: TestApp, name: readonly [string, string], email: string): Promise<void> {
  const { id } = await t.addUser(`admin-${email.split('@')[0]}`, '$admin')
  const names = { first_name: name[0], last_name: name[1] }
  await t.db.engine.transact((trx) => trx.updateTable('users').set(names).where('id', '=', id).execute())
  const operator = t.operator()
  await inviteUsers({ ...operator, actor: { ...operator.actor, kind: 'user', id, userId: id, name: 'admin' } }, [
    { address: email },
  ])
}

test('markup and line breaks in names stay text: one Subject, one recipient, no header of theirs, no markup (V-I14)', async () => {
  await using t = await startTestApp()
  await using receiver = await SmtpReceiver.start()
  await using dispatcher = smtpDispatcher(t, receiver.url)
  for (const [index, name] of hostileNames.entries()) {
    await inviteAs(t, name, `user${index}@example.com`)
    await dispatcher.deliverDue()
    const mail = receiver.mails.at(-1)
    assert.ok(mail)
    assert.equal(receiver.mails.length, index + 1, 'one mail')
    assert.deepEqual(mail.recipients, [`<user${index}@example.com>`])
    assert.equal(headerValues(mail, 'Subject').length, 1)
    for (const header of ['Bcc', 'Cc', 'X-Evil']) assert.deepEqual(headerValues(mail, header), [], header)
    assert.deepEqual(headerValues(mail, 'To'), [`user${index}@example.com`])
  }
})

test('the HTML part escapes what the text part shows as it is (V-I14)', async () => {
  await using t = await startTestApp()
  for (const [index, name] of hostileNames.entries()) {
    await inviteAs(t, name, `user${index}@example.com`)
    await t.deliverOutbox()
    const mail = t.mails.at(-1)
    assert.ok(mail)
    assert.ok(mail.text.includes(name.join(' ')), mail.text)
    assert.ok(!/[\r\n]/.test(mail.subject), mail.subject)
    const tags = [...mail.html.matchAll(/<\/?([a-z]+)/g)].map((match) => match[1])
    assert.deepEqual([...new Set(tags)].toSorted(), ['a', 'p', 'strong'])
    assert.equal(mail.html.match(/https?:/g)?.length, 1, 'the link and nothing else')
  }
})

test('the mail says who invites, where to, as what, until when, and has one link', async () => {
  await using t = await startTestApp()
  await inviteAs(t, ['Jane', 'Doe'], 'user01@example.com')
  await t.deliverOutbox()
  const [mail] = t.mails
  assert.equal(mail?.subject, 'Jane Doe invites you to join the workspace acme')
  assert.match(mail?.text ?? '', /^Jane Doe invites you to join the workspace acme as member\./)
  assert.match(mail?.text ?? '', /until Fri, 09 Jan 2026 03:04:05 GMT/)
  const links = mail?.text.match(/https?:\S+/g) ?? []
  assert.equal(links.length, 1)
  assert.ok(mail?.html.includes(`href="${links[0]}"`))
})

test('a personal token invites in the name of its owner; a program of its own stays in the background', async () => {
  await using t = await startTestApp()
  const owner = await t.addUser('admin01', '$admin')
  const cases = [
    [await t.personalToken(owner.id), 'First Last invites you', 'First Last invited user0@example.com'],
    [t.acme.token, 'You are invited', 'user1@example.com is invited'],
  ] as const
  for (const [index, [token, opening, pageOpening]] of cases.entries()) {
    await t.post('/api/service/users', { emails: [`user${index}@example.com`] }, { token })
    await t.deliverOutbox()
    const mail = t.mails.at(-1)
    assert.equal(mail?.subject, `${opening} to join the workspace acme`)
    assert.ok(mail?.text.startsWith(`${mail.subject} as member.`), mail?.text)
    const link = new URL(/http\S+/.exec(mail?.text ?? '')?.[0] ?? '')
    const { headers } = await t.get(link.pathname + link.search, { token: null })
    const cookie = String(headers['set-cookie']).split(';')[0] ?? ''
    const page = await t.get(link.pathname, { token: null, headers: { cookie } })
    const words = page.text.replaceAll(/<[^>]*>/g, '').replaceAll(/\s+/g, ' ')
    assert.ok(words.includes(`${pageOpening} to the workspace acme with the role member.`), words)
    assert.ok(!/service-account|apikey/.test(`${mail?.text}${mail?.html}${page.text}`))
  }
})

/** What a request may say about its host; none of it may come back in a link. Security contract, V-I7. */
const hostileHeaders: readonly (readonly string[])[] = [
  ['Host: 127.0.0.1', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https'],
  ['Host: localhost', 'Forwarded: host=evil.example;proto=https', 'X-Original-Host: evil.example'],
  [
    'Host: acme.localhost',
    'X-Host: evil.example',
    'X-Forwarded-Server: evil.example',
    'X-HTTP-Host-Override: evil.example',
  ],
  [
    'Host: ACME.localhost:9999',
    'X-Forwarded-Port: 666',
    'Origin: https://evil.example',
    'Referer: https://evil.example/',
  ],
]

test('links in mails and answers are built from configuration, whatever the request says about its host (V-I7)', async () => {
  await using t = await startTestApp({
    env: { MUSTER_PUBLIC_URL: 'https://muster.example.com:8443', MUSTER_BASE_DOMAIN: 'localhost' },
  })
  const expected = /^https:\/\/muster\.example\.com:8443\/auth\/accept-invite\?token=minv_[A-Za-z0-9_-]{43}$/
  for (const [index, headers] of hostileHeaders.entries()) {
    const email = `user${index}@example.com`
    assert.match(await send(t, '/api/service/users', headers, JSON.stringify({ emails: [email] })), /^HTTP\/1\.1 200/)
    await t.deliverOutbox()
    assert.match(/https?:\S+/.exec(t.mails.at(-1)?.text ?? '')?.[0] ?? '', expected)
    const { json } = await t.get(`/api/muster/invitations?filter=${encodeURIComponent(JSON.stringify({ email }))}`)
    const copied = await send(t, `/api/muster/invitations/${json.records[0].id}/link`, headers, '')
    assert.match(/"link":"([^"]*)"/.exec(copied)?.[1] ?? '', expected)
  }
  assert.match(
    await send(t, 'http://evil.example/api/service/users', ['Host: acme.localhost'], '{"emails":["z@example.com"]}'),
    /^HTTP\/1\.1 (200|400|421)/,
  )
  await t.deliverOutbox()
  for (const mail of t.mails) assert.ok(!/evil/.test(mail.text + mail.html))
  assert.match(
    await send(t, '/api/service/users', ['Host: acme.localhost', 'Host: evil.example'], '{"emails":["y@example.com"]}'),
    /^HTTP\/1\.1 400/,
  )
})

test('the link of another tenant has its own name in front of the base domain', async () => {
  await using t = await startTestApp({
    env: { MUSTER_PUBLIC_URL: 'https://muster.example.com:8443', MUSTER_BASE_DOMAIN: 'localhost' },
  })
  await t.invite('user01@example.com', '$member', t.other)
  await t.deliverOutbox()
  assert.match(t.mails[0]?.text ?? '', /\nhttps:\/\/other\.localhost:8443\/auth\/accept-invite\?token=/)
})

/** One request with exactly these headers; the answer as it came. */
function send(t: TestApp, target: string, headers: readonly string[], body: string): Promise<string> {
  const lines = [
    `POST ${target} HTTP/1.1`,
    ...headers,
    `Authorization: Bearer ${t.acme.token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(t.port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`))
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })
}
