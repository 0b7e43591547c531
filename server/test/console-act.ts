import { systemActor } from '../src/access/actor.ts'
import { permissionsOf } from '../src/access/permissions.ts'
import { createGroup } from '../src/groups/groups.service.ts'
import type { TestApp } from './start-test-app.ts'

/** What a person does signed in: an event of their own. There is no signing in yet, so the service is called as it will be then. */
export async function actInConsole(t: TestApp, userId: string, groupName: string): Promise<void> {
  const { rights, expiresAt } = systemActor
  const permissions = permissionsOf('$admin')
  const actor = {
    kind: 'user',
    id: userId,
    name: 'somebody',
    userId,
    credentialId: '',
    role: '$admin',
    permissions,
    rights,
    expiresAt,
    confirmedAt: null,
  } as const
  const origin = { address: '192.0.2.7', userAgent: 'test', door: 'console' } as const
  const group = { name: groupName, alias: null, attributes: {}, isDefault: false, memberIds: [] }
  await createGroup({ ...t.operator(), actor, origin }, group)
}
