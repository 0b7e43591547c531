import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { password } from '../start-test-app.ts'
import { Nodes, sizeOf } from './nodes.ts'

const rounds = sizeOf({ short: 4, full: 40 })
/** Every acceptance pays for a password; a race needs a few of them at each node. */
const attempts = sizeOf({ short: 4, full: 10 })

let nodes: Nodes

before(async () => {
  nodes = await Nodes.start()
})

after(() => nodes[Symbol.asyncDispose]())

async function link(email: string): Promise<{ userId: string; token: string }> {
  const userId = (await nodes.post('/api/service/users', { emails: [email] })).json.createdUsers[email]
  const filter = encodeURIComponent(JSON.stringify({ userId }))
  const { json } = await nodes.ask('GET', `/api/muster/invitations?filter=${filter}`)
  const answer = await nodes.post(`/api/muster/invitations/${json.records[0].id}/link`)
  return { userId, token: new URL(answer.json.link).searchParams.get('token') ?? '' }
}

test(`of ${attempts} acceptances of one link at once, on all nodes, exactly one succeeds, ${rounds} times (V-I3)`, async () => {
  for (let round = 0; round < rounds; round += 1) {
    const { userId, token } = await link(`race${round}@example.com`)
    const answers = await Promise.all(
      Array.from({ length: attempts }, () => nodes.post('/auth/accept-invite', { token, password }, { token: null })),
    )
    const outcomes = answers.map(({ status, json }) => (status === 200 ? 'done' : json.error)).toSorted()
    assert.deepEqual(outcomes, ['done', ...Array.from({ length: attempts - 1 }, () => 'invalid_invitation')])
    const again = await nodes.post('/auth/accept-invite', { token, password }, { token: null })
    assert.equal(again.status, 400, 'an old link stays old')
    const events = await nodes.db.selectFrom('events').select('type').where('subject_id', '=', userId).execute()
    assert.equal(events.filter(({ type }) => type === 'invitation.accepted').length, 1)
  }
})
