import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { canonicalForms } from '../text/testdata/addresses.ts'
import type { Message } from './mail.schema.ts'
import { smtpSender } from './mail-sender.ts'
import { SmtpReceiver, headerValues } from './testdata/smtp-receiver.ts'

const message: Message = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18',
  to: 'user01@example.com',
  subject: 'Grüße & more',
  text: 'plain words\n',
  html: '<p>marked <strong>words</strong></p>',
}

function sender(url: string, from = 'Muster <muster@sender.example>') {
  const made = smtpSender(url, from)
  return { ...made, [Symbol.dispose]: () => made.close() }
}

test('a mail has text and HTML, one sender, one subject, a stable id, and says that a machine wrote it', async () => {
  await using receiver = await SmtpReceiver.start()
  using smtp = sender(receiver.url)
  assert.deepEqual(await smtp.send(message), { kind: 'sent' })
  const [mail] = receiver.mails
  assert.ok(mail)
  assert.equal(mail.from, 'muster@sender.example')
  assert.deepEqual(mail.recipients, ['<user01@example.com>'])
  assert.deepEqual(headerValues(mail, 'Message-ID'), [`<${message.id}@muster>`])
  assert.deepEqual(headerValues(mail, 'From'), ['Muster <muster@sender.example>'])
  assert.deepEqual(headerValues(mail, 'To'), ['user01@example.com'])
  assert.equal(headerValues(mail, 'Subject').length, 1)
  assert.deepEqual(headerValues(mail, 'Auto-Submitted'), ['auto-generated'])
  assert.match(mail.source, /text\/plain[\s\S]*plain words[\s\S]*text\/html[\s\S]*<strong>words<\/strong>/)
  assert.ok(!/(src|href)=/i.test(mail.source), 'nothing remote')
})

test('the recipient on the wire is the stored address, byte for byte, and nobody else (V-I9)', async () => {
  await using receiver = await SmtpReceiver.start()
  using smtp = sender(receiver.url)
  for (const [, stored] of canonicalForms) {
    assert.deepEqual(await smtp.send({ ...message, to: stored }), { kind: 'sent' }, stored)
    assert.deepEqual(receiver.mails.at(-1)?.recipients, [`<${stored}>`])
  }
})

test('the sender of the envelope is the address in MUSTER_MAIL_FROM, with or without a name', async () => {
  await using receiver = await SmtpReceiver.start()
  for (const [from, address] of [
    ['muster@sender.example', 'muster@sender.example'],
    ['"Muster, Inc." <robot@sender.example>', 'robot@sender.example'],
    ['Muster <muster@localhost>', 'muster@localhost'],
  ] as const) {
    using smtp = sender(receiver.url, from)
    assert.deepEqual(await smtp.send(message), { kind: 'sent' })
    assert.equal(receiver.mails.at(-1)?.from, address)
  }
})

test('a refusal for good is final, a refusal for now is tried again, and both say what the server said', async () => {
  const cases = [
    { code: 550, kind: 'refused' },
    { code: 552, kind: 'refused' },
    { code: 421, kind: 'again' },
    { code: 450, kind: 'again' },
    { code: 452, kind: 'again' },
  ] as const
  for (const { code, kind } of cases) {
    await using receiver = await SmtpReceiver.start({ judge: () => ({ code, text: `not today ${code}` }) })
    using smtp = sender(receiver.url)
    const outcome = await smtp.send(message)
    assert.equal(outcome.kind, kind, `${code}`)
    assert.match('reason' in outcome ? outcome.reason : '', new RegExp(`${code}`))
    assert.equal(receiver.mails.length, 0)
  }
})

test('a server that is gone, hangs up or speaks nonsense means: again', async () => {
  for (const greeting of [null, '', 'HTTP/1.1 200 OK\r\n\r\n', '554 go away\r\n']) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      if (greeting !== null) socket.end(greeting)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    if (greeting === null) await new Promise((resolve) => server.close(resolve))
    using smtp = sender(`smtp://127.0.0.1:${port}`)
    // Turned away at the door, nothing is said about this mail: that too is worth another attempt.
    assert.equal((await smtp.send(message)).kind, 'again', `${greeting}`)
    server.close()
  }
})

test('a mail is sent encrypted or not at all, unless the server is on this machine or the address says otherwise by name', async () => {
  await using plain = await SmtpReceiver.start()
  // 0.0.0.0 reaches this machine too, but is no loopback address: it stands for a server elsewhere.
  const elsewhere = `smtp://0.0.0.0:${plain.port}`
  using strict = sender(elsewhere)
  const outcome = await strict.send(message)
  assert.equal(outcome.kind, 'again')
  assert.equal(plain.mails.length, 0)
  using lax = sender(`${elsewhere}?requireTLS=false`)
  assert.deepEqual(await lax.send(message), { kind: 'sent' })
  assert.equal(plain.mails[0]?.secure, false)

  await using encrypted = await SmtpReceiver.start({ offersTls: true })
  using stranger = sender(`smtp://0.0.0.0:${encrypted.port}`)
  assert.equal((await stranger.send(message)).kind, 'again', 'a certificate nobody vouches for')
  assert.equal(encrypted.mails.length, 0)
  using trusting = sender(`smtp://0.0.0.0:${encrypted.port}?tls.rejectUnauthorized=false`)
  assert.deepEqual(await trusting.send(message), { kind: 'sent' })
  assert.equal(encrypted.mails[0]?.secure, true)
})
