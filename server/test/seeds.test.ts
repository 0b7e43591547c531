import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actInConsole } from './console-act.ts'
import { curl, curlRequest, curlScript, type CurlAnswer } from './curl.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'
import { listUsersAnswer, listUsersCurl, userApi } from './testdata/seeds.ts'

/** Every key of the documented value is there with the same type; arrays may be empty, a sign-in may never have happened. */
function expectSameShape(documented: unknown, actual: unknown, place = 'answer'): void {
  if (place.endsWith('.lastLoginTime') && actual === null) return
  assert.equal(typeOf(actual), typeOf(documented), `${place} is ${JSON.stringify(actual)}`)
  if (Array.isArray(documented) && Array.isArray(actual)) {
    for (const [index, entry] of actual.entries()) expectSameShape(documented[0], entry, `${place}[${index}]`)
  } else if (isObject(documented) && isObject(actual)) {
    for (const [key, value] of Object.entries(documented)) {
      assert.ok(key in actual, `${place} lacks ${key}`)
      expectSameShape(value, actual[key], `${place}.${key}`)
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : value === null ? 'null' : typeof value
}

function baseOf(t: TestApp): string {
  return `http://127.0.0.1:${t.port}`
}

test('the requests of the user API document get the answers it shows', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('jdoe')
  const group = await t.addGroup('data_engineers')
  const role = await t.roleId('$admin')
  const real = (text: string) =>
    text
      .replace('<token>', t.acme.token)
      .replaceAll('abc-123', user.id)
      .replaceAll('grp-uuid', group)
      .replaceAll('role-uuid-admin', role)
  for (const { title, request, status, answer } of userApi) {
    const got = await curlRequest(baseOf(t), real(request))
    assert.equal(got.status, status, `${title}: ${got.text}`)
    if (answer === null) {
      assert.equal(got.text, '', title)
      continue
    }
    const body: Record<string, unknown> = JSON.parse(got.text)
    expectSameShape(answer, body, title)
    // What was sent is what comes back.
    if (isObject(answer) && 'id' in answer && title !== 'Get User by ID') {
      for (const [key, value] of Object.entries(answer))
        assert.equal(body[key], typeof value === 'string' ? real(value) : value, `${title}, ${key}`)
    }
    if (title === 'Add User to Group') assert.deepEqual(body, { added: [user.id] })
  }
  const after = await t.get(`/api/service/users/${user.id}`)
  assert.equal(after.json.workspaceRole, '$admin')
  assert.equal(after.json.enabled, false)
  assert.deepEqual(after.json.groups, [group])
})

test('the curl of the official reference lists users with every key it shows', async () => {
  await using t = await startTestApp()
  const jsmith = await t.addUser('jsmith', '$admin')
  const asJsmith = { token: jsmith.token }
  const invited = await t.post('/api/service/users', { emails: ['second@example.com'], roleName: '$member' }, asJsmith)
  await t.addGroup('data', [jsmith.id])
  const persona = await t.post('/api/service/personas', { name: 'Base' }, asJsmith)
  await t.post(`/api/service/personas/${persona.json.id}/subjects`, { users: [jsmith.id], groups: [] }, asJsmith)
  const purpose = await t.post('/api/service/purposes', { name: 'Restricted Protection' }, asJsmith)
  await t.post(`/api/muster/purposes/${purpose.json.id}/subjects`, { users: [jsmith.id], groups: [] }, asJsmith)
  await t.post(`/api/service/users/${jsmith.id}`, { attributes: { designation: ['Analyst'] } })
  await t.post(`/api/service/users/${invited.json.createdUsers['second@example.com']}`, {
    attributes: { designation: ['Analyst'] },
  })

  await actInConsole(t, jsmith.id, 'by-jsmith')

  const script = listUsersCurl.replace('https://tenant.atlan.com', baseOf(t))
  const got = await curlScript(script, { ACCESS_TOKEN: t.acme.token })
  assert.equal(got.status, 200, got.text)
  const body = JSON.parse(got.text)
  expectSameShape(listUsersAnswer, body)
  assert.equal(body.totalRecord, 2)
  assert.equal(body.filterRecord, 2)
  const record = body.records.find((candidate: { id: string }) => candidate.id === jsmith.id)
  for (const key of ['personas', 'purposes', 'adminEvents', 'defaultRoles', 'roles'])
    assert.ok(record[key].length > 0, `${key} is empty, so its shape was not seen`)
  assert.equal(record.groupCount, 1)
})

test('the reference’s parameters limit, offset, sort, count and filter do what it says', async () => {
  await using t = await startTestApp()
  for (const name of ['a', 'b', 'c']) await t.invite(`${name}@example.com`)
  const list = async (
    query: string,
  ): Promise<{ totalRecord: number; filterRecord: number; records: { email: string }[] }> => {
    const got = await get(t, `/api/service/users${query}`)
    assert.equal(got.status, 200, got.text)
    return JSON.parse(got.text)
  }
  assert.equal((await list('?limit=2')).records.length, 2)
  assert.deepEqual(
    (await list('?limit=1&offset=2&sort=username')).records.map(({ email }) => email),
    ['c@example.com'],
  )
  for (const sort of ['createdTimestamp', 'firstName', 'username', 'email'])
    assert.equal((await list(`?sort=${sort}`)).records.length, 3)
  const uncounted = await list('?count=false')
  assert.deepEqual([uncounted.totalRecord, uncounted.filterRecord, uncounted.records.length], [0, 0, 3])
  const filtered = await list(`?filter=${encodeURIComponent('{"email":{"$ilike":"B@%"}}')}`)
  assert.deepEqual([filtered.totalRecord, filtered.filterRecord], [3, 1])
})

test('a seed script provisions and offboards a person', async () => {
  await using t = await startTestApp()
  const base = `${baseOf(t)}/api/service`
  const json = ['-H', 'Content-Type: application/json']
  const call = (...args: string[]) => curl(['-H', `Authorization: Bearer ${t.acme.token}`, ...args])
  const group = await t.addGroup('team')
  for (let index = 0; index < 25; index += 1) await t.invite(`filler${index}@example.com`)

  const invited = await call(
    '-X',
    'POST',
    `${base}/users`,
    ...json,
    '-d',
    '{"emails":["user@example.com"],"roleName":"$member"}',
  )
  const id: string = JSON.parse(invited.text).createdUsers['user@example.com']
  const added = await call(
    '-X',
    'POST',
    `${base}/groups/${group}/members`,
    ...json,
    '-d',
    JSON.stringify({ users: [id] }),
  )
  assert.deepEqual(JSON.parse(added.text), { added: [id] })

  const roles: { id: string; name: string }[] = JSON.parse((await call(`${base}/roles`)).text).records
  const guest = roles.find(({ name }) => name === '$guest')?.id
  const changed = await call(
    '-X',
    'PUT',
    `${base}/users/${id}/roles`,
    ...json,
    '-d',
    JSON.stringify({ roles: [guest] }),
  )
  assert.deepEqual([changed.status, changed.text], [204, ''])

  const found = JSON.parse(
    (await call('-G', `${base}/users`, '--data-urlencode', 'filter=email eq "user@example.com"')).text,
  )
  assert.deepEqual(
    found.records.map((record: { id: string }) => record.id),
    [id],
  )
  assert.equal(found.records[0].workspaceRole, '$guest')
  assert.deepEqual(found.records[0].groups, [group])

  const disabled = await call('-X', 'POST', `${base}/users/${id}`, ...json, '-d', '{"enabled":false}')
  assert.equal(JSON.parse(disabled.text).enabled, false)
  const refused = await call('-X', 'DELETE', `${base}/users/${id}`)
  assert.equal(refused.status, 405)
  assert.match(refused.headers, /^allow: .*POST/im)
  assert.equal((await call(`${base}/users/${id}`)).status, 200)

  const seen = new Set<string>()
  for (let offset = 0, total = Infinity; offset < total; offset += 10) {
    const page = JSON.parse((await call(`${base}/users?limit=10&offset=${offset}`)).text)
    total = page.totalRecord
    for (const record of page.records) seen.add(record.id)
  }
  assert.equal(seen.size, 26)

  const tooMany = await call(`${base}/users?limit=101`)
  assert.equal(tooMany.status, 400)
  assert.match(JSON.parse(tooMany.text).message, /100/)
})

test('what the seeds warn of is refused in words, never silently ignored', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user@example.com')
  const send = (request: string) => curlRequest(baseOf(t), request.replace('<token>', t.acme.token))
  const withName = await send(
    `PUT /api/service/users/${id}/roles\nAuthorization: Bearer <token>\nContent-Type: application/json\n{"roles":["Admin"]}`,
  )
  assert.equal(withName.status, 400)
  assert.match(JSON.parse(withName.text).message, new RegExp(await t.roleId('$admin')))
  const byAddress = await send('GET /api/service/users/user@example.com\nAuthorization: Bearer <token>')
  assert.equal(byAddress.status, 404)
  const byPatch = await send(
    `PATCH /api/service/users/${id}\nAuthorization: Bearer <token>\nContent-Type: application/json\n{"firstName":"Jane"}`,
  )
  assert.equal(byPatch.status, 405)
  const wrongToken = await send('GET /api/service/users\nAuthorization: Bearer wrong')
  assert.equal(wrongToken.status, 401)
})

function get(t: TestApp, path: string): Promise<CurlAnswer> {
  return curl(['-H', `Authorization: Bearer ${t.acme.token}`, `${baseOf(t)}${path}`])
}
