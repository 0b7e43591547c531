import {
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

const credentialSentence = 'The bearer token is not valid for this endpoint.'

/** 5.1: transport, authentication, versions. */
export const transport: readonly Check[] = [
  check(1, 'the base has no query, and what stands below it is relative to it', async (scim) => {
    same(new URL(scim.base).search, '', 'query of the base')
    const { id, meta } = await newUser(scim)
    that(new URL(meta.location).pathname.endsWith(`/Users/${id}`), 'the location ends in /Users/<id>')
    same(new URL(meta.location).search, '', 'query of the location')
    status(await get(scim, `/Users/${id}`), 200)
  }),
  check(2, 'SCIM is served over TLS, or on a loopback address', async (scim) => {
    const { protocol, hostname } = new URL(scim.base)
    that(protocol === 'https:' || /^(localhost|127\.|\[::1\])/.test(hostname), `${protocol}//${hostname} is safe`)
  }),
  check(3, 'missing and bad credentials are 401 with a challenge and an Error body', async (scim) => {
    const none = await get(scim, '/Users?count=1', { token: null })
    refused(none, 401)
    same(none.headers['www-authenticate'], 'Bearer realm="scim"', 'the challenge without credentials')
    const bad = ['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer mscim_short', `Bearer ${scim.token}x`, `Token ${scim.token}`]
    for (const authorization of bad) {
      const answer = await get(scim, '/Users?count=1', { token: null, headers: { authorization } })
      refused(answer, 401)
      same(answer.json.detail, credentialSentence, 'the sentence for a bad credential')
      same(answer.headers['www-authenticate'], 'Bearer realm="scim", error="invalid_token"', 'the challenge')
    }
    refused(await get(scim, `/Users?access_token=${scim.token}`, { token: null }), 401)
  }),
  check(4, 'a token may do everything in its own workspace', async (scim) => {
    const { id } = await newUser(scim)
    const group = await newGroup(scim, { members: [{ value: id }] })
    status(await patch(scim, `/Users/${id}`, [{ op: 'replace', path: 'title', value: 'Lead' }]), 200, 204)
    status(await put(scim, `/Groups/${group.id}`, { schemas: [groupUrn], displayName: group.displayName }), 200)
    status(await remove(scim, `/Groups/${group.id}`), 204)
    status(await remove(scim, `/Users/${id}`), 204)
  }),
  ownCheck(5, 'a token lives for a limited, known time and ends when it is revoked', async (scim, own) => {
    const { id, token } = await own.issueToken()
    status(await get(scim, '/Users?count=1', { token }), 200)
    const { json } = await own.rest('GET', `/api/muster/scim/tokens`)
    const listed = json.records.find((one: { id: string }) => one.id === id)
    that(listed.expiresAt > Date.now() && listed.expiresAt < Date.now() + 5.1 * 31_536_000_000, 'it expires in time')
    status(await own.rest('DELETE', `/api/muster/scim/tokens/${id}`), 200, 204)
    refused(await get(scim, '/Users?count=1', { token }), 401)
  }),
  ownCheck(6, 'a token for reading reads, and every write with it is 403', async (scim, own) => {
    const { id: tokenId, token } = await own.issueToken({ access: 'read' })
    const user = await newUser(scim)
    const path = `/Users/${user.id}`
    status(await get(scim, path, { token }), 200)
    refused(await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim) }, { token }), 403)
    refused(await put(scim, path, { schemas: [userUrn], userName: user.userName }, { token }), 403)
    refused(await patch(scim, path, [{ op: 'remove', path: 'title' }], { token }), 403)
    refused(await remove(scim, path, { token }), 403)
    refused(await post(scim, '/Groups', { schemas: [groupUrn], displayName: fresh(scim) }, { token }), 403)
    const body = { schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'], Operations: [] }
    refused(await send(scim, 'POST', '/Bulk', { body, token }), 403)
    status(await own.rest('DELETE', `/api/muster/scim/tokens/${tokenId}`), 200, 204)
  }),
  check(7, 'Basic is not offered', async (scim) => {
    const answer = await get(scim, '/Users', { token: null })
    that(!/basic/i.test(String(answer.headers['www-authenticate'])), 'the challenge does not name Basic')
    const { authenticationSchemes } = await read(scim, '/ServiceProviderConfig')
    that(
      authenticationSchemes.every(({ type }: { type: string }) => type !== 'httpbasic'),
      'nor does the config',
    )
  }),
  check(8, 'discovery needs the token too', async (scim) => {
    for (const path of ['/ServiceProviderConfig', '/Schemas', '/ResourceTypes', '/nowhere'])
      refused(await get(scim, path, { token: null }), 401)
  }),
  check(9, 'v2 and no version are served, other versions are invalidVers', async (scim) => {
    const bare = scim.base.replace(/\/v2$/, '')
    status(await get(scim, `${bare}/Users?count=1`), 200)
    for (const version of ['v1', 'v3', 'v20']) refused(await get(scim, `${bare}/${version}/Users`), 400, 'invalidVers')
  }),
  check(10, 'unknown parameters are ignored, known ones match in any case', async (scim) => {
    const { userName } = await newUser(scim)
    const filter = encodeURIComponent(`userName eq "${userName}"`)
    const answer = await get(scim, `/Users?aadOptscim062020&FILTER=${filter}&Count=0&utm=1`)
    status(answer, 200)
    same(answer.json.totalResults, 1, 'totalResults')
    same(answer.json.Resources.length, 0, 'resources in the page')
  }),
  check(11, 'addresses are percent-decoded, and + is a space', async (scim) => {
    const displayName = `${fresh(scim)} Ä b`
    await newUser(scim, { displayName })
    const filter = encodeURIComponent(`displayName eq "${displayName}"`).replaceAll('%20', '+')
    same((await get(scim, `/Users?filter=${filter}`)).json.totalResults, 1, 'totalResults')
    same((await get(scim, `/Users?%66ilter=${filter}`)).json.totalResults, 1, 'totalResults with an encoded name')
  }),
  check(12, 'an id of nobody is 404 with one and the same body for every verb', async (scim) => {
    const bodies = new Set<string>()
    for (const type of ['Users', 'Groups'])
      for (const id of [nobody, '7', 'x'.repeat(300)]) {
        const answers = await everyVerb(scim, `/${type}/${id}`)
        for (const answer of answers) {
          refused(answer, 404)
          bodies.add(answer.text)
        }
      }
    same(bodies.size, 1, 'the number of different bodies')
  }),
  ownCheck(12, 'ids of another workspace do not exist here', async (scim, own) => {
    own.addTenant('elsewhere')
    const host = new URL(own.url).host.replace('127.0.0.1', 'elsewhere.localhost')
    refused(await get(scim, '/Users', { headers: { host } }), 401)
    const all = await find(scim, 'Users', 'emails co "elsewhere.example"')
    same(all.json.totalResults, 0, 'the number of users of the other workspace')
  }),
  check(13, 'bad credentials never lock the good ones out', async (scim) => {
    for (let round = 0; round < 25; round += 1) {
      const answer = await get(scim, '/Users?count=1', { token: `mscim_${'x'.repeat(43)}` })
      status(answer, 401, 429)
      if (answer.status === 429) that(answer.headers['retry-after'] !== undefined, '429 says when to come back')
      refused(answer, answer.status)
    }
    status(await get(scim, '/Users?count=1'), 200)
  }),
]

async function everyVerb(scim: Scim, path: string) {
  const isUser = path.startsWith('/Users')
  const body = isUser
    ? { schemas: [userUrn, enterpriseUrn], userName: fresh(scim) }
    : { schemas: [groupUrn], displayName: fresh(scim) }
  return [
    await get(scim, path),
    await put(scim, path, body),
    await patch(scim, path, [{ op: 'replace', path: isUser ? 'title' : 'displayName', value: 'x' }]),
    await remove(scim, path),
  ]
}
