import {
  bulk,
  check,
  enterpriseUrn,
  find,
  fresh,
  get,
  groupUrn,
  newGroup,
  newUser,
  nobody,
  ownCheck,
  patch,
  post,
  put,
  read,
  refused,
  remove,
  same,
  status,
  that,
  userUrn,
  type Check,
  type Scim,
} from '../check.ts'
import { send } from '../client.ts'

const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

function made(scim: Scim, bulkId: string, more: object = {}): object {
  return { method: 'POST', path: '/Users', bulkId, data: { schemas: [userUrn], userName: fresh(scim), ...more } }
}

function madeGroup(scim: Scim, bulkId: string, ...members: readonly string[]): object {
  const data = { schemas: [groupUrn], displayName: fresh(scim), members: members.map((value) => ({ value })) }
  return { method: 'POST', path: '/Groups', bulkId, data }
}

function idIn(result: { location: string }): string {
  return result.location.split('/').at(-1) ?? ''
}

/** 5.18: delete and versions. */
export const versions: readonly Check[] = [
  check(172, 'what is deleted is 404 for every verb, out of lists and groups, and its name is free', async (scim) => {
    const user = await newUser(scim)
    const group = await newGroup(scim, { members: [{ value: user.id }] })
    const path = `/Users/${user.id}`
    const gone = await remove(scim, path)
    status(gone, 204)
    same(gone.text, '', 'the body')
    refused(await get(scim, path), 404)
    refused(await put(scim, path, { schemas: [userUrn], userName: user.userName }), 404)
    refused(await patch(scim, path, [{ op: 'remove', path: 'title' }]), 404)
    refused(await remove(scim, path), 404)
    same((await find(scim, 'Users', `userName eq "${user.userName}"`)).json.totalResults, 0, 'matches')
    that(!('members' in (await read(scim, `/Groups/${group.id}`))), 'it is in no group')
    that((await newUser(scim, { userName: user.userName })).id !== user.id, 'the name is free, the id is not')
  }),
  check(173, 'DELETE honours If-Match', async (scim) => {
    for (const [type, resource] of [
      ['Users', await newUser(scim)],
      ['Groups', await newGroup(scim)],
    ] as const) {
      const path = `/${type}/${resource.id}`
      refused(await remove(scim, path, { headers: { 'if-match': 'W/"other"' } }), 412)
      status(await remove(scim, path, { headers: { 'if-match': resource.meta.version } }), 204)
    }
  }),
  check(174, 'answers about one resource carry a weak ETag equal to meta.version', async (scim) => {
    const answer = await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim) })
    const path = `/Users/${answer.json.id}`
    const answers = [
      answer,
      await get(scim, path),
      await put(scim, path, { ...answer.json, title: 'T' }),
      await patch(scim, `${path}?attributes=meta`, [{ op: 'replace', path: 'title', value: 'U' }]),
    ]
    for (const { headers, json } of answers) {
      that(/^W\/"[^"]+"$/.test(String(headers.etag)), `${headers.etag} is weak`)
      same(json.meta.version, headers.etag, 'meta.version')
    }
  }),
  check(175, 'If-None-Match and If-Match take lists and *, and compare weakly', async (scim) => {
    const { id, meta } = await newUser(scim)
    const path = `/Users/${id}`
    const strong = meta.version.replace(/^W\//, '')
    for (const tag of [meta.version, `"x", ${meta.version}`, '*', strong]) {
      status(await get(scim, path, { headers: { 'if-none-match': tag } }), 304)
      status(await patch(scim, path, [], { headers: { 'if-match': tag } }), 200, 204)
    }
    status(await get(scim, path, { headers: { 'if-none-match': '"x", W/"y"' } }), 200)
    refused(await patch(scim, path, [], { headers: { 'if-match': '"x", W/"y"' } }), 412)
  }),
]

