import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import type { TestApp } from '../start-test-app.ts'
import { commandKinds, lookAtAll, type Command } from './commands.ts'
import { makeWorld } from './world.ts'

interface Plan {
  readonly sequences: number
  readonly commandsMax: number
  readonly seed: number
  /** Where in the shrinking of the seed's sequences the counterexample was, as fast-check printed it. */
  readonly path?: string
  readonly replayPath?: string
}

export interface Ran {
  readonly sequences: number
  readonly commands: number
  /** What to replay it with, and what went wrong. */
  readonly failures: readonly { readonly seed: number; readonly text: string }[]
}

/** Sequences of one seed: so many are run again to see one failure again. */
export const sequencesPerSeed = 25

export function newSeed(): number {
  return randomInt(1, 2 ** 31 - 1)
}

/** Random sequences of requests to two tenants of one server, each compared with a model in memory. */
export async function runSequences(t: TestApp, plan: Plan): Promise<Ran> {
  const tally = { commands: 0 }
  let sequences = 0
  const failures: Ran['failures'][number][] = []
  for (let seed = plan.seed; sequences < plan.sequences; seed += 1) {
    const numRuns = Math.min(sequencesPerSeed, plan.sequences - sequences)
    sequences += numRuns
    const found = await fc.check(
      fc.asyncProperty(commandsOf(plan), (commands) => runOne(t, commands, tally)),
      { seed, numRuns, ...(plan.path === undefined ? {} : { path: plan.path }), endOnFailure: false },
    )
    if (found.failed) failures.push({ seed, text: (await fc.asyncDefaultReportMessage(found)) ?? 'failed' })
  }
  return { sequences, commands: tally.commands, failures }
}

function commandsOf({ commandsMax, replayPath }: Plan) {
  return fc.commands(commandKinds, {
    maxCommands: commandsMax,
    size: 'max',
    ...(replayPath === undefined ? {} : { replayPath }),
  })
}

async function runOne(t: TestApp, commands: Iterable<Command>, tally: { commands: number }): Promise<void> {
  const world = await makeWorld(t)
  await fc.asyncModelRun(() => ({ model: world, real: tally }), commands)
  await lookAtAll(world)
}
