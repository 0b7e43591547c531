import { check, find, fresh, get, newUser, post, put, refused, same, that, userUrn, type Check } from '../check.ts'
import { send } from '../client.ts'

/** 5.3: errors. */
export const errors: readonly Check[] = [
  check(25, 'every refusal has an Error body with status as a text and a detail without values', async (scim) => {
    const secret = `${fresh(scim)}-secret`
    const answer = await post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim), active: secret })
    refused(answer, 400, 'invalidValue')
    that(!answer.text.includes(secret), 'the value is not echoed')
    that(answer.json.detail.includes('active'), 'the attribute is named')
  }),
  check(26, 'the status says what kind of refusal it is', async (scim) => {
    const user = await newUser(scim)
    refused(await get(scim, '/Nothing'), 404)
    refused(await post(scim, '/Users', { schemas: [userUrn], userName: user.userName }), 409)
    refused(await get(scim, '/Me'), 501)
    const headers = { 'if-match': 'W/"nothing"' }
    refused(await put(scim, `/Users/${user.id}`, { schemas: [userUrn], userName: user.userName }, { headers }), 412)
    refused(await post(scim, '/Users', { schemas: [userUrn], userName: 'x', title: 'x'.repeat(1_100_000) }), 413)
  }),
  check(27, 'scimType is one of those the RFCs define', async (scim) => {
    const user = await newUser(scim)
    refused(await find(scim, 'Users', 'userName zz "x"'), 400, 'invalidFilter')
    refused(await post(scim, '/Users', { schemas: [userUrn], userName: user.userName }), 409, 'uniqueness')
    const path = `/Users/${user.id}`
    const operation = (op: object) => send(scim, 'PATCH', path, { body: message(op) })
    refused(await operation({ op: 'replace', path: 'id', value: 'x' }), 400, 'mutability')
    refused(await operation({ op: 'replace', path: 'shoe', value: 'x' }), 400, 'invalidPath')
    refused(await operation({ op: 'remove' }), 400, 'noTarget')
    refused(await operation({ op: 'replace', path: 'active', value: 7 }), 400, 'invalidValue')
    refused(await operation({ op: 'move', path: 'active' }), 400, 'invalidSyntax')
    refused(await get(scim, '/Users?cursor=xx'), 400, 'invalidCursor')
  }),
  check(28, 'no refusal shows the inside of the server', async (scim) => {
    for (const path of ['/Users/%00', '/Users?filter=%00', '/%ff', '/Users/%ff', '/Schemas/%zz', '/Users?count=1e9']) {
      const answer = await get(scim, path)
      that(answer.status >= 400 && answer.status < 500, `${path} answered ${answer.status}`)
      refused(answer, answer.status)
      that(!/at .*\.ts|node_modules|select |sqlite|kysely/i.test(answer.text), 'the body shows nothing of the inside')
    }
  }),
  check(29, 'a verb that an address lacks is 405 with Allow', async (scim) => {
    for (const path of ['/ServiceProviderConfig', '/Schemas', '/ResourceTypes'])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await send(scim, method, path, method === 'DELETE' ? {} : { body: {} })
        refused(answer, 405)
        same(answer.headers.allow?.split(', ').includes('GET'), true, 'GET among the allowed')
      }
    refused(await send(scim, 'DELETE', '/Users'), 405)
    refused(await send(scim, 'GET', '/Bulk'), 405)
  }),
  check(30, 'an unknown address is a 404 Error', async (scim) => {
    for (const path of ['/Printers', '/Users/a/b', '/.search/x', '/Bulk/7', '/ServiceProviderConfig/x'])
      refused(await get(scim, path), 404)
  }),
]

function message(operation: object): object {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [operation] }
}
