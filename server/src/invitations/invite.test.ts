import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v4 as uuid } from 'uuid'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { canonicalForms, refusedAddresses } from '../text/testdata/addresses.ts'

const users = '/api/service/users'

async function totalUsers(t: TestApp): Promise<number> {
  return (await t.get(`${users}?limit=1`)).json.totalRecord
}

async function findUser(t: TestApp, email: string) {
  const { json } = await t.get(`${users}?filter=${encodeURIComponent(`email eq "${email}"`)}`)
  return json.records[0]
}

test('both body forms, in every spelling clients send, list the person at once as pending with the role asked for', async () => {
  await using t = await startTestApp()
  const guest = await t.roleId('$guest')
  const bodies: readonly ((email: string) => object)[] = [
    (email) => ({ emails: [email], roleName: '$guest' }),
    (email) => ({ emails: [email], roleId: guest }),
    (email) => ({ emails: [email], roleId: guest, roleName: '$guest' }),
    (email) => ({ users: [{ email, roleName: '$guest' }] }),
    (email) => ({ users: [{ email, roleId: guest }] }),
    (email) => ({ users: [{ email, roleName: '$guest', roleId: guest }] }),
    (email) => ({ users: [{ email, role_name: '$guest' }] }),
    (email) => ({ users: [{ email, role_id: guest }] }),
    (email) => ({ users: [{ email, role_id: guest, role_name: '$guest' }] }),
    // The Python client's newer models send an explicit null for everything they do not set.
    (email) => ({
      users: [
        {
          email,
          roleName: '$guest',
          roleId: null,
          username: null,
          firstName: null,
          lastName: null,
          attributes: null,
          groups: null,
        },
      ],
    }),
    (email) => ({ users: [{ email, roleName: '$guest' }], emails: null }),
    (email) => ({ users: null, emails: [email], roleName: '$guest', roleId: null }),
    (email) => ({ users: [{ email, roleName: '$guest', unknown: { to: ['us'] } }], x: 1 }),
    (email) => ({ users: [{ email, roleName: '$guest' }], emails: ['loser@example.com'], roleName: '$admin' }),
  ]
  for (const [index, body] of bodies.entries()) {
    const email = `form${index}@example.com`
    const answer = await t.post(users, body(email))
    assert.equal(answer.status, 200, answer.text)
    const user = await findUser(t, email)
    assert.deepEqual(answer.json, { createdUsers: { [email]: user.id }, failedUsers: {} })
    assert.deepEqual(
      [user.workspaceRole, user.status, user.enabled, user.emailVerified],
      ['$guest', 'Pending', true, false],
    )
  }
  assert.equal(await findUser(t, 'loser@example.com'), undefined, 'users wins over emails')
  assert.equal(await totalUsers(t), bodies.length)
})

test('a body with neither form, or with one of the wrong type, is 400; an empty list is 200 with two empty maps', async () => {
  await using t = await startTestApp()
  const refused = [
    {},
    { users: null },
    { emails: null },
    { roleName: '$member' },
    { users: 'a@example.com' },
    { emails: 'a@example.com' },
    { users: {} },
  ]
  const entries = [
    { users: ['a@example.com'] },
    { emails: [{ email: 'a@example.com' }] },
    { emails: [1] },
    { users: [null] },
    { users: [{ email: 1 }] },
  ]
  for (const body of [
    ...refused,
    ...entries,
    { users: [{ email: 'a@example.com', groups: 'x' }] },
    [],
    'text',
    1,
    null,
  ]) {
    const answer = await t.post(users, body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(answer.json.error, 'invalid_body', JSON.stringify(body))
  }
  for (const body of [{ users: [] }, { emails: [] }, { users: [], emails: ['a@example.com'] }]) {
    const answer = await t.post(users, body)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { createdUsers: {}, failedUsers: {} })
  }
  assert.equal(await totalUsers(t), 0)
})