/** 5.18: Bulk and /Me. */
export const bulks: readonly Check[] = [
  check(176, 'Bulk creates, replaces, changes and deletes; a POST needs a bulkId of its own', async (scim) => {
    const [one, two, three] = [await newUser(scim), await newUser(scim), await newUser(scim)]
    const { json } = await bulk(scim, [
      made(scim, 'a'),
      { method: 'PUT', path: `/Users/${one.id}`, data: { schemas: [userUrn], userName: one.userName, title: 'T' } },
      {
        method: 'patch',
        path: `/Users/${two.id}`,
        data: { schemas: [patchUrn], Operations: [{ op: 'add', path: 'title', value: 'U' }] },
      },
      { method: 'DELETE', path: `/Users/${three.id}` },
    ])
    same(
      json.Operations.map((result: { status: string }) => result.status),
      ['201', '200', '200', '204'],
      'statuses',
    )
    same(
      [(await read(scim, `/Users/${one.id}`)).title, (await read(scim, `/Users/${two.id}`)).title],
      ['T', 'U'],
      'titles',
    )
    refused(await get(scim, `/Users/${three.id}`), 404)
    const bad = await bulk(scim, [
      { method: 'POST', path: '/Users', data: { schemas: [userUrn], userName: fresh(scim) } },
      made(scim, 'twice'),
      made(scim, 'twice'),
      made(scim, 'good'),
    ])
    same(
      bad.json.Operations.map((result: { status: string }) => result.status),
      ['400', '201', '400', '201'],
      'statuses',
    )
  }),
  check(177, 'each result has method, bulkId, location, status and version, or the error', async (scim) => {
    const taken = await newUser(scim)
    const answer = await bulk(scim, [made(scim, 'a'), made(scim, 'b', { userName: taken.userName })])
    status(answer, 200)
    same(answer.json.schemas, ['urn:ietf:params:scim:api:messages:2.0:BulkResponse'], 'schemas')
    const [good, bad] = answer.json.Operations
    same([good.method, good.bulkId, good.status], ['POST', 'a', '201'], 'what was made')
    same(
      (await read(scim, `/Users/${idIn(good)}`)).meta,
      { ...(await read(scim, `/Users/${idIn(good)}`)).meta, location: good.location, version: good.version },
      'location and version',
    )
    same([bad.method, bad.bulkId, bad.status, 'location' in bad], ['POST', 'b', '409', false], 'what was refused')
    same([bad.response.status, bad.response.scimType], ['409', 'uniqueness'], 'the error')
    const gone = await bulk(scim, [{ method: 'DELETE', path: `/Users/${nobody}` }])
    const [missing] = gone.json.Operations
    same([missing.status, missing.response.status], ['404', '404'], 'what is not there')
    that(missing.location.endsWith(`/v2/Users/${nobody}`), 'its location is an address')
  }),
  check(178, 'status is a text', async (scim) => {
    const { json } = await bulk(scim, [made(scim, 'a')])
    same(json.Operations[0].status, '201', 'status')
  }),
  check(179, 'Bulk goes on after errors until failOnErrors is reached', async (scim) => {
    const { userName } = await newUser(scim)
    const bad = (bulkId: string) => made(scim, bulkId, { userName })
    const all = await bulk(scim, [bad('a'), made(scim, 'b'), bad('c'), made(scim, 'd')])
    same(
      all.json.Operations.map((one: { status: string }) => one.status),
      ['409', '201', '409', '201'],
      'statuses',
    )
    const some = await bulk(scim, [made(scim, 'a'), bad('b'), bad('c'), made(scim, 'd')], { failOnErrors: 1 })
    same(
      some.json.Operations.map((one: { status: string }) => one.status),
      ['201', '409'],
      'statuses',
    )
  }),
  check(180, 'a bulkId stands wherever a reference can, forward too', async (scim) => {
    const { json } = await bulk(scim, [
      madeGroup(scim, 'g', 'bulkId:u'),
      made(scim, 'u', { [enterpriseUrn]: { manager: { value: 'bulkId:m' } } }),
      made(scim, 'm'),
      {
        method: 'PATCH',
        path: '/Groups/bulkId:g',
        data: { schemas: [patchUrn], Operations: [{ op: 'add', path: 'members', value: [{ value: 'bulkId:m' }] }] },
      },
      {
        method: 'PATCH',
        path: '/Groups/bulkId:g',
        data: { schemas: [patchUrn], Operations: [{ op: 'remove', path: 'members[value eq "bulkId:u"]' }] },
      },
    ])
    same(
      json.Operations.map((one: { status: string }) => one.status),
      ['201', '201', '201', '200', '200'],
      'statuses',
    )
    const [group, user, boss] = json.Operations.map(idIn)
    same(
      (await read(scim, `/Groups/${group}`)).members.map(({ value }: { value: string }) => value),
      [boss],
      'members',
    )
    same((await read(scim, `/Users/${user}`))[enterpriseUrn].manager.value, boss, 'the manager')
  }),
  check(181, 'references in a ring are made where they can be, and 409 where not', async (scim) => {
    const managers = await bulk(scim, [
      made(scim, 'a', { [enterpriseUrn]: { manager: { value: 'bulkId:b' } } }),
      made(scim, 'b', { [enterpriseUrn]: { manager: { value: 'bulkId:a' } } }),
    ])
    const [a, b] = managers.json.Operations.map(idIn)
    same(
      [
        (await read(scim, `/Users/${a}`))[enterpriseUrn].manager.value,
        (await read(scim, `/Users/${b}`))[enterpriseUrn].manager.value,
      ],
      [b, a],
      'managers',
    )
    const groups = await bulk(scim, [
      madeGroup(scim, 'g', 'bulkId:h'),
      madeGroup(scim, 'h', 'bulkId:g'),
      made(scim, 'u'),
    ])
    const statuses = groups.json.Operations.map((one: { status: string }) => one.status)
    that(
      statuses.includes('409') && statuses[2] === '201',
      `one of ${statuses.join(', ')} is 409, and the user is made`,
    )
    const unknown = await bulk(scim, [madeGroup(scim, 'g', 'bulkId:nothing')])
    same(unknown.json.Operations[0].status, '409', 'status of what names nothing')
  }),
  check(182, 'too many operations or bytes are 413, with the limit named', async (scim) => {
    const { bulk: limits } = await read(scim, '/ServiceProviderConfig')
    const many = Array.from({ length: limits.maxOperations + 1 }, () => ({
      method: 'DELETE',
      path: `/Users/${nobody}`,
    }))
    const answer = await send(scim, 'POST', '/Bulk', {
      body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'], Operations: many },
    })
    refused(answer, 413)
    that(answer.json.detail.includes(String(limits.maxOperations)), 'maxOperations is named')
    const big = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [{ method: 'POST', path: '/Users', bulkId: 'a', data: { title: 'x'.repeat(limits.maxPayloadSize) } }],
    }
    const large = await send(scim, 'POST', '/Bulk', { body: big })
    refused(large, 413)
    that(large.json.detail.includes(String(limits.maxPayloadSize)), 'maxPayloadSize is named')
  }),
  check(183, 'POST stands on a type and other methods on a resource; Bulk is not nested', async (scim) => {
    const { json } = await bulk(scim, [
      { method: 'POST', path: `/Users/${nobody}`, bulkId: 'a', data: {} },
      { method: 'PUT', path: '/Users', data: {} },
      { method: 'POST', path: '/Bulk', bulkId: 'b', data: {} },
      { method: 'POST', path: '/Printers', bulkId: 'c', data: {} },
      { method: 'GET', path: '/Users' },
      made(scim, 'd'),
    ])
    const statuses = json.Operations.map((one: { status: string }) => one.status)
    same(
      statuses.map((code: string) => code[0]),
      ['4', '4', '4', '4', '4', '2'],
      'kinds of status',
    )
  }),
  check(184, 'version acts as If-Match', async (scim) => {
    const { id, userName, meta } = await newUser(scim)
    const data = { schemas: [userUrn], userName, title: 'T' }
    const { json } = await bulk(scim, [
      { method: 'PUT', path: `/Users/${id}`, version: 'W/"other"', data },
      { method: 'PUT', path: `/Users/${id}`, version: meta.version, data },
      { method: 'DELETE', path: `/Users/${id}`, version: meta.version },
    ])
    same(
      json.Operations.map((one: { status: string }) => one.status),
      ['412', '200', '412'],
      'statuses',
    )
  }),
  check(185, 'results come in the order of the operations', async (scim) => {
    const { json } = await bulk(scim, [
      madeGroup(scim, 'g', 'bulkId:c'),
      made(scim, 'a'),
      made(scim, 'b'),
      made(scim, 'c'),
    ])
    same(
      json.Operations.map((one: { bulkId: string }) => one.bulkId),
      ['g', 'a', 'b', 'c'],
      'bulkIds',
    )
  }),
  check(186, '/Me is 501', async (scim) => {
    refused(await get(scim, '/Me'), 501)
    refused(await send(scim, 'PATCH', '/Me', { body: {} }), 501)
    refused(await remove(scim, '/me'), 501)
  }),
  check(187, 'what ServiceProviderConfig says is so', async (scim) => {
    const config = await read(scim, '/ServiceProviderConfig')
    const user = await newUser(scim, { title: 'T' })
    same(
      [config.patch, config.sort, config.etag].map(({ supported }) => supported),
      [true, true, true],
      'features',
    )
    same([config.bulk.supported, config.filter.supported], [true, true], 'more features')
    status(await patch(scim, `/Users/${user.id}`, [{ op: 'remove', path: 'title' }]), 200, 204)
    status(await get(scim, '/Users?sortBy=userName&count=1'), 200)
    status(await get(scim, `/Users/${user.id}`, { headers: { 'if-none-match': '*' } }), 304)
    status(await bulk(scim, []), 200)
    const { json } = await get(scim, `/Users?count=${config.filter.maxResults + 50}`)
    that(json.Resources.length <= config.filter.maxResults, 'maxResults is kept')
  }),
]

