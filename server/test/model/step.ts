import fc, { type Arbitrary } from 'fast-check'
import { Refusal, type ModelActor, type Side } from './tenant-state.ts'

/** What one step is told: where it happens, who acts, and when. */
export interface Scene {
  readonly here: Side
  /** The other tenant: its ids and secrets must be worth nothing here. */
  readonly there: Side
  readonly now: number
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** Applied to the model once the server has agreed; takes over what the server alone can know, such as ids and secrets. */
// Answers have every shape; what is taken from them is compared later with what lists show.
// oxlint-disable-next-line typescript/no-explicit-any
export type Effect = (json: any) => void

/** A request, and the rule of the contract about it. */
export interface Move {
  readonly request: Request
  /** Of success, when it is not 200. */
  readonly status?: number
  /** No credential is asked for, or the step brings its own. */
  readonly isPublic?: true
  readonly secret?: string
  /** @throws Refusal: what the server must answer; the model has not changed then */
  readonly rule: (actor: ModelActor) => Effect
}

interface StepKind<Input> {
  readonly name: string
  readonly weight: number
  /** Drawn before anything happened, so it names things by their place in a list. */
  readonly input: Arbitrary<Input>
  /** Undefined where there is nothing to do it to. */
  readonly move: (scene: Scene, input: Input) => Move | undefined
}

/** One step of a sequence, as it was drawn. */
export interface Step {
  readonly name: string
  readonly input: unknown
  readonly move: (scene: Scene) => Move | undefined
}

export interface WeightedSteps {
  readonly weight: number
  readonly arbitrary: Arbitrary<Step>
}

export function step<Input>({ name, weight, input, move }: StepKind<Input>): WeightedSteps {
  return {
    weight,
    arbitrary: input.map((drawn): Step => ({ name, input: drawn, move: (scene) => move(scene, drawn) })),
  }
}

/** Names a thing of this tenant, of the other one, or nothing at all. */
export interface Ref {
  readonly of: 'here' | 'there' | 'nothing'
  readonly at: number
}

export const ref: Arbitrary<Ref> = fc.record({
  of: fc.oneof(
    { weight: 20, arbitrary: fc.constant('here' as const) },
    { weight: 1, arbitrary: fc.constant('there' as const) },
    { weight: 1, arbitrary: fc.constant('nothing' as const) },
  ),
  at: fc.oneof(fc.nat(2), fc.nat(9)),
})

export const refs: Arbitrary<readonly Ref[]> = fc.array(ref, { maxLength: 3 })

const nobody = '00000000-0000-4000-8000-000000000000'

type Kind = 'users' | 'groups' | 'personas' | 'tokens' | 'invitations'

export function idOf({ here, there }: Scene, kind: Kind, { of, at }: Ref): string {
  if (of === 'nothing') return nobody
  return pick([...(of === 'here' ? here : there).state[kind].keys()], at) ?? nobody
}

export function idsOf(scene: Scene, kind: Kind, which: readonly Ref[]): string[] {
  return which.map((one) => idOf(scene, kind, one))
}

export function pick<T>(things: readonly T[], at: number): T | undefined {
  return things[at % Math.max(things.length, 1)]
}

/** @throws Refusal 404 */
export function needAll(things: ReadonlyMap<string, unknown>, ids: readonly string[], code: string): void {
  if (!ids.every((id) => things.has(id))) throw new Refusal(404, code)
}

export const nothingHappens: Effect = () => {}
