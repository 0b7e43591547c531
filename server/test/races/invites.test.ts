import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Nodes, sizeOf } from './nodes.ts'

const rounds = sizeOf({ short: 3, full: 10 })
const clients = sizeOf({ short: 60, full: 200 })

let nodes: Nodes

before(async () => {
  nodes = await Nodes.start()
})

after(() => nodes[Symbol.asyncDispose]())

/** Ways to type one address: upper case, look-alikes that NFKC makes equal, another dot, blanks around it. */
const spellings: readonly ((address: string) => string)[] = [
  (address) => address,
  (address) => address.toUpperCase(),
  (address) => address.replaceAll('k', '\u212a'),
  (address) => address.replaceAll('s', '\u017f'),
  (address) => [...address].map((character) => (/[a-z]/.test(character) ? fullWidth(character) : character)).join(''),
  (address) => address.replace('@', '\uff20'),
  (address) => address.replaceAll('.', '\uff0e'),
  (address) => ` ${address} `,
  (address) => [...address].map((character, index) => (index % 2 === 0 ? character.toUpperCase() : character)).join(''),
]

function fullWidth(character: string): string {
  return String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0)
}

test(`${clients} invitations of one address at once, however it is typed, make one user and one mail, ${rounds} times`, async () => {
  for (let round = 0; round < rounds; round += 1) {
    const address = `sk.race${round}@example.com`
    const answers = await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        const email = spellings[client % spellings.length]?.(address) ?? address
        const body =
          client % 2 === 0 ? { emails: [email], roleName: '$member' } : { users: [{ email, roleName: '$member' }] }
        return { email, answer: await nodes.post('/api/service/users', body) }
      }),
    )
    for (const { answer } of answers) assert.equal(answer.status, 200, answer.text)
    const ids = new Set(answers.map(({ email, answer }) => idIn(answer.json, email)))
    assert.equal(ids.size, 1, [...ids].join())
    const [id = ''] = ids
    await expectOne(id, address)
  }
  await expectTotals(rounds)
})

/** The two forms of the call answer in two forms. */
function idIn(json: { createdUsers: Record<string, string> | { userId: string }[] }, email: string): string {
  return (
    JSON.stringify(json.createdUsers).match(/[0-9a-f]{8}-[0-9a-f-]{27}/)?.[0] ??
    `none for ${email}: ${JSON.stringify(json)}`
  )
}

async function expectOne(userId: string, address: string): Promise<void> {
  const users = await nodes.db.selectFrom('users').select('id').where('email_key', '=', address).execute()
  assert.deepEqual(users, [{ id: userId }])
  const invitations = await nodes.db.selectFrom('invitations').select('id').where('user_id', '=', userId).execute()
  assert.equal(invitations.length, 1)
  const invitationId = invitations[0]?.id ?? ''
  const mails = await nodes.db.selectFrom('outbox').select('id').where('subject_id', '=', invitationId).execute()
  assert.equal(mails.length, 1)
  const events = await nodes.db.selectFrom('events').select('type').where('subject_id', '=', userId).execute()
  assert.deepEqual(events.map(({ type }) => type).toSorted(), ['invitation.sent', 'user.created'])
}

/** The first admin comes on top. */
async function expectTotals(invited: number): Promise<void> {
  const counters = await nodes.db.selectFrom('counters').select(['name', 'value']).execute()
  const valueOf = (name: string) => counters.find((counter) => counter.name === name)?.value
  assert.deepEqual([valueOf('users'), valueOf('invitations')], [invited + 1, invited + 1])
  const roles = await nodes.db.selectFrom('roles').select(['name', 'member_count']).execute()
  assert.equal(roles.find((role) => role.name === '$member')?.member_count, invited)
}