/** 5.20: security and privacy. */
export const privacy: readonly Check[] = [
  check(198, 'what a client sends is never read as SQL', async (scim) => {
    const odd = [
      `x' or '1'='1`,
      `x"; drop table users; --`,
      `x\\' or 1=1 --`,
      '%',
      '_',
      `') union select 1 --`,
      '\u0001',
    ]
    for (const text of odd.slice(0, -1)) {
      const userName = `${fresh(scim)} ${text}`
      const user = await newUser(scim, { userName, title: text })
      const filter = `userName eq ${JSON.stringify(userName)} and title eq ${JSON.stringify(text)}`
      same(
        (await find(scim, 'Users', filter)).json.Resources.map(({ id }: { id: string }) => id),
        [user.id],
        'who matches',
      )
      const none = await find(scim, 'Users', `userName sw "${scim.run}" and userName eq ${JSON.stringify(text)}`)
      same(none.json.totalResults, 0, 'who matches the text alone')
    }
    for (const sortBy of ["userName' desc", 'userName; drop table users', '1'])
      refused(await get(scim, `/Users?sortBy=${encodeURIComponent(sortBy)}`), 400, 'invalidPath')
    status(await get(scim, '/Users?count=1'), 200)
  }),
  ownCheck(199, 'neither the log of the server nor the inspector shows secrets or query values', async (scim, own) => {
    const secret = `${fresh(scim)}-private`
    await find(scim, 'Users', `userName eq "${secret}"`)
    await newUser(scim, { password: `${secret}-password` })
    const printed = own.printed()
    that(!printed.includes(secret), 'no query value is in the log')
    that(!printed.includes(scim.token), 'no token is in the log')
    const log = await own.rest('GET', '/api/muster/scim/log')
    status(log, 200)
    that(!log.text.includes(`${secret}-password`) && !log.text.includes(scim.token), 'no secret is in the inspector')
  }),
  ownCheck(200, 'what the identity provider owns cannot be changed beside it', async (scim, own) => {
    const user = await newUser(scim, { active: true })
    const answer = await own.rest('POST', `/api/service/users/${user.id}/delete`, {})
    same([answer.status, answer.json.error], [409, 'managed_by_scim'], 'the answer to removing an enabled user')
    status(await get(scim, `/Users/${user.id}`), 200)
  }),
]
