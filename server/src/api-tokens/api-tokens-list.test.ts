import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

interface Listed {
  readonly id: string
  readonly clientId: string
  readonly displayName: string
}

async function create(t: TestApp, displayName: string): Promise<Listed> {
  t.clock.advance(1_000)
  return (await t.post('/api/service/apikeys', { displayName })).json
}

test('the newest token comes first, names need not be unique, and both sort keys work both ways', async () => {
  await using t = await startTestApp()
  const made = [await create(t, 'b'), await create(t, 'a'), await create(t, 'b'), await create(t, 'ä')]
  const ids = async (query: string) =>
    (await t.get(`/api/service/apikeys?${query}`)).json.records
      .map((token: Listed) => token.id)
      .filter((id: string) => made.some((token) => token.id === id))
  const [b1, a, b2, umlaut] = made.map(({ id }) => id)
  assert.deepEqual(await ids(''), [umlaut, b2, a, b1])
  assert.deepEqual(await ids('sort=-createdAt'), [umlaut, b2, a, b1])
  assert.deepEqual(await ids('sort=createdAt'), [b1, a, b2, umlaut])
  assert.deepEqual(await ids('sort=displayName'), [a, b1, b2, umlaut])
  assert.deepEqual(await ids('sort=-displayName'), [umlaut, b2, b1, a])
  assert.deepEqual(await ids('limit=2&offset=1'), [b2, a])
  assert.equal((await t.get('/api/service/apikeys?sort=expiresAt')).json.error, 'invalid_sort')
  assert.equal((await t.get('/api/service/apikeys?limit=101')).json.error, 'limit_too_large')
})

test('tokens are found by name, client id and id, as every client spells it', async () => {
  await using t = await startTestApp()
  const bot = await create(t, 'ci "bot" 100%')
  await create(t, 'other')
  const ask = async (filter: string) => {
    const { status, json, text } = await t.get(
      `/api/service/apikeys?limit=5&offset=0&count=True&sort=-createdAt&filter=${filter}`,
    )
    assert.equal(status, 200, text)
    return json.records.map((token: Listed) => token.id)
  }
  const encoded = (filter: object) => encodeURIComponent(JSON.stringify(filter))
  for (const filter of [
    { displayName: 'ci "bot" 100%' },
    { displayName: { $eq: 'ci "bot" 100%' } },
    { displayName: { $like: '%"bot"%' } },
    { clientId: bot.clientId },
    // The Go client asks by the name of the actor.
    { clientId: `service-account-${bot.clientId}` },
    { clientId: { $in: [`service-account-${bot.clientId}`] } },
    { $and: [{ clientId: { $eq: bot.clientId } }] },
    { id: bot.id },
  ]) {
    assert.deepEqual(await ask(encoded(filter)), [bot.id], JSON.stringify(filter))
  }
  // Java sends its JSON as it is.
  assert.deepEqual(await ask(`{"id":"${bot.id}"}`), [bot.id])
  assert.deepEqual(await ask(`{"clientId":"${bot.clientId}"}`), [bot.id])
  for (const filter of [
    { id: 'user01' },
    { clientId: 'user01' },
    { clientId: 'service-account-user01' },
    { displayName: 'null' },
    { displayName: 'CI "bot" 100%' },
    { id: { $in: [''] } },
    { id: { $in: null } },
  ]) {
    assert.deepEqual(await ask(encoded(filter)), [], JSON.stringify(filter))
  }
  assert.deepEqual(await ask('displayName%20eq%20%22other%22').then((ids) => ids.length), 1)
  for (const field of ['token_hash', 'last_four', 'accessToken', 'ownerId', 'owner_id', 'expires_at']) {
    assert.equal(
      (await t.get(`/api/service/apikeys?filter=${encoded({ [field]: 'x' })}`)).json.error,
      'invalid_filter',
      field,
    )
  }
})

test('columns leave out what was not asked for, and the id always comes', async () => {
  await using t = await startTestApp()
  await create(t, 'bot')
  const keys = async (columns: string) => Object.keys((await t.get(`/api/service/apikeys?${columns}`)).json.records[0])
  assert.deepEqual(await keys('columns=displayName'), ['id', 'displayName'])
  assert.deepEqual(await keys('columns=attributes&columns=clientId'), ['id', 'clientId', 'attributes'])
  assert.deepEqual(await keys(''), ['id', 'clientId', 'displayName', 'attributes'])
  assert.equal((await t.get('/api/service/apikeys?columns=token_hash')).json.error, 'invalid_columns')
})

test('totals count the tokens that are alive for whoever asks', async () => {
  await using t = await startTestApp()
  const member = await t.addUser('member01')
  const own = (await t.post('/api/service/apikeys', { displayName: 'own' }, { token: member.token })).json
  await create(t, 'bot')
  const totals = async (token: string, query = '') => {
    const { totalRecord, filterRecord, count } = (await t.get(`/api/service/apikeys?${query}`, { token })).json
    return [totalRecord, filterRecord, count]
  }
  assert.deepEqual(await totals(t.acme.token), [4, 4, 4])
  assert.deepEqual(await totals(t.acme.token, 'limit=1&filter=displayName%20eq%20%22own%22'), [4, 1, 1])
  assert.deepEqual(await totals(member.token), [2, 2, 2])
  assert.deepEqual(await totals(member.token, 'count=false'), [0, 0, 2])
  await t.delete(`/api/service/apikeys/${own.id}`, { token: member.token })
  assert.deepEqual(await totals(member.token), [1, 1, 1])
  await t.post(`/api/service/users/${member.id}/delete`)
  assert.deepEqual(await totals(t.acme.token), [2, 2, 2])
})
