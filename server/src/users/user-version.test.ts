import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { stateOf } from './testdata/people.ts'

test('an update against the version that was read happens, and its answer carries the next one', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  let etag = String((await t.get(`/api/service/users/${id}`)).headers.etag)
  for (const firstName of ['A', 'B', 'B', 'C']) {
    const answer = await t.post(`/api/service/users/${id}`, { firstName }, { headers: { 'if-match': etag } })
    assert.equal(answer.status, 200, answer.text)
    etag = String(answer.headers.etag)
    assert.equal((await t.get(`/api/service/users/${id}`)).headers.etag, etag)
  }
})

test('an update against another version is 412 without any effect', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const { etag } = (await t.get(`/api/service/users/${id}`)).headers
  await t.post(`/api/service/users/${id}`, { firstName: 'A' })
  const before = await stateOf(t, id)
  for (const ifMatch of [String(etag), '"0"', '""', 'x', `W/${etag}`, '"a", "b"', '""*""']) {
    for (const body of [{ firstName: 'B' }, {}, { enabled: false, groups: [] }]) {
      const { status, json } = await t.post(`/api/service/users/${id}`, body, { headers: { 'if-match': ifMatch } })
      assert.deepEqual([status, json.error], [412, 'version_mismatch'], ifMatch)
    }
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('a list of versions with the right one in it, or a star, lets the update through', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const etag = async () => String((await t.get(`/api/service/users/${id}`)).headers.etag)
  for (const [index, ifMatch] of ['*', `"x", ${await etag()}`].entries()) {
    const current = ifMatch === '*' ? ifMatch : `"x", ${await etag()}, "y"`
    assert.equal(
      (await t.post(`/api/service/users/${id}`, { firstName: String(index) }, { headers: { 'if-match': current } }))
        .status,
      200,
      current,
    )
  }
})

test('a membership or persona that changed meanwhile counts as another version', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const etag = async () => String((await t.get(`/api/service/users/${id}`)).headers.etag)
  const update = async (ifMatch: string) =>
    (await t.post(`/api/service/users/${id}`, { firstName: 'X' }, { headers: { 'if-match': ifMatch } })).status
  const first = await etag()
  await t.post(`/api/service/groups/${group}/members`, { users: [id] })
  assert.equal(await update(first), 412)
  const second = await etag()
  const { json: persona } = await t.post('/api/service/personas', { name: 'base' })
  await t.post(`/api/service/personas/${persona.id}/subjects`, { users: [], groups: [group] })
  assert.equal(await update(second), 412)
  assert.equal(await update(await etag()), 200)
})

test('somebody who may not change the user learns of no version', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const other = await t.invite('user02@example.com')
  for (const ifMatch of ['"x"', String((await t.get(`/api/service/users/${other}`)).headers.etag)]) {
    assert.equal(
      (
        await t.post(
          `/api/service/users/${other}`,
          { firstName: 'X' },
          { token: user.token, headers: { 'if-match': ifMatch } },
        )
      ).status,
      403,
    )
  }
})
