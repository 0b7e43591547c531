import {
  check,
  enterpriseUrn,
  find,
  fresh,
  newGroup,
  newUser,
  nobody,
  ownCheck,
  patch,
  read,
  refused,
  same,
  status,
  that,
  userUrn,
  type Check,
  type Scim,
} from '../check.ts'
import { send } from '../client.ts'

const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

/** A user to be changed, and what becomes of them. */
async function changed(scim: Scim, before: object, ...operations: readonly object[]) {
  const { id } = await newUser(scim, before)
  const answer = await patch(scim, `/Users/${id}`, operations)
  status(answer, 200, 204)
  return read(scim, `/Users/${id}`)
}

async function refusing(scim: Scim, scimType: string, ...operations: readonly object[]): Promise<void> {
  const { id, meta } = await newUser(scim, { title: 'T', emails: [{ type: 'work', value: `${fresh(scim)}@ex.test` }] })
  refused(await patch(scim, `/Users/${id}`, operations), 400, scimType)
  same((await read(scim, `/Users/${id}`)).meta, meta, 'meta after the refusal')
}

/** 5.17: modify. */
export const patching: readonly Check[] = [
  check(152, 'a PatchOp needs its URN and a list of operations', async (scim) => {
    const { id } = await newUser(scim)
    for (const body of [
      { Operations: [{ op: 'remove', path: 'title' }] },
      { schemas: [patchUrn] },
      { schemas: [patchUrn], Operations: {} },
      { schemas: [patchUrn], Operations: ['x'] },
      [],
    ])
      refused(await send(scim, 'PATCH', `/Users/${id}`, { body }), 400, 'invalidSyntax')
  }),
  ownCheck(152, 'an empty list of operations does nothing, or is refused where read strictly', async (scim, own) => {
    const { id, meta } = await newUser(scim)
    status(await patch(scim, `/Users/${id}`, []), 200, 204)
    same((await read(scim, `/Users/${id}`)).meta, meta, 'meta')
    await own.withRules({ emptyOperations: 'refuse' }, async () => {
      refused(await patch(scim, `/Users/${id}`, []), 400, 'invalidSyntax')
    })
  }),
  check(153, 'op is add, remove or replace in any case', async (scim) => {
    const seen = await changed(
      scim,
      { title: 'T', nickName: 'N' },
      { op: 'ADD', path: 'locale', value: 'en' },
      { op: 'Replace', path: 'title', value: 'U' },
      { op: 'rEmove', path: 'nickName' },
    )
    same([seen.locale, seen.title, 'nickName' in seen], ['en', 'U', false], 'what became of them')
    for (const op of ['move', 'copy', '', null, 7])
      await refusing(scim, 'invalidSyntax', { op, path: 'title', value: 'x' })
  }),
  check(154, 'add and replace do without a path, remove does not', async (scim) => {
    const seen = await changed(
      scim,
      {},
      { op: 'add', value: { title: 'T' } },
      { op: 'replace', value: { nickName: 'N' } },
    )
    same([seen.title, seen.nickName], ['T', 'N'], 'values')
    await refusing(scim, 'noTarget', { op: 'remove' })
    await refusing(scim, 'noTarget', { op: 'remove', value: { title: 'T' } })
  }),
  check(155, 'a path that is broken or names nothing is invalidPath', async (scim) => {
    for (const path of [
      'shoe',
      'name.shoe',
      'emails[',
      'emails[type eq "work"',
      'emails[type eq]',
      'emails[shoe eq "x"]',
      'emails[type eq "work"].shoe',
      'title[type eq "x"]',
      'emails]',
      'urn:x:title',
      'a.b.c',
      'emails[type eq "work"]value',
      '.',
      'emails.value.x',
    ])
      await refusing(scim, 'invalidPath', { op: 'replace', path, value: 'x' })
    const paths = [
      `${userUrn}:title`,
      'TITLE',
      'name.givenName',
      `${userUrn}:name.familyName`,
      `${enterpriseUrn}:department`,
    ]
    const seen = await changed(scim, {}, ...paths.map((path) => ({ op: 'add', path, value: 'v' })))
    same(
      [seen.title, seen.name, seen[enterpriseUrn]],
      ['v', { givenName: 'v', familyName: 'v' }, { department: 'v' }],
      'values',
    )
  }),
  check(156, 'add and replace need a value, and a replace by null removes', async (scim) => {
    await refusing(scim, 'invalidValue', { op: 'add', path: 'title' })
    await refusing(scim, 'invalidValue', { op: 'replace', path: 'title' })
    const seen = await changed(scim, { title: 'T' }, { op: 'replace', path: 'title', value: null })
    that(!('title' in seen), 'it is gone')
  }),
  check(157, 'without a path the value is an object of attributes', async (scim) => {
    const value = { title: 'T', name: { givenName: 'G' }, [enterpriseUrn]: { department: 'D' }, shoe: 43 }
    const seen = await changed(scim, { name: { familyName: 'F' } }, { op: 'replace', value })
    same(
      [seen.title, seen.name, seen[enterpriseUrn]],
      ['T', { givenName: 'G', familyName: 'F' }, { department: 'D' }],
      'values',
    )
    await refusing(scim, 'invalidPath', { op: 'replace', value: { shoe: 43, hat: 1 } })
    await refusing(scim, 'invalidValue', { op: 'replace', value: 'text' })
  }),
  check(158, 'read-only and immutable values cannot be changed', async (scim) => {
    for (const path of ['id', 'meta', 'meta.created', 'groups', 'schemas', `${enterpriseUrn}:manager.displayName`])
      await refusing(scim, 'mutability', { op: 'replace', path, value: 'x' })
    const user = await newUser(scim)
    const group = await newGroup(scim, { members: [{ value: user.id }] })
    const operations = [{ op: 'replace', path: `members[value eq "${user.id}"].value`, value: nobody }]
    refused(await patch(scim, `/Groups/${group.id}`, operations), 400, 'mutability')
  }),
  check(159, 'operations are applied in order', async (scim) => {
    const seen = await changed(
      scim,
      {},
      { op: 'add', path: 'title', value: 'A' },
      { op: 'replace', path: 'title', value: 'B' },
      { op: 'add', path: `${enterpriseUrn}:costCenter`, value: 'C' },
      { op: 'remove', path: 'title' },
      { op: 'add', path: 'title', value: 'D' },
    )
    same([seen.title, seen.schemas], ['D', [userUrn, enterpriseUrn]], 'title and schemas')
  }),
  check(160, 'one operation that fails leaves everything as it was', async (scim) => {
    const user = await newUser(scim, { title: 'T' })
    const good = { op: 'replace', path: 'title', value: 'U' }
    refused(await patch(scim, `/Users/${user.id}`, [good, { op: 'add', path: 'shoe', value: 'x' }]), 400)
    same(await read(scim, `/Users/${user.id}`), user, 'the user')
    const group = await newGroup(scim)
    const operations = [
      { op: 'add', path: 'members', value: [{ value: user.id }] },
      { op: 'add', path: 'members', value: [{ value: nobody }] },
    ]
    refused(await patch(scim, `/Groups/${group.id}`, operations), 400, 'invalidValue')
    same(await read(scim, `/Groups/${group.id}`), group, 'the group')
  }),
  check(161, 'what becomes primary takes that from the others', async (scim) => {
    const [a, b] = [`${fresh(scim)}@ex.test`, `${fresh(scim)}@ex.test`]
    const emails = [
      { value: a, type: 'work', primary: true },
      { value: b, type: 'home' },
    ]
    const primaryOf = (seen: { emails: { value: string; primary?: boolean }[] }) =>
      seen.emails.filter(({ primary }) => primary === true).map(({ value }) => value)
    const path = 'emails[type eq "home"].primary'
    same(primaryOf(await changed(scim, { emails }, { op: 'replace', path, value: true })), [b], 'primary by path')
    const [c, d] = [`${fresh(scim)}@ex.test`, `${fresh(scim)}@ex.test`]
    const others = [{ value: c, type: 'work', primary: true }]
    const added = { op: 'add', path: 'emails', value: [{ value: d, type: 'home', primary: true }] }
    same(primaryOf(await changed(scim, { emails: others }, added)), [d], 'primary by addition')
  }),
  check(162, 'PATCH answers 200 with the resource, or 204; 200 if attributes are named', async (scim) => {
    const { id } = await newUser(scim)
    const operations = [{ op: 'replace', path: 'title', value: 'T' }]
    const answer = await patch(scim, `/Users/${id}`, operations)
    status(answer, 200, 204)
    if (answer.status === 200) same(answer.json, await read(scim, `/Users/${id}`), 'the resource')
    else same(answer.text, '', 'the body')
    const shaped = await patch(scim, `/Users/${id}?attributes=title`, operations)
    status(shaped, 200)
    same(Object.keys(shaped.json).toSorted(), ['id', 'schemas', 'title'], 'members')
  }),
  check(163, 'add sets, merges and appends, and changes nothing that is there already', async (scim) => {
    const email = { value: `${fresh(scim)}@ex.test`, type: 'work' }
    const user = await newUser(scim, { title: 'T', name: { givenName: 'G' }, emails: [email] })
    const path = `/Users/${user.id}`
    const again = [
      { op: 'add', path: 'title', value: 'T' },
      { op: 'add', path: 'name', value: { givenName: 'G' } },
      { op: 'add', path: 'emails', value: [email] },
      { op: 'add', value: { emails: [email] } },
    ]
    status(await patch(scim, path, again), 200, 204)
    same(await read(scim, path), user, 'the user')
    const other = { value: `${fresh(scim)}@ex.test`, type: 'home' }
    const more = [
      { op: 'add', path: 'name', value: { familyName: 'F' } },
      { op: 'add', path: 'emails', value: [email, other] },
      { op: 'add', path: 'title', value: 'U' },
    ]
    status(await patch(scim, path, more), 200, 204)
    const seen = await read(scim, path)
    same([seen.title, seen.name, seen.emails], ['U', { givenName: 'G', familyName: 'F' }, [email, other]], 'values')
  }),
  check(164, 'add with a filter sets the matching elements, or makes one', async (scim) => {
    const value = `${fresh(scim)}@ex.test`
    const path = 'emails[type eq "work"].display'
    const set = await changed(scim, { emails: [{ value, type: 'work' }] }, { op: 'add', path, value: 'D' })
    same(set.emails, [{ value, type: 'work', display: 'D' }], 'an element that is there')
    const add = { op: 'add', path: 'phoneNumbers[type eq "fax"].value', value: '1' }
    same((await changed(scim, {}, add)).phoneNumbers, [{ type: 'fax', value: '1' }], 'an element that is made')
  }),
  check(
    165,
    'remove takes attributes, parts, elements and listed members, and is content with nothing',
    async (scim) => {
      const phones = [
        { value: '1', type: 'work', display: 'D' },
        { value: '2', type: 'home' },
      ]
      const rows: readonly [string, unknown][] = [
        ['phoneNumbers', undefined],
        ['phoneNumbers[type eq "work"]', [phones[1]]],
        ['phoneNumbers[type eq "work"].display', [{ value: '1', type: 'work' }, phones[1]]],
        ['phoneNumbers[type eq "fax"]', phones],
        ['phoneNumbers[value pr]', undefined],
        ['title', phones],
      ]
      for (const [path, wanted] of rows)
        same(
          (await changed(scim, { phoneNumbers: phones }, { op: 'remove', path })).phoneNumbers,
          wanted,
          `numbers without ${path}`,
        )
      same(
        (await changed(scim, { name: { givenName: 'G' } }, { op: 'remove', path: 'name.givenName' })).name,
        undefined,
        'name',
      )
      for (const path of ['userName', 'id', 'groups']) await refusing(scim, 'mutability', { op: 'remove', path })
      const [one, two] = [await newUser(scim), await newUser(scim)]
      const group = await newGroup(scim, { members: [{ value: one.id }, { value: two.id }] })
      status(
        await patch(scim, `/Groups/${group.id}`, [{ op: 'remove', path: 'members', value: [{ value: one.id }] }]),
        200,
        204,
      )
      const { members } = await read(scim, `/Groups/${group.id}`)
      same(
        members.map(({ value }: { value: string }) => value),
        [two.id],
        'members',
      )
      status(await patch(scim, `/Groups/${group.id}`, [{ op: 'remove', path: 'members' }]), 200, 204)
      that(!('members' in (await read(scim, `/Groups/${group.id}`))), 'nobody is left')
    },
  ),
  check(166, 'replace sets, merges complex values, and replaces lists whole', async (scim) => {
    const before = {
      title: 'T',
      name: { givenName: 'G', familyName: 'F' },
      phoneNumbers: [
        { value: '1', type: 'work', display: 'D' },
        { value: '2', type: 'work' },
        { value: '3', type: 'home' },
      ],
    }
    const seen = await changed(
      scim,
      before,
      { op: 'replace', path: 'nickName', value: 'N' },
      { op: 'replace', path: 'name', value: { givenName: 'H' } },
      { op: 'replace', path: 'phoneNumbers[type eq "work"].display', value: 'E' },
    )
    same([seen.nickName, seen.name], ['N', { givenName: 'H', familyName: 'F' }], 'single values')
    const wanted = [
      { value: '1', type: 'work', display: 'E' },
      { value: '2', type: 'work', display: 'E' },
      { value: '3', type: 'home' },
    ]
    same(seen.phoneNumbers, wanted, 'matching elements')
    const element = { op: 'replace', path: 'phoneNumbers[type eq "home"]', value: { value: '4', type: 'other' } }
    same((await changed(scim, before, element)).phoneNumbers.at(-1), { value: '4', type: 'other' }, 'an element')
    const whole = { op: 'replace', path: 'phoneNumbers', value: [{ value: '9' }] }
    same((await changed(scim, before, whole)).phoneNumbers, [{ value: '9' }], 'the whole list')
  }),
  ownCheck(
    166,
    'a replace without a match makes an element, or is noTarget where a workspace wants it so',
    async (scim, own) => {
      const operation = { op: 'replace', path: 'phoneNumbers[type eq "fax"].value', value: '1' }
      same((await changed(scim, {}, operation)).phoneNumbers, [{ type: 'fax', value: '1' }], 'numbers')
      await refusing(scim, 'noTarget', { ...operation, path: 'phoneNumbers[type ne "work" and value pr].value' })
      await own.withRules({ createOnNoTarget: false }, () => refusing(scim, 'noTarget', operation))
    },
  ),
  check(167, 'the result is checked as a whole', async (scim) => {
    const other = await newUser(scim)
    const { id, meta } = await newUser(scim)
    refused(
      await patch(scim, `/Users/${id}`, [{ op: 'replace', path: 'userName', value: other.userName }]),
      409,
      'uniqueness',
    )
    refused(await patch(scim, `/Users/${id}`, [{ op: 'replace', path: 'userName', value: '' }]), 400)
    refused(await patch(scim, `/Users/${id}`, [{ op: 'replace', value: { userName: null } }]), 400)
    same((await read(scim, `/Users/${id}`)).meta, meta, 'meta')
  }),
  check(168, 'an If-Match that does not hold is 412', async (scim) => {
    const user = await newUser(scim)
    const operations = [{ op: 'replace', path: 'title', value: 'T' }]
    const sent = (tag: string) => patch(scim, `/Users/${user.id}`, operations, { headers: { 'if-match': tag } })
    refused(await sent('W/"other"'), 412)
    status(await sent(user.meta.version), 200, 204)
    refused(await sent(user.meta.version), 412)
  }),
  check(169, 'changes at the same time are all kept', async (scim) => {
    const group = await newGroup(scim)
    const users = []
    for (let index = 0; index < 12; index += 1) users.push(await newUser(scim))
    const answers = await Promise.all(
      users.map(({ id }) =>
        patch(scim, `/Groups/${group.id}`, [{ op: 'add', path: 'members', value: [{ value: id }] }]),
      ),
    )
    for (const answer of answers) status(answer, 200, 204)
    same((await read(scim, `/Groups/${group.id}`)).members.length, 12, 'members')
    const names = ['title', 'nickName', 'locale', 'userType']
    const path = `/Users/${users[0].id}`
    await Promise.all(names.map((name) => patch(scim, path, [{ op: 'add', path: name, value: 'v' }])))
    const seen = await read(scim, path)
    for (const name of names) same(seen[name], 'v', name)
  }),
  check(170, 'an equal id in a value is ignored, a different one refused', async (scim) => {
    const user = await newUser(scim)
    status(await patch(scim, `/Users/${user.id}`, [{ op: 'replace', value: { id: user.id, title: 'T' } }]), 200, 204)
    refused(
      await patch(scim, `/Users/${user.id}`, [{ op: 'replace', value: { id: nobody, title: 'U' } }]),
      400,
      'mutability',
    )
    same((await read(scim, `/Users/${user.id}`)).title, 'T', 'title')
  }),
  check(171, 'names that reach the inside of objects are refused', async (scim) => {
    for (const path of [
      '__proto__',
      '__proto__.title',
      'constructor.prototype.x',
      `${userUrn}:__proto__.x`,
      'name.constructor',
      'emails[__proto__ eq "x"]',
      'emails[type eq "work"].__proto__',
      `${enterpriseUrn}:constructor`,
    ])
      await refusing(scim, 'invalidPath', { op: 'replace', path, value: 'x' })
    const { id } = await newUser(scim)
    for (const value of [
      '{"__proto__":{"x":1}}',
      '{"constructor":{"prototype":{"x":1}}}',
      '{"name":{"__proto__":{"x":1}}}',
    ]) {
      const raw = `{"schemas":["${patchUrn}"],"Operations":[{"op":"add","value":${value}}]}`
      const answer = await send(scim, 'PATCH', `/Users/${id}`, { raw })
      refused(answer, 400)
      that(['invalidPath', 'invalidSyntax'].includes(answer.json.scimType), `${answer.json.scimType} is one of both`)
    }
    same((await find(scim, 'Users', `id eq "${id}"`)).json.Resources[0].x, undefined, 'x')
  }),
]