test('without a role the person gets the default role of the tenant', async () => {
  await using t = await startTestApp()
  await t.post(users, { emails: ['a@example.com'] })
  await t.post(users, { users: [{ email: 'b@example.com', roleName: '', roleId: '' }] })
  assert.equal((await findUser(t, 'a@example.com')).workspaceRole, '$member')
  assert.equal((await findUser(t, 'b@example.com')).workspaceRole, '$member')
  const settings = JSON.stringify({ defaultRole: '$guest' })
  await t
    .operator()
    .db.engine.transact((trx) => trx.updateTable('tenants').set({ settings }).where('id', '=', t.acme.id).execute())
  await t.post(users, { users: [{ email: 'c@example.com' }] })
  assert.equal((await findUser(t, 'c@example.com')).workspaceRole, '$guest')
})

test('an unknown or contradictory role spoils the whole request, and nobody is invited', async () => {
  await using t = await startTestApp()
  const [admin, member] = [await t.roleId('$admin'), await t.roleId('$member')]
  const foreign = await t.roleId('$member', t.other)
  const { json } = await t.get('/api/service/roles')
  const token = json.records.find((role: { name: string }) => role.name === '$api-token-default-access')
  const good = { email: 'good@example.com', roleName: '$member' }
  const cases: readonly (readonly [object, string])[] = [
    [{ roleName: '$nobody' }, 'role_not_found'],
    [{ roleName: 'Member' }, 'role_not_found'],
    [{ roleName: '$MEMBER' }, 'role_not_found'],
    [{ roleName: '__proto__' }, 'role_not_found'],
    [{ roleId: uuid() }, 'role_not_found'],
    [{ roleId: foreign }, 'role_not_found'],
    [{ roleId: '$member' }, 'role_not_found'],
    [{ role_id: 'member' }, 'role_not_found'],
    [{ roleId: token?.id ?? uuid() }, 'role_not_found'],
    [{ roleName: '$api-token-default-access' }, 'role_not_found'],
    [{ roleId: admin, roleName: '$member' }, 'role_conflict'],
    [{ role_id: member, role_name: '$admin' }, 'role_conflict'],
  ]
  for (const [role, error] of cases) {
    for (const body of [
      { users: [good, { email: 'bad@example.com', ...role }] },
      { users: [{ email: 'no address', ...role }, good] },
    ]) {
      const answer = await t.post(users, body)
      assert.equal(answer.status, 400, JSON.stringify(body))
      assert.equal(answer.json.error, error, JSON.stringify(body))
    }
  }
  const named = await t.post(users, { users: [{ email: 'a@example.com', roleId: '$member' }] })
  assert.ok(named.json.message.includes(member), 'the message gives the id to send')
  for (const role of [{ roleName: '$nobody' }, { roleId: uuid() }, { roleId: admin, roleName: '$member' }]) {
    assert.equal((await t.post(users, { emails: ['a@example.com'], ...role })).status, 400)
  }
  assert.equal(await totalUsers(t), 0)
  assert.equal(await t.deliverOutbox(), 0)
})

test('each address gets its own answer, under the key as it was sent; one bad row never spoils the rest', async () => {
  await using t = await startTestApp()
  const known = await t.addUser('known')
  const rows = [
    'new@example.com',
    'KNOWN@example.com',
    'no address',
    '',
    '__proto__',
    'constructor',
    '  blank@example.com ',
    'a"b\\c@example.com',
  ]
  const { status, json } = await t.post(users, { emails: rows, roleName: '$member' })
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(json.createdUsers), ['new@example.com', '  blank@example.com '])
  assert.deepEqual(Object.keys(json.failedUsers).toSorted(), [
    '',
    'KNOWN@example.com',
    '__proto__',
    'a"b\\c@example.com',
    'constructor',
    'no address',
  ])
  assert.equal(json.failedUsers['KNOWN@example.com'], 'user_exists: a user with this address already exists')
  assert.match(json.failedUsers['no address'], /^invalid_email: /)
  assert.equal((await findUser(t, 'blank@example.com')).id, json.createdUsers['  blank@example.com '])
  assert.equal((await findUser(t, 'known@example.com')).id, known.id)
})

