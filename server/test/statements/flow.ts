import assert from 'node:assert/strict'
import type { TestApp } from '../start-test-app.ts'
import type { Answer } from '../test-client.ts'

/** Something that goes on over several requests, each of which finds what those before it left. */
export interface Flow {
  readonly what: string
  readonly act: (t: TestApp) => Promise<void>
}

export async function expectStatus(answer: Promise<{ status: number; text: string }>, status: number): Promise<void> {
  const { status: found, text } = await answer
  assert.equal(found, status, text)
}

/** What was sent and did what it should. */
export async function sent(answer: Promise<Answer>): Promise<Answer> {
  const { status, text } = await answer
  assert.ok(status < 300, text)
  return answer
}

export const dayMs = 86_400_000
