import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DriverMaterial } from './driver.ts'
import type { Fixture } from './fixture.ts'
import { seededRandom } from './random.ts'
import type { Person } from './requests.ts'

/** Leaves for the driver's process what requests are made from; answers the file. */
export function writeMaterial({ folder }: Fixture, material: DriverMaterial): string {
  const file = join(folder, 'material.json')
  writeFileSync(file, JSON.stringify({ ...material, people: shuffled(material.people) } satisfies DriverMaterial), {
    mode: 0o600,
  })
  return file
}

/** The first thousand are those "recently read": anybody, not the eldest. */
function shuffled(people: readonly Person[]): Person[] {
  const random = seededRandom(1)
  return people
    .map((person) => ({ person, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ person }) => person)
}
