import { tokenList } from '../src/api-tokens/api-tokens.fields.ts'
import { decentralizedRoleList } from '../src/decentralized-roles/decentralized-roles.fields.ts'
import { boundMemberList } from '../src/groups/bound-members.fields.ts'
import { groupList } from '../src/groups/groups.fields.ts'
import { invitationList } from '../src/invitations/invitations.fields.ts'
import type { ListShape } from '../src/lists/list-shape.ts'
import { outboxList } from '../src/mail/outbox.fields.ts'
import { oauthClientList } from '../src/oauth-clients/oauth-clients.fields.ts'
import { personaList } from '../src/personas/personas.fields.ts'
import { purposeList } from '../src/purposes/purposes.fields.ts'
import { roleList } from '../src/roles/roles.fields.ts'
import { roleGrantList, subRoleList } from '../src/user-roles/held-roles.fields.ts'
import { userList } from '../src/users/users.fields.ts'

/** Every list by its address, with what it can be asked; {group} and {user} bound the rows of those below them. */
export const listShapes: Readonly<Record<string, ListShape>> = {
  '/api/service/users': userList,
  '/api/service/groups/{group}/members': userList,
  '/api/muster/users': userList,
  '/api/muster/groups': groupList,
  '/api/service/groups': groupList,
  '/api/service/v2/groups': groupList,
  '/api/service/users/{user}/groups': groupList,
  '/api/service/roles': roleList,
  '/api/muster/groups/{group}/members': boundMemberList,
  '/api/muster/users/{user}/decentralized-roles': decentralizedRoleList,
  '/api/muster/users/{user}/role-grants': roleGrantList,
  '/api/muster/users/{user}/sub-roles': subRoleList,
  '/api/service/personas': personaList,
  '/api/service/purposes': purposeList,
  '/api/service/apikeys': tokenList,
  '/api/service/oauth-clients': oauthClientList,
  '/api/muster/invitations': invitationList,
  '/api/muster/outbox': outboxList,
}
