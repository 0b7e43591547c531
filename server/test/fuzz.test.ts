import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { listOperations, type ContractPage } from './contract-page.ts'
import { newSeed, runFuzz } from './fuzz/run-fuzz.ts'
import { unseenStatuses } from './fuzz/unseen-statuses.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

let t: TestApp
let page: ContractPage

before(async () => {
  t = await startTestApp()
  page = JSON.parse(JSON.stringify(t.http.swagger()))
})

after(() => t[Symbol.asyncDispose]())

test('2,000 requests drawn from openapi.json get no 5xx, and nothing that the page does not declare (F-22)', async () => {
  const seed = newSeed()
  const { requests, operations, statuses, failures } = await runFuzz(t, { requests: 2_000, seed, extraMax: 0 })
  console.log(
    `fuzz: ${requests} requests, ${statuses.seen} of ${statuses.declared} declared statuses seen, seed ${seed}`,
  )
  assert.equal(failures.join('\n'), '', `npm run test:fuzz -- --seed ${seed} --requests 2000`)
  assert.ok(requests >= 2_000)
  assert.deepEqual(
    operations.toSorted(),
    listOperations(page)
      .map(({ name }) => name)
      .toSorted(),
  )
})

test('the list of statuses that the fuzz does not bring about names only what the page declares', () => {
  const declared = listOperations(page)
  const stale = unseenStatuses.filter(
    ({ op, status }) => !declared.some(({ name, spec }) => (op ?? name) === name && String(status) in spec.responses),
  )
  assert.deepEqual(stale, [])
})