test('of 100 entries with one bad one 99 are invited; 101 entries are 400 and invite nobody', async () => {
  await using t = await startTestApp()
  const addresses = Array.from({ length: 101 }, (_, index) => `person${index}@example.com`)
  for (const body of [{ emails: addresses }, { users: addresses.map((email) => ({ email })) }]) {
    const answer = await t.post(users, body)
    assert.equal(answer.status, 400)
    assert.equal(answer.json.error, 'invalid_body')
    assert.match(answer.json.message, /100/)
  }
  assert.equal(await totalUsers(t), 0)
  const { status, json } = await t.post(users, { emails: [...addresses.slice(0, 99), 'bad'] })
  assert.equal(status, 200)
  assert.equal(Object.keys(json.createdUsers).length, 99)
  assert.deepEqual(Object.keys(json.failedUsers), ['bad'])
  assert.equal(await totalUsers(t), 99)
  assert.equal(await t.deliverOutbox(), 99)
})

test('when all failed the emails form is 200 and the users form is 409 or 400; when one succeeded both are 200', async () => {
  await using t = await startTestApp()
  await t.addUser('known')
  const [bad, known, fresh] = ['no address', 'known@example.com', 'fresh@example.com']
  const cases: readonly (readonly [readonly string[], number, string, string])[] = [
    [[known], 409, 'user_exists', known],
    [[bad], 400, 'invalid_email', bad],
    // What the client can mend is told before what it cannot.
    [[known, bad], 400, 'invalid_email', bad],
    [[bad, known], 400, 'invalid_email', bad],
  ]
  for (const [addresses, status, error, named] of cases) {
    const form = await t.post(users, { users: addresses.map((email) => ({ email, roleName: '$member' })) })
    assert.equal(form.status, status, form.text)
    assert.equal(form.json.error, error)
    assert.match(form.json.message, new RegExp(`^${named}: `))
    const seed = await t.post(users, { emails: addresses, roleName: '$member' })
    assert.equal(seed.status, 200)
    assert.deepEqual(seed.json.createdUsers, {})
    assert.deepEqual(Object.keys(seed.json.failedUsers).toSorted(), addresses.toSorted())
  }
  const mixed = await t.post(users, { users: [bad, fresh, known].map((email) => ({ email })) })
  assert.equal(mixed.status, 200)
  assert.deepEqual(Object.keys(mixed.json.createdUsers), [fresh])
  assert.deepEqual(Object.keys(mixed.json.failedUsers).toSorted(), [known, bad].toSorted())
})

test('of 200 hostile addresses none becomes a user or reaches the mail server; accepted ones are mailed as stored, byte for byte', async () => {
  await using t = await startTestApp()
  const hostile = refusedAddresses()
    .map(([, text]) => text)
    .filter((text) => text.isWellFormed() && !text.includes('\0'))
  for (let start = 0; start < hostile.length; start += 100) {
    const rows = hostile.slice(start, start + 100)
    const { status, json } = await t.post(users, { emails: rows })
    assert.equal(status, 200)
    assert.deepEqual(json.createdUsers, {})
    assert.equal(Object.keys(json.failedUsers).length, new Set(rows).size)
    for (const reason of Object.values(json.failedUsers)) assert.match(String(reason), /^invalid_email: /)
  }
  for (const email of ['user\0@example.com', 'user\ud800@example.com']) {
    assert.equal((await t.post(users, { emails: [email] })).status, 400)
  }
  assert.equal(await t.deliverOutbox(), 0)
  const typed = [...new Map(canonicalForms.map(([form, stored]) => [stored.toLowerCase(), form])).values()]
  const { json } = await t.post(users, { emails: typed })
  assert.deepEqual(json.failedUsers, {})
  await t.deliverOutbox()
  const { json: list } = await t.get(`${users}?limit=100`)
  assert.deepEqual(
    t.mails.map((mail) => mail.to).toSorted(),
    list.records.map((user: { email: string }) => user.email).toSorted(),
  )
})

test('an entry without an address is refused as that, not as an address that is empty', async () => {
  await using t = await startTestApp()
  for (const entry of [{ roleName: '$member' }, { email: null }, { email: '' }]) {
    const { status, json } = await t.post('/api/service/users', { users: [entry] })
    assert.deepEqual([status, json.error], [400, 'invalid_email'])
    assert.match(json.message, /^An entry has no email/)
  }
})
