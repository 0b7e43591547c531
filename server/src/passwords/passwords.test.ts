import { verify } from '@node-rs/argon2'
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'

let t: TestApp
let people = 0

before(async () => {
  t = await startTestApp()
})

after(() => t[Symbol.asyncDispose]())

interface Attempt {
  readonly answer: Answer
  readonly userId: string
}

/** A new person tries to accept with this password. */
async function acceptWith(
  password: string,
  fields: Readonly<Record<string, string>> = {},
  email = `person${(people += 1)}@example.com`,
): Promise<Attempt> {
  const userId = await t.invite(email)
  const token = await t.invitationToken(userId)
  return { userId, answer: await t.post('/auth/accept-invite', { token, password, ...fields }, { token: null }) }
}

async function storedHash(userId: string): Promise<string | undefined> {
  const row = await t.db
    .selectFrom('credentials')
    .select('password_hash')
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return row?.password_hash
}

/** Varied enough not to be refused as one character over and over. */
function ofLength(length: number, alphabet = 'abcdefghij'): string {
  const characters = [...alphabet]
  return Array.from({ length }, (_, index) => characters[(index * 7 + 3) % characters.length]).join('')
}

const emoji = '😀😃😄😁😆😅🤣😂🙂🙃'

test('a password has 15 to 128 characters, counted as people count them', async () => {
  for (const alphabet of ['abcdefghij', emoji, 'äöüßéèêñçø', '山田太郎花子一二三四']) {
    for (const [length, status] of [
      [14, 400],
      [15, 200],
      [64, 200],
      [128, 200],
      [129, 400],
    ] as const) {
      const { answer, userId } = await acceptWith(ofLength(length, alphabet))
      assert.equal(answer.status, status, `${length} of ${alphabet}`)
      if (status === 400) {
        assert.equal(answer.json.error, 'weak_password')
        assert.match(answer.json.message, new RegExp(`\\b${length}\\b.*\\b15\\b.*\\b128\\b`))
        assert.equal(await storedHash(userId), undefined)
      }
    }
  }
})

test('the length counts what is hashed: composed and decomposed, full-width and plain letters are one', async () => {
  assert.equal(
    (await acceptWith('e\u0301'.repeat(7) + 'a\u0308'.repeat(7))).answer.status,
    400,
    '14 letters of two code points each',
  )
  assert.equal(
    (await acceptWith('e\u0301'.repeat(10) + 'a\u0308'.repeat(10) + 'o\u0302'.repeat(108))).answer.status,
    200,
    '128 letters of two code points each',
  )
})

test('a password is the same in every Unicode form in which keyboards send it', async () => {
  const forms: readonly (readonly [string, string])[] = [
    ['Übergroße Schlüssel überall'.normalize('NFC'), 'Übergroße Schlüssel überall'.normalize('NFD')],
    ['full width letters here', 'ｆｕｌｌ ｗｉｄｔｈ ｌｅｔｔｅｒｓ ｈｅｒｅ'],
    ['한국어 비밀번호 열다섯 글자 이상', '한국어 비밀번호 열다섯 글자 이상'.normalize('NFD')],
  ]
  for (const [one, other] of forms) {
    const { answer, userId } = await acceptWith(other)
    assert.equal(answer.status, 200)
    const hash = (await storedHash(userId)) ?? ''
    assert.ok(await verify(hash, one.normalize('NFKC')))
    assert.equal(one.normalize('NFKC'), other.normalize('NFKC'))
  }
})

test('every printable character counts and is kept, blanks at both ends too', async () => {
  for (const password of [
    '  blanks at both ends  ',
    'quotes "and" \'more\' `here`',
    '<b>&amp; markup</b> in it',
    '\\ slashes / and | pipes',
    'emoji 🔑 in the middle of it',
  ]) {
    const { answer, userId } = await acceptWith(password)
    assert.equal(answer.status, 200, password)
    const hash = (await storedHash(userId)) ?? ''
    assert.ok(await verify(hash, password))
    assert.ok(!(await verify(hash, password.trim().slice(0, -1))))
  }
})

test('it is stored as argon2id with 19 MiB, two passes, one lane and a salt of its own, and in no other form', async () => {
  const password = 'correct horse battery staple'
  const [first, second] = [await acceptWith(password), await acceptWith(password)]
  const hashes = [(await storedHash(first.userId)) ?? '', (await storedHash(second.userId)) ?? '']
  const salts = hashes.map((hash) => {
    const match = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash)
    assert.ok(match, hash)
    assert.equal(Buffer.from(match[1] ?? '', 'base64').length, 16)
    assert.equal(Buffer.from(match[2] ?? '', 'base64').length, 32)
    return match[1]
  })
  assert.notEqual(salts[0], salts[1])
  assert.ok(await verify(hashes[0] ?? '', password))
})

test('the password is in no answer, no event and no other column (V-K7)', async () => {
  const password = 'canary in the coal mine 7431'
  const { answer, userId } = await acceptWith(password)
  const hash = (await storedHash(userId)) ?? ''
  const texts = [answer.text]
  for (const path of [
    '/api/service/users?limit=100',
    `/api/service/users/${userId}`,
    '/api/muster/invitations',
    '/api/muster/outbox',
    '/api/service/events/main?max=1000',
  ]) {
    texts.push((await t.get(path)).text)
  }
  for (const table of ['events', 'users', 'outbox', 'invitations', 'tenants'] as const) {
    texts.push(JSON.stringify(await t.db.selectFrom(table).selectAll().execute()))
  }
  for (const text of texts) assert.ok(!text.includes('canary') && !text.includes(hash) && !text.includes('argon2'))
})

test('a password built from the own name, address or workspace, or from one character, is refused with the reason', async () => {
  const email = 'wilhelmina@example.com'
  const refused: readonly (readonly [string, Record<string, string>])[] = [
    ['a'.repeat(20), {}],
    ['ababababababababab', {}],
    ['wilhelminawilhelmina', {}],
    ['WILHELMINA@example.com', {}],
    ['1wilhelmina@example.com2', {}],
    ['janedoejanedoejanedoe', { username: 'janedoe' }],
    ['acmeacmeacmeacme', {}],
    ['ａｃｍｅａｃｍｅａｃｍｅａｃｍｅ', {}],
  ]
  for (const [password, fields] of refused) {
    const { answer, userId } = await acceptWith(password, fields, email)
    assert.equal(answer.status, 400, password)
    assert.equal(answer.json.error, 'weak_password')
    assert.ok(!answer.text.includes(password))
    await t.post(`/api/service/users/${userId}/delete`)
  }
  const { answer } = await acceptWith('wilhelmina rides a purple bicycle', {}, email)
  assert.equal(answer.status, 200, 'a name inside a long sentence is no harm')
})

test('a refused password leaves the link usable; an absurdly long one is refused before it is hashed', async () => {
  const userId = await t.invite('patient@example.com')
  const token = await t.invitationToken(userId)
  const tryWith = (password: string) => t.post('/auth/accept-invite', { token, password }, { token: null })
  assert.equal((await tryWith('x1y2z3'.repeat(2_000))).json.error, 'invalid_body')
  assert.equal((await tryWith('short')).json.error, 'weak_password')
  assert.equal((await tryWith('correct horse battery staple')).status, 200)
})

test('with the user the password goes', async () => {
  const { userId } = await acceptWith('correct horse battery staple')
  assert.ok(await storedHash(userId))
  await t.post(`/api/service/users/${userId}/delete`)
  assert.equal(await storedHash(userId), undefined)
})
