import {
  check,
  find,
  fresh,
  get,
  newGroup,
  newUser,
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
} from '../check.ts'

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
