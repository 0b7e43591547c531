import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

test('a link leads to the workspace that invites, whichever was asked for one before', async () => {
  await using t = await startTestApp()
  for (const tenant of [t.acme, t.other, t.acme]) {
    const auth = { token: tenant.token, host: tenant.host }
    await t.invite(`guest${t.mails.length}@example.com`, '$guest', tenant)
    await t.deliverOutbox()
    const invitation = (await t.get('/api/muster/invitations?sort=-createdAt', auth)).json.records[0]
    const { link } = (await t.post(`/api/muster/invitations/${invitation.id}/link`, undefined, auth)).json
    const hosts = [link, /https?:\/\/\S+\/auth\/accept-invite\S+/.exec(t.mails.at(-1)?.text ?? '')?.[0] ?? '']
    // The first workspace is that of the address itself.
    const expected = tenant === t.acme ? '127.0.0.1' : tenant.host
    assert.deepEqual(
      hosts.map((text) => new URL(text).hostname),
      [expected, expected],
    )
  }
})
