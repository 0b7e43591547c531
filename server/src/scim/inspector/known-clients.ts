import type { ScimProfile } from '../../scim-tokens/scim-rules.schema.ts'

interface KnownClient {
  readonly name: string
  readonly agent: RegExp
  /** Which profile suits it. */
  readonly profile: ScimProfile
}

/** By what they call themselves; nothing switches by itself, the inspector only suggests. contract/scim.md 6 */
const clients: readonly KnownClient[] = [
  { name: 'Okta', agent: /okta/i, profile: 'okta' },
  { name: 'Microsoft Entra ID', agent: /azure|entra|microsoft/i, profile: 'entra' },
  { name: 'OneLogin', agent: /onelogin/i, profile: 'lenient' },
  { name: 'JumpCloud', agent: /jumpcloud/i, profile: 'lenient' },
  { name: 'Google Workspace', agent: /google/i, profile: 'lenient' },
  { name: 'Ping', agent: /ping/i, profile: 'lenient' },
  { name: 'Rippling', agent: /rippling/i, profile: 'lenient' },
  { name: 'authentik', agent: /authentik/i, profile: 'lenient' },
]

/** Empty when nobody known calls itself so. */
export function clientName(userAgent: string): string {
  return clients.find(({ agent }) => agent.test(userAgent))?.name ?? ''
}

export function suitedProfile(client: string): ScimProfile | undefined {
  return clients.find(({ name }) => name === client)?.profile
}
