import {
  check,
  enterpriseUrn,
  find,
  fresh,
  get,
  groupUrn,
  namesOf,
  newGroup,
  newUser,
  patch,
  refused,
  remove,
  same,
  search,
  status,
  that,
  userUrn,
  type Check,
  type Scim,
} from '../check.ts'

/** Users whose names end in a letter; those of a question come back as letters. */
async function letters(
  scim: Scim,
  people: Readonly<Record<string, object>>,
): Promise<(filter: string) => Promise<string>> {
  const stem = `${fresh(scim)}.`
  for (const [letter, more] of Object.entries(people)) await newUser(scim, { userName: `${stem}${letter}`, ...more })
  return async (filter) => (await namesOf(scim, stem, filter)).join('')
}

async function badFilter(scim: Scim, ...filters: readonly string[]): Promise<void> {
  for (const filter of filters) refused(await find(scim, 'Users', filter), 400, 'invalidFilter')
}

/** 5.10: filters. */
export const filters: readonly Check[] = [
  check(91, 'the whole grammar is read', async (scim) => {
    const ask = await letters(scim, {
      a: { title: 'X', name: { givenName: 'Ann' }, emails: [{ type: 'work', value: 'a@ex.test' }] },
      b: { title: 'Y', [enterpriseUrn]: { manager: { value: 'm-7' }, department: 'R' } },
    })
    const rows: readonly [string, string][] = [
      ['title eq "X"', 'a'],
      ['title pr', 'ab'],
      ['title eq "X" or title eq "Y"', 'ab'],
      ['title pr and name.givenName pr', 'a'],
      ['not (title eq "X")', 'b'],
      ['not(title eq "X")', 'b'],
      ['(title eq "X") or (title eq "Z")', 'a'],
      ['emails[type eq "work" and value co "ex.test"]', 'a'],
      [`${userUrn}:name.givenName eq "Ann"`, 'a'],
      [`${enterpriseUrn}:manager.value eq "m-7"`, 'b'],
      [`${enterpriseUrn}:department eq "R"`, 'b'],
      ['title eq"X"', 'a'],
    ]
    for (const [filter, wanted] of rows) same(await ask(filter), wanted, `who matches ${filter}`)
  }),
  check(92, 'operators and names match in any case', async (scim) => {
    const ask = await letters(scim, { a: { title: 'X' }, b: {} })
    same(await ask('TITLE Eq "x" AND Title PR'), 'a', 'who matches')
    same(await ask('NOT (title PR) OR title SW "x"'), 'ab', 'who matches')
  }),
  check(93, 'parentheses bind before not, not before and, and before or', async (scim) => {
    const ask = await letters(scim, { a: { title: 'T' }, b: { nickName: 'N', locale: 'L' }, c: { nickName: 'N' } })
    same(await ask('title pr or nickName pr and locale pr'), 'ab', 'or and and')
    same(await ask('(title pr or nickName pr) and locale pr'), 'b', 'parentheses')
    same(await ask('not (title pr) and nickName pr'), 'bc', 'not and and')
    same(await ask('not (title pr and nickName pr)'), 'abc', 'not of a whole')
  }),
  check(94, 'values are JSON literals', async (scim) => {
    const ask = await letters(scim, { a: { title: 'q"\\/\u00e9 𝒳' }, b: {} })
    same(await ask('title eq "q\\"\\\\\\/\\u00e9 \\ud835\\udcb3"'), 'a', 'who matches an escaped text')
    same(await ask('title eq null'), 'b', 'who matches null')
    await badFilter(scim, 'title eq X', "title eq 'x'", 'title eq "x', 'active eq True1')
  }),
  check(95, 'operators go by type', async (scim) => {
    const ask = await letters(scim, { a: { title: 'abc' }, b: { title: 'Abd' }, c: { title: 'B', active: false } })
    const rows: readonly [string, string][] = [
      ['title ne "abc"', 'bc'],
      ['title co "B"', 'abc'],
      ['title sw "AB"', 'ab'],
      ['title ew "D"', 'b'],
      ['title gt "abc"', 'bc'],
      ['title ge "abc"', 'abc'],
      ['title lt "ABD"', 'a'],
      ['title le "abd"', 'ab'],
      ['active eq true', 'ab'],
      ['active ne true', 'c'],
      ['meta.created gt "2020-01-01T00:00:00Z"', 'abc'],
      ['meta.created lt "2020-01-01T00:00:00+14:00"', ''],
    ]
    for (const [filter, wanted] of rows) same(await ask(filter), wanted, `who matches ${filter}`)
    await badFilter(scim, 'active gt true', 'active co "t"', 'meta.created sw "2020"', 'x509Certificates.value gt "A"')
    await badFilter(scim, 'active eq 7', 'title eq 7', 'title eq true')
  }),
  check(96, 'case is folded in every script where it does not count', async (scim) => {
    const ask = await letters(scim, { a: { title: 'ÉLAN ΣΑΣ' }, b: { title: 'Ｗide' } })
    same(await ask('title eq "élan σας"'), 'a', 'who matches in lower case')
    same(await ask('title co "Lan"'), 'a', 'who contains')
    same(await ask('title sw "é"'), 'a', 'who begins')
  }),
  check(97, 'any value of a list may match; in brackets one and the same element', async (scim) => {
    const ask = await letters(scim, {
      a: {
        emails: [
          { type: 'work', value: 'a@one.test' },
          { type: 'home', value: 'a@two.test' },
        ],
      },
      b: { emails: [{ type: 'work', value: 'b@two.test' }] },
    })
    same(await ask('emails.type eq "work" and emails.value co "two"'), 'ab', 'across elements')
    same(await ask('emails[type eq "work" and value co "two"]'), 'b', 'in one element')
  }),
  check(98, 'a list without a sub-attribute means its values', async (scim) => {
    const ask = await letters(scim, { a: { emails: [{ value: `${fresh(scim)}@Deep.test` }] }, b: {} })
    same(await ask('emails co "deep.test"'), 'a', 'who matches')
    same(await ask('phoneNumbers pr'), '', 'who has a number')
  }),
  check(99, 'pr is false for what is empty', async (scim) => {
    const ask = await letters(scim, {
      a: { title: '', emails: [], name: {}, nickName: null },
      b: { title: 'T', emails: [{ value: `${fresh(scim)}@ex.test` }], name: { givenName: 'G' }, nickName: 'N' },
    })
    for (const name of ['title', 'emails', 'name', 'nickName', 'name.givenName', 'emails.value'])
      same(await ask(`${name} pr`), 'b', `who has ${name}`)
  }),
  check(100, 'null equals absence; ne and not hold where a value is absent', async (scim) => {
    const ask = await letters(scim, { a: { title: 'x' }, b: {} })
    same(await ask('title eq null'), 'b', 'eq null')
    same(await ask('title ne null'), 'a', 'ne null')
    same(await ask('title ne "x"'), 'b', 'ne')
    same(await ask('not (title eq "x")'), 'b', 'not')
    same(await ask('phoneNumbers.value ne "1"'), 'ab', 'ne of an absent list')
  }),
  check(101, 'brackets hold sub-attributes only, and no brackets', async (scim) => {
    const ask = await letters(scim, { a: { emails: [{ type: 'work', value: `${fresh(scim)}@ex.test` }] } })
    same(await ask('emails[not (type eq "home") and (value pr or display pr)]'), 'a', 'who matches')
    await badFilter(scim, 'emails[emails[type eq "x"]]', 'emails[userName eq "x"]', 'emails[]', 'emails[type eq "x"')
  }),
  check(102, 'what is broken or goes on after its end is refused with the position', async (scim) => {
    const broken = [
      'title eq',
      'title',
      'title eq "x" and',
      'title eq "x" title',
      '(title pr',
      'title pr)',
      'not title pr',
      '',
      ' ',
    ]
    await badFilter(scim, ...broken.filter((filter) => filter.trim() !== ''), 'title is "x"', 'and', '()')
    const { json } = await find(scim, 'Users', 'title pr and x y z')
    that(/\d/.test(json.detail), 'the position is told')
  }),
  check(103, 'an attribute nobody knows is refused', async (scim) => {
    await badFilter(scim, 'userNam eq "x"', 'emails.val eq "x"', 'urn:x:y eq "x"', 'emails[valu eq "x"]', 'members pr')
    refused(await find(scim, 'Groups', 'userName eq "x"'), 400, 'invalidFilter')
    refused(await search(scim, '/.search', { filter: 'userNam eq "x"' }), 400, 'invalidFilter')
    status(await search(scim, '/.search', { filter: `userName eq "${fresh(scim)}"` }), 200)
  }),
  check(104, 'common attributes can be filtered by', async (scim) => {
    const made = await newUser(scim, { externalId: fresh(scim) })
    const filter = [
      `schemas eq "${userUrn}"`,
      `id eq "${made.id}"`,
      `externalId eq "${made.externalId}"`,
      `meta.created eq "${made.meta.created}"`,
      `meta.lastModified ge "${made.meta.created}"`,
      `meta.resourceType eq "User"`,
      `meta.location eq "${made.meta.location}"`,
      `meta.version eq "${made.meta.version.replaceAll('"', '\\"')}"`,
    ]
    for (const one of filter)
      same(
        (await find(scim, 'Users', `userName eq "${made.userName}" and ${one}`)).json.totalResults,
        1,
        `matches of ${one}`,
      )
  }),
  check(104, 'groups can be filtered by their common attributes too', async (scim) => {
    const made = await newGroup(scim, { externalId: fresh(scim) })
    const version = made.meta.version.replaceAll('"', '\\"')
    for (const one of [
      `schemas eq "${groupUrn}"`,
      `externalId eq "${made.externalId}"`,
      `meta.version eq "${version}"`,
    ])
      same((await find(scim, 'Groups', `id eq "${made.id}" and ${one}`)).json.totalResults, 1, `matches of ${one}`)
    const other = await find(scim, 'Groups', `id eq "${made.id}" and meta.version ne "${version}"`)
    same(other.json.totalResults, 0, 'matches of another version')
  }),
  check(105, 'what is never returned is no matter for filters and sorting', async (scim) => {
    await badFilter(scim, 'password pr', 'password eq "x"')
    const answer = await get(scim, '/Users?sortBy=password')
    that(answer.status === 400, `sorting by it answered ${answer.status}`)
  }),
  check(106, 'a filter never answers what does not match', async (scim) => {
    const { userName } = await newUser(scim)
    same((await find(scim, 'Users', `userName eq "${userName}" and title pr`)).json.totalResults, 0, 'matches')
    same((await find(scim, 'Users', `userName eq "${userName}%"`)).json.totalResults, 0, 'matches with a wildcard')
    same((await find(scim, 'Users', `userName sw "${userName.replace('-', '_')}"`)).json.totalResults, 0, 'with _')
  }),
  check(107, 'a filter too long, too deep or with too many terms is refused at once', async (scim) => {
    const terms = (count: number) => Array.from({ length: count }, () => 'title pr').join(' or ')
    const deep = (depth: number) => `${'('.repeat(depth)}title pr${')'.repeat(depth)}`
    for (const filter of [
      terms(101),
      deep(3_000),
      `title eq "${'x'.repeat(8_200)}"`,
      `${'not ('.repeat(60)}title pr${')'.repeat(60)}`,
    ]) {
      const started = Date.now()
      refused(await search(scim, '/Users/.search', { filter }), 400, 'invalidFilter')
      that(Date.now() - started < 2_000, 'the answer is quick')
    }
    status(await search(scim, '/Users/.search', { filter: terms(100), count: 0 }), 200)
    status(await search(scim, '/Users/.search', { filter: deep(38), count: 0 }), 200)
  }),
  check(108, 'there are no operators beside those of the RFC', async (scim) => {
    await badFilter(scim, 'title in "x"', 'title like "x"', 'title regex "x"', 'title xor title pr')
  }),
  check(109, 'a value that is filled in compares as it is shown', async (scim) => {
    const ask = await letters(scim, { a: {}, b: { active: false } })
    same(await ask('active eq true'), 'a', 'who is active without having said so')
  }),
  check(110, 'groups, members and managers are found by their ids', async (scim) => {
    const boss = await newUser(scim)
    const user = await newUser(scim, { [enterpriseUrn]: { manager: { value: boss.id } } })
    const group = await newGroup(scim, { members: [{ value: user.id }] })
    const questions: readonly [string, string, string][] = [
      ['Users', `groups.value eq "${group.id}"`, user.id],
      ['Users', `groups eq "${group.id}"`, user.id],
      ['Groups', `members.value eq "${user.id}"`, group.id],
      ['Groups', `id eq "${group.id}" and members eq "${user.id}"`, group.id],
      ['Groups', `members[value eq "${user.id}"]`, group.id],
      ['Groups', `members[$ref eq "${user.meta.location}"]`, group.id],
      ['Users', `groups.$ref eq "${group.meta.location}"`, user.id],
      ['Users', `groups[$ref eq "${group.meta.location}" and type eq "direct"]`, user.id],
      ['Users', `${enterpriseUrn}:manager.$ref eq "${boss.meta.location}"`, user.id],
      ['Users', `${enterpriseUrn}:manager.value eq "${boss.id}"`, user.id],
      ['Users', `id eq "${user.id}" and manager eq "${boss.id}"`, user.id],
    ]
    for (const [type, filter, id] of questions) {
      const answer = await find(scim, type, filter)
      status(answer, 200)
      same(
        answer.json.Resources.map((one: { id: string }) => one.id),
        [id],
        `who matches ${filter}`,
      )
    }
    status(await remove(scim, `/Groups/${group.id}`), 204)
    same((await find(scim, 'Users', `groups.value eq "${group.id}"`)).json.totalResults, 0, 'after the group is gone')
    status(await patch(scim, `/Users/${user.id}`, [{ op: 'remove', path: 'manager' }]), 200, 204)
    same((await find(scim, 'Users', `manager eq "${boss.id}"`)).json.totalResults, 0, 'without a manager')
  }),
]
