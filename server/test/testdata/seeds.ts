/**
 * The requests and answers of the two seed documents (contract/seeds), character by character.
 * abc-123, grp-uuid, role-uuid-admin and uuid-new stand for real ids, <token> and $ACCESS_TOKEN for a token.
 */
export interface Seed {
  readonly title: string
  readonly request: string
  readonly status: number
  readonly answer: unknown
}

/** seeds/000_9a37b7cb4aa802ea.txt, "Core endpoints". */
export const userApi: readonly Seed[] = [
  {
    title: 'List Users',
    request: `GET /api/service/users?limit=20&offset=0
Authorization: Bearer <token>`,
    status: 200,
    answer: {
      records: [{ id: 'uuid', username: 'jdoe', email: 'jdoe@example.com', enabled: true }],
      count: 1,
      totalRecord: 50,
    },
  },
  {
    title: 'Get User by ID',
    request: `GET /api/service/users/abc-123
Authorization: Bearer <token>`,
    status: 200,
    answer: { id: 'abc-123', username: 'jdoe', email: 'jdoe@example.com', enabled: true, roles: ['$member'] },
  },
  {
    title: 'Invite / Create User',
    request: `POST /api/service/users
Authorization: Bearer <token>
Content-Type: application/json
{"emails":["newuser@example.com"],"roleName":"$member"}`,
    status: 200,
    answer: { createdUsers: { 'newuser@example.com': 'uuid-new' }, failedUsers: {} },
  },
  {
    title: 'Update User',
    request: `POST /api/service/users/abc-123
Authorization: Bearer <token>
Content-Type: application/json
{"firstName":"Jane","enabled":true}`,
    status: 200,
    answer: { id: 'abc-123', firstName: 'Jane', enabled: true },
  },
  {
    title: 'Disable / Deactivate User',
    request: `POST /api/service/users/abc-123
Authorization: Bearer <token>
Content-Type: application/json
{"enabled":false}`,
    status: 200,
    answer: { id: 'abc-123', enabled: false },
  },
  {
    title: 'Change User Role',
    request: `PUT /api/service/users/abc-123/roles
Authorization: Bearer <token>
Content-Type: application/json
{"roles":["role-uuid-admin"]}`,
    status: 204,
    answer: null,
  },
  {
    title: 'List Groups',
    request: `GET /api/service/groups?limit=20&offset=0
Authorization: Bearer <token>`,
    status: 200,
    answer: { records: [{ id: 'grp-uuid', name: 'Data Engineers', memberCount: 5 }], count: 1 },
  },
  {
    title: 'Add User to Group',
    request: `POST /api/service/groups/grp-uuid/members
Authorization: Bearer <token>
Content-Type: application/json
{"users":["abc-123"]}`,
    status: 200,
    answer: { added: ['abc-123'] },
  },
]

/** seeds/002_d77b53854248508c.txt, the official reference of "List users". */
export const listUsersCurl = `curl \\
-X GET https://tenant.atlan.com/api/service/users \\
-H "Authorization: Bearer $ACCESS_TOKEN"`

export const listUsersAnswer = {
  totalRecord: 3,
  filterRecord: 3,
  records: [
    {
      id: '9cdc2c2e-6d60-448c-a083-0f4a295499ea',
      username: 'jsmith',
      firstName: 'Jane',
      lastName: 'Smith',
      email: 'jsmith@example.com',
      emailVerified: true,
      enabled: true,
      attributes: {
        invitedAt: ['2022-02-23T21:51:43Z'],
        invitedBy: ['jsmith'],
        invitedByName: ['Jane Smith'],
        designation: [''],
      },
      groupCount: 1,
      decentralizedRoles: [{ roleId: '90af78ec-998f-4939-aa23-2159c7312b6e', level: 'connection', privilege: 'admin' }],
      defaultRoles: ['offline_access', 'uma_authorization', '$guest'],
      roles: ['string'],
      personas: [{ id: '3f94d413-ae47-4ddb-a5a9-1b286e7eb04e', name: 'Base', displayName: 'Base' }],
      purposes: [{ id: '12846d83-d117-42e1-a0fd-823dfa75e876', name: 'Restricted Protection' }],
      createdTimestamp: 1645653103555,
      lastLoginTime: 42,
      loginEvents: [
        {
          clientId: 'atlan-frontend',
          details: {},
          ipAddress: '10.110.9.149',
          realmId: 'default',
          sessionId: 'ceb0cd29-fd3d-40ca-a3b2-a83c6e00cd5d',
          time: 1651679584113,
          type: 'LOGIN',
          userId: '53954c95-47f8-49b3-9812-23eb40fb07cc',
        },
      ],
      adminEvents: [
        {
          authDetails: {
            clientId: '2a292d66-65b7-4293-a96d-42e6378e2dc0',
            ipAddress: '10.100.0.185',
            realmId: 'default',
            userId: '9cdc2c2e-6d60-448c-a083-0f4a295499ea',
          },
          operationType: 'CREATE',
          realmId: 'default',
          representation: 'string',
          resourcePath: 'users/ef8abf95-f3b9-475f-aef0-8477ed1a49f1/role-mappings/realm',
          resourceType: 'REALM_ROLE_MAPPING',
          time: 1645653103555,
        },
      ],
    },
  ],
}
