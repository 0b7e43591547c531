import {
  check,
  enterpriseUrn,
  fresh,
  get,
  newUser,
  read,
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
import type { Answer } from '../client.ts'

/** Users that only this check knows; answers what asks for them with further parameters. */
async function some(scim: Scim, count: number, more: (index: number) => object = () => ({})): Promise<Some> {
  const stem = `${fresh(scim)}.`
  const ids: string[] = []
  for (let index = 0; index < count; index += 1)
    ids.push((await newUser(scim, { userName: `${stem}${index}`, ...more(index) })).id)
  const filter = encodeURIComponent(`userName sw "${stem}"`)
  return {
    ids,
    filter,
    stem,
    ask: (query) => get(scim, `/Users?filter=${filter}&${query}`),
  }
}

interface Some {
  readonly ids: readonly string[]
  readonly filter: string
  readonly stem: string
  readonly ask: (query: string) => Promise<Answer>
}

function idsOf(answer: Answer): string[] {
  status(answer, 200)
  return answer.json.Resources.map(({ id }: { id: string }) => id)
}

/** The order of the users as letters of their place. */
function orderOf({ ids }: Some, answer: Answer): string {
  return idsOf(answer)
    .map((id) => ids.indexOf(id))
    .join('')
}

/** 5.11: sorting. */
export const sorting: readonly Check[] = [
  check(111, 'lists are sorted by any path, in both orders', async (scim) => {
    const titles = ['b', 'C', 'a']
    const people = await some(scim, 3, (index) => ({
      title: titles[index],
      name: { familyName: titles[index] },
      [enterpriseUrn]: { department: titles[index] },
    }))
    for (const path of ['title', 'name.familyName', `${userUrn}:name.familyName`, `${enterpriseUrn}:department`]) {
      same(orderOf(people, await people.ask(`sortBy=${path}`)), '201', `ascending by ${path}`)
      same(orderOf(people, await people.ask(`sortBy=${path}&sortOrder=DESCENDING`)), '102', `descending by ${path}`)
    }
    const kinds = await some(scim, 2, (index) => ({
      phoneNumbers: [{ value: '1', type: ['work', 'home'][index], display: ['y', 'X'][index], primary: index === 0 }],
    }))
    for (const part of ['type', 'display', 'primary'])
      same(orderOf(kinds, await kinds.ask(`sortBy=phoneNumbers.${part}`)), '10', `by the ${part} of numbers`)
    refused(await people.ask('sortBy=title&sortOrder=up'), 400, 'invalidValue')
  }),
  check(112, 'a list sorts by its primary value, else by its first', async (scim) => {
    const own = fresh(scim)
    const email = (name: string, primary = false) => ({
      value: `${name}${own}@ex.test`,
      ...(primary ? { primary } : {}),
    })
    const emails = [[email('c'), email('a', true)], [email('b')], [email('z'), email('0')]]
    const people = await some(scim, 3, (index) => ({ emails: emails[index] }))
    same(orderOf(people, await people.ask('sortBy=emails.value')), '012', 'the order')
  }),
  check(113, 'case is folded, and what is missing comes last, or first when descending', async (scim) => {
    const titles = ['B', undefined, 'a']
    const people = await some(scim, 3, (index) => ({ title: titles[index] }))
    same(orderOf(people, await people.ask('sortBy=title')), '201', 'ascending')
    same(orderOf(people, await people.ask('sortBy=title&sortOrder=descending')), '102', 'descending')
    const names = ['é', undefined, 'E']
    const others = await some(scim, 3, (index) => ({ nickName: names[index] }))
    same(orderOf(others, await others.ask('sortBy=nickName')).at(-1), '1', 'the last of a side table')
    same(orderOf(others, await others.ask('sortBy=nickName&sortOrder=descending')).at(0), '1', 'the first of it')
  }),
  check(114, 'equal values keep the order in which they were made', async (scim) => {
    const people = await some(scim, 4, () => ({ title: 'same' }))
    same(orderOf(people, await people.ask('sortBy=title')), '0123', 'ascending')
    same(orderOf(people, await people.ask('sortBy=meta.created')), '0123', 'by time')
    const ages = await some(scim, 3, (index) => ({ active: index !== 1 }))
    same(orderOf(ages, await ages.ask('sortBy=active')), '102', 'false before true')
  }),
  check(115, 'a complex attribute sorts by a sub-attribute, a list by its values', async (scim) => {
    const people = await some(scim, 2, (index) => ({ emails: [{ value: `${1 - index}${fresh(scim)}@ex.test` }] }))
    same(orderOf(people, await people.ask('sortBy=emails')), '10', 'by emails')
    refused(await people.ask('sortBy=name'), 400, 'invalidPath')
    refused(await people.ask('sortBy=nothing'), 400, 'invalidPath')
  }),
]

/** 5.12: paging by index. */
export const indexPaging: readonly Check[] = [
  check(116, 'a startIndex below 1 is 1, and one that is no integer is refused', async (scim) => {
    const people = await some(scim, 2)
    for (const start of ['', 'startIndex=0', 'startIndex=-5', 'startindex=0', 'startIndex=1']) {
      const answer = await people.ask(start)
      same([answer.json.startIndex, answer.json.Resources.length], [1, 2], `the page of ${start}`)
    }
    for (const start of ['x', '1.5', '1e1']) refused(await people.ask(`startIndex=${start}`), 400, 'invalidValue')
  }),
  check(117, 'a count below 0 is 0, and one above the maximum is the maximum', async (scim) => {
    const people = await some(scim, 3)
    for (const count of ['0', '-1']) {
      const { json } = await people.ask(`count=${count}`)
      same([json.totalResults, json.itemsPerPage, json.Resources], [3, 0, []], `the page of ${count}`)
    }
    same((await people.ask('count=2')).json.Resources.length, 2, 'resources of two')
    status(await people.ask('count=1000000'), 200)
    refused(await people.ask('count=many'), 400, 'invalidValue')
  }),
  check(118, 'itemsPerPage counts the page and totalResults all pages', async (scim) => {
    const people = await some(scim, 5)
    const { json } = await people.ask('startIndex=4&count=3')
    same([json.startIndex, json.itemsPerPage, json.totalResults], [4, 2, 5], 'the page')
  }),
  check(119, 'a startIndex beyond the end is an empty page', async (scim) => {
    const people = await some(scim, 2)
    const { json } = await people.ask('startIndex=50')
    same([json.startIndex, json.itemsPerPage, json.totalResults, json.Resources], [50, 0, 2, []], 'the page')
  }),
  check(120, 'pages follow each other in the order in which users were made', async (scim) => {
    const people = await some(scim, 5)
    const pages = [
      await people.ask('count=2'),
      await people.ask('startIndex=3&count=2'),
      await people.ask('startIndex=5&count=2'),
    ]
    same(pages.flatMap(idsOf), people.ids, 'ids')
  }),
  check(121, 'numbers of a list are integers', async (scim) => {
    const { json } = await get(scim, '/Users?startIndex=1&count=1')
    for (const name of ['totalResults', 'startIndex', 'itemsPerPage'])
      that(Number.isInteger(json[name]), `${name} is an integer`)
  }),
]

async function walk(people: Some, query = 'count=2'): Promise<Answer[]> {
  const pages = [await people.ask(`${query}&cursor`)]
  for (let page = pages[0]; page?.json.nextCursor !== undefined; page = pages.at(-1)) {
    pages.push(await people.ask(`${query}&cursor=${page.json.nextCursor}`))
    that(pages.length < 50, 'the walk ends')
  }
  return pages
}

/** 5.13: paging by cursor, RFC 9865. */
export const cursorPaging: readonly Check[] = [
  check(122, 'an empty cursor asks for the first page of a walk', async (scim) => {
    const people = await some(scim, 3)
    for (const query of ['cursor', 'cursor=']) {
      const { json } = await people.ask(`count=2&${query}`)
      same(json.Resources.length, 2, 'resources')
      same(typeof json.nextCursor, 'string', 'type of nextCursor')
    }
    const found = await search(scim, '/Users/.search', {
      filter: decodeURIComponent(people.filter),
      cursor: '',
      count: 2,
    })
    same(typeof found.json.nextCursor, 'string', 'type of nextCursor of .search')
  }),
  check(123, 'every page but the last has a nextCursor', async (scim) => {
    for (const count of [4, 5]) {
      const people = await some(scim, count)
      const pages = await walk(people)
      same(pages.flatMap(idsOf), people.ids, 'ids')
      same(
        pages.map(({ json }) => 'nextCursor' in json),
        count === 4 ? [true, false] : [true, true, false],
        'nextCursor',
      )
    }
  }),
  check(124, 'previousCursor leads back, and the first page has none', async (scim) => {
    const people = await some(scim, 5)
    const pages = await walk(people)
    same(pages[0]?.json.previousCursor, undefined, 'previousCursor of the first page')
    const back = await people.ask(`count=2&cursor=${pages[2]?.json.previousCursor}`)
    same(idsOf(back), people.ids.slice(2, 4), 'the page before the last')
    const first = await people.ask(`count=2&cursor=${back.json.previousCursor}`)
    same(idsOf(first), people.ids.slice(0, 2), 'the first page')
    that(!('previousCursor' in first.json), 'which again has none')
  }),
  check(125, 'cursors hold only characters that need no encoding', async (scim) => {
    const people = await some(scim, 3)
    const { nextCursor } = (await people.ask('count=1&cursor')).json
    that(/^[A-Za-z0-9._~-]+$/.test(nextCursor), `${nextCursor} is safe`)
  }),
  check(126, 'count stays as on the first page', async (scim) => {
    const people = await some(scim, 3)
    const first = await people.ask('count=1&cursor')
    refused(await people.ask(`count=2&cursor=${first.json.nextCursor}`), 400, 'invalidCount')
    refused(await people.ask(`count=100000&cursor=${first.json.nextCursor}`), 400, 'invalidCount')
    status(await people.ask(`cursor=${first.json.nextCursor}`), 200)
    for (const count of ['0', '-1']) {
      const { json } = await people.ask(`count=${count}&cursor`)
      same([json.totalResults, json.Resources], [3, []], `the page of ${count}`)
    }
    const most = await people.ask('count=100000&cursor')
    same(idsOf(most).length, 3, 'resources of the largest page')
  }),
  check(127, 'a cursor that is forged is invalidCursor', async (scim) => {
    const people = await some(scim, 3)
    const { nextCursor } = (await people.ask('count=1&cursor')).json
    const flipped = `${nextCursor.slice(0, -4)}${nextCursor.at(-4) === 'A' ? 'B' : 'A'}${nextCursor.slice(-3)}`
    for (const cursor of ['x', flipped, nextCursor.slice(0, -5), `${nextCursor}AAAA`, 'A'.repeat(200)])
      refused(await people.ask(`count=1&cursor=${cursor}`), 400, 'invalidCursor')
  }),
  check(128, 'a cursor is good for its own question alone', async (scim) => {
    const people = await some(scim, 3)
    const { nextCursor } = (await people.ask('count=1&cursor')).json
    for (const path of [
      `/Users?count=1&cursor=${nextCursor}`,
      `/Groups?count=1&cursor=${nextCursor}`,
      `/?filter=${people.filter}&count=1&cursor=${nextCursor}`,
      `/Users?filter=${people.filter}&sortBy=userName&count=1&cursor=${nextCursor}`,
      `/Users?filter=${people.filter}&sortOrder=descending&sortBy=userName&count=1&cursor=${nextCursor}`,
    ])
      refused(await get(scim, path), 400, 'invalidCursor')
  }),
  check(129, 'a cursor gives no access', async (scim) => {
    const people = await some(scim, 3)
    const { nextCursor } = (await people.ask('count=1&cursor')).json
    const path = `/Users?filter=${people.filter}&count=1&cursor=${nextCursor}`
    refused(await get(scim, path, { token: null }), 401)
    refused(await get(scim, path, { token: `mscim_${'y'.repeat(43)}` }), 401)
  }),
  check(130, 'a walk goes on while users come and go', async (scim) => {
    const people = await some(scim, 5)
    const first = await people.ask('count=2&cursor')
    status(await remove(scim, `/Users/${people.ids[0]}`), 204)
    status(await remove(scim, `/Users/${people.ids[1]}`), 204)
    const late = await newUser(scim, { userName: `${people.stem}9` })
    const second = await people.ask(`count=2&cursor=${first.json.nextCursor}`)
    same(idsOf(second), people.ids.slice(2, 4), 'the second page')
    const third = await people.ask(`count=2&cursor=${second.json.nextCursor}`)
    same(idsOf(third), [people.ids[4], late.id], 'the third page')
    that(!first.json.nextCursor.includes(people.ids[1]), 'a cursor shows no id')
  }),
  check(131, 'totalResults, where told, counts all pages', async (scim) => {
    const people = await some(scim, 3)
    for (const { json } of await walk(people))
      if (json.totalResults !== undefined) same(json.totalResults, 3, 'totalResults')
  }),
  check(132, 'without a cursor lists are paged by index', async (scim) => {
    const { json } = await get(scim, '/Users?count=1')
    same([json.startIndex, 'nextCursor' in json], [1, false], 'startIndex and nextCursor')
  }),
  check(133, 'cursor pages are sorted, and startIndex does not go with a cursor', async (scim) => {
    const titles = ['c', 'a', undefined, 'b']
    const people = await some(scim, 4, (index) => ({ title: titles[index] }))
    const order = (pages: Answer[]) => pages.map((page) => orderOf(people, page)).join('')
    same(order(await walk(people, 'count=1&sortBy=title')), '1302', 'ascending')
    same(order(await walk(people, 'count=1&sortBy=title&sortOrder=descending')), '2031', 'descending')
    same(order(await walk(people, 'count=1&sortBy=nickName')), '0123', 'by what nobody has')
    refused(await people.ask('startIndex=1&cursor='), 400, 'invalidValue')
  }),
  check(134, '.search walks by cursor too', async (scim) => {
    const people = await some(scim, 3)
    const filter = decodeURIComponent(people.filter)
    const first = await search(scim, '/Users/.search', { filter, cursor: '', count: 2 })
    const second = await search(scim, '/Users/.search', { filter, cursor: first.json.nextCursor, count: 2 })
    same([first, second].flatMap(idsOf), people.ids, 'ids')
  }),
  check(135, 'the limits of paging are published and kept', async (scim) => {
    const { pagination } = await read(scim, '/ServiceProviderConfig')
    const { json } = await get(scim, `/Users?count=${pagination.maxPageSize + 1}`)
    that(json.itemsPerPage <= pagination.maxPageSize, 'a page is no larger')
  }),
]
