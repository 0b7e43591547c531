import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { ApiError } from '../errors/api-error.ts'
import { HashQueue } from './hash-queue.ts'

test('so many passwords are hashed at once, so many wait, and one more is 503', async () => {
  const queue = new HashQueue({ passwordHashesPerCore: 2, passwordHashesWaitingMax: 3 })
  const atOnce = 2 * availableParallelism()
  let running = 0
  let most = 0
  const finish: (() => void)[] = []
  const work = async () => {
    most = Math.max(most, (running += 1))
    await new Promise<void>((resolve) => finish.push(resolve))
    running -= 1
  }
  const all = Array.from({ length: atOnce + 3 }, () => queue.run(work))
  await assert.rejects(
    async () => queue.run(work),
    (error) => error instanceof ApiError && error.code === 'unavailable' && error.headers['retry-after'] !== undefined,
  )
  while (finish.length > 0) {
    finish.shift()?.()
    await new Promise(setImmediate)
  }
  await Promise.all(all)
  assert.equal(most, atOnce)
  await queue.run(async () => {})
})

test('work that fails gives its place to the next', async () => {
  const queue = new HashQueue({ passwordHashesPerCore: 1, passwordHashesWaitingMax: 100 })
  for (let index = 0; index < 50; index += 1)
    await assert.rejects(
      queue.run(() => Promise.reject(new Error('no'))),
      /no/,
    )
  assert.equal(await queue.run(async () => 'yes'), 'yes')
})

test('people who accept at once beyond that are asked to come again, and nothing of theirs is used up', async () => {
  const env = { MUSTER_PASSWORD_HASHES_PER_CORE: '1', MUSTER_PASSWORD_HASHES_WAITING_MAX: '1' }
  await using t = await startTestApp({ env })
  const tokens: string[] = []
  for (let index = 0; index < availableParallelism() + 8; index += 1)
    tokens.push(await t.invitationToken(await t.invite(`person${index}@example.com`)))
  const accept = (token: string) =>
    t.post('/auth/accept-invite', { token, password: 'correct horse battery staple' }, { token: null })
  let answers = await Promise.all(tokens.map(accept))
  assert.ok(answers.some(({ status }) => status === 200) && answers.some(({ status }) => status === 503))
  while (answers.some(({ status }) => status === 503)) {
    const again = tokens.filter((_, index) => answers[index]?.status === 503)
    assert.ok(answers.every(({ status }) => status === 200 || status === 503))
    tokens.splice(0, tokens.length, ...again)
    answers = await Promise.all(again.map(accept))
  }
  assert.equal((await t.get('/api/service/users?filter=status eq "Enabled"'.replaceAll(' ', '%20'))).status, 200)
})
