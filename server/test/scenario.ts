import type { EventName } from '../src/events/event-types.ts'
import { newText } from './authz-world.ts'
import type { TestApp } from './start-test-app.ts'
import type { RequestOptions } from './test-client.ts'

/** The one act whose events are looked at; as acme's admin unless another credential and host are given. */
export type Act = (as?: RequestOptions) => Promise<unknown>

/** Sets things up for the act. */
export type Arrange = (t: TestApp) => Promise<Act>

export interface Scenario {
  /** An operation of openapi.json, or what the host operator does. */
  readonly by: string
  readonly what: string
  readonly arrange: Arrange
  /** Exactly these, in this order. */
  readonly leaves: readonly EventName[]
  /** What the same act leaves when it is repeated at once; absent where it cannot be repeated. */
  readonly again?: readonly EventName[]
}

export interface Post {
  readonly path: string
  readonly body?: unknown
}

/** A request that is arranged and then sent. */
export function post(
  by: string,
  what: string,
  arrange: (t: TestApp) => Promise<Post>,
  leaves: readonly EventName[],
  again?: readonly EventName[],
): Scenario {
  const method = by.split(' ')[0] ?? ''
  const act: Arrange = async (t) => {
    const { path, body } = await arrange(t)
    return (as = {}) => t.request(method, path, { ...as, ...(body === undefined ? {} : { body }) })
  }
  return { by, what, arrange: act, leaves, ...(again === undefined ? {} : { again }) }
}

export function newEmail(): string {
  return `${newText()}@example.com`
}
