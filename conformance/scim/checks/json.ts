import {
  check,
  enterpriseUrn,
  find,
  fresh,
  get,
  newUser,
  ownCheck,
  post,
  put,
  read,
  refused,
  same,
  status,
  that,
  userUrn,
  type Check,
  type Scim,
} from '../check.ts'

/** 5.2: media types and JSON. */
export const json: readonly Check[] = [
  check(14, 'JSON goes in and out as UTF-8', async (scim) => {
    const displayName = 'Zoë 陳 𝒳 "quoted"'
    const { id } = await newUser(scim, { displayName })
    const answer = await get(scim, `/Users/${id}`)
    same(answer.json.displayName, displayName, 'displayName')
  }),
  check(15, 'answers are application/scim+json whatever Accept says', async (scim) => {
    for (const accept of ['application/scim+json', 'application/json', '*/*', 'text/html', undefined]) {
      const answer = await get(scim, '/Users?count=0', { headers: accept === undefined ? {} : { accept } })
      status(answer, 200)
      const media = String(answer.headers['content-type'])
      that(/^application\/(scim\+)?json/.test(media), `${media} is a media type of SCIM`)
      if (accept !== 'application/json') that(media.startsWith('application/scim+json'), `${media} for ${accept}`)
    }
  }),
  check(16, 'both media types with a charset are read; others and encodings are 415', async (scim) => {
    for (const type of ['application/json', 'application/scim+json; charset=UTF-8', 'Application/JSON;charset="utf-8"'])
      status(await postAs(scim, { 'content-type': type }), 201)
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])
      refused(await postAs(scim, { 'content-type': type }), 415)
    refused(await postAs(scim, { 'content-encoding': 'gzip' }), 415)
    const polluted = `{"schemas":["${userUrn}"],"userName":"${fresh(scim)}","__proto__":{"x":1}}`
    refused(await post(scim, '/Users', undefined, { raw: polluted }), 400, 'invalidSyntax')
  }),
  check(17, 'every body has schemas, not empty and without doubles, in any order', async (scim) => {
    for (const schemas of [undefined, [], 'x', [userUrn, userUrn], [7]])
      refused(await post(scim, '/Users', { schemas, userName: fresh(scim) }), 400)
    const body = { userName: fresh(scim), [enterpriseUrn]: { department: 'D' }, schemas: [enterpriseUrn, userUrn] }
    status(await post(scim, '/Users', body), 201)
  }),
  ownCheck(
    17,
    'unknown schema URNs are ignored and not echoed, or invalidValue where read strictly',
    async (scim, own) => {
      const schemas = [userUrn, 'urn:example:unknown']
      same((await newUser(scim, { schemas })).schemas, [userUrn], 'schemas')
      await own.withRules({ unknownInput: 'refuse' }, async () => {
        refused(await post(scim, '/Users', { schemas, userName: fresh(scim) }), 400, 'invalidValue')
      })
    },
  ),
  check(18, 'URNs of messages are not published as schemas', async (scim) => {
    const { Resources } = await read(scim, '/Schemas')
    that(
      Resources.every(({ id }: { id: string }) => !id.includes(':messages:')),
      'no message is among the schemas',
    )
    refused(await get(scim, '/Schemas/urn:ietf:params:scim:api:messages:2.0:PatchOp'), 404)
  }),
  check(19, 'the order of members does not matter', async (scim) => {
    const userName = fresh(scim)
    const raw = `{"name":{"familyName":"L","givenName":"F"},"userName":"${userName}","schemas":["${userUrn}"]}`
    const answer = await post(scim, '/Users', undefined, { raw })
    status(answer, 201)
    same(answer.json.name, { givenName: 'F', familyName: 'L' }, 'name')
  }),
  check(20, 'null, [] and absence are one state and left out of answers', async (scim) => {
    const made = await newUser(scim, { title: null, emails: [], nickName: null, name: {}, roles: null })
    for (const name of ['title', 'emails', 'nickName', 'name', 'roles']) that(!(name in made), `${name} is left out`)
  }),
  check(21, 'names match in any case and are answered in the spelling of the schema', async (scim) => {
    const body = {
      SCHEMAS: [userUrn],
      USERNAME: fresh(scim),
      eMails: [{ VALUE: `${fresh(scim)}@ex.test`, Primary: true }],
    }
    const answer = await post(scim, '/Users', body)
    status(answer, 201)
    same(Object.keys(answer.json.emails[0]).toSorted(), ['primary', 'value'], 'names in emails')
    const found = await find(
      scim,
      'Users',
      `USERNAME eq "${answer.json.userName}"`,
      '&attributes=USERname&sortBy=USERNAME',
    )
    same(found.json.Resources[0].userName, answer.json.userName, 'userName')
  }),
  check(22, 'names of one object that differ only in case are invalidSyntax', async (scim) => {
    const raw = `{"schemas":["${userUrn}"],"userName":"${fresh(scim)}","title":"a","Title":"b"}`
    refused(await post(scim, '/Users', undefined, { raw }), 400, 'invalidSyntax')
  }),
  check(23, 'malformed and deeply nested JSON is an invalidSyntax Error', async (scim) => {
    for (const raw of ['{', '', 'x', '[]', '"text"', `{"a":${'['.repeat(40)}${']'.repeat(40)}}`])
      refused(await post(scim, '/Users', undefined, { raw }), 400, 'invalidSyntax')
  }),
  check(24, 'extension data counts under its URN alone', async (scim) => {
    const made = await newUser(scim, { schemas: [userUrn, enterpriseUrn], [enterpriseUrn]: { department: 'R' } })
    same(made[enterpriseUrn], { department: 'R' }, 'the extension')
    that(!('department' in made), 'department stands under its URN')
  }),
  ownCheck(24, 'unknown attributes are ignored, or invalidSyntax where read strictly', async (scim, own) => {
    const made = await newUser(scim, { shoeSize: 43 })
    that(!('shoeSize' in made), 'it is not echoed')
    await own.withRules({ unknownInput: 'refuse' }, async () => {
      const body = { schemas: [userUrn], userName: fresh(scim), shoeSize: 43 }
      refused(await post(scim, '/Users', body), 400, 'invalidSyntax')
      refused(await put(scim, `/Users/${made.id}`, body), 400, 'invalidSyntax')
    })
  }),
]

function postAs(scim: Scim, headers: Record<string, string>) {
  return post(scim, '/Users', { schemas: [userUrn], userName: fresh(scim) }, { headers })
}
