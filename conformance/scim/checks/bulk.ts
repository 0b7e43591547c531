import {
  bulk,
  check,
  enterpriseUrn,
  fresh,
  get,
  groupUrn,
  newUser,
  nobody,
  patch,
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
