import { check, find, fresh, get, newUser, ownCheck, refused, same, status, that, type Check } from '../check.ts'

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
