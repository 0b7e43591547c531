import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { EgressRefusal, fetchText } from './egress.service.ts'
import { isPublicAddress } from './public-address-rules.ts'

const limits = { maxBytes: 1024, timeoutMs: 2_000, allow: [] }

/** Every spelling of an address inside, and ports, schemes and names that lead there. */
const inside = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0',
  '0.0.0.0',
  'localhost',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '255.255.255.255',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[fc00::1]',
  '[fe80::1]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[::127.0.0.1]',
]

test('V-W4: nothing inside is connected to, however it is spelled', async () => {
  let connections = 0
  const listener = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  for (const host of inside) {
    for (const url of [
      `https://${host}/`,
      `https://${host}:${port}/`,
      `http://${host}:${port}/`,
      `https://user:secret@${host}/`,
      `https://${host}:22/`,
    ])
      await assert.rejects(fetchText({ ...limits, url }), EgressRefusal, url)
  }
  for (const url of [
    '',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https:///',
    'javascript:alert(1)',
    'https://example.com:8443/',
  ])
    await assert.rejects(fetchText({ ...limits, url }), EgressRefusal, url)
  listener.close()
  assert.equal(connections, 0)
})

test('addresses of the public internet are told from all others', () => {
  for (const address of ['1.1.1.1', '8.8.8.8', '93.184.215.14', '2606:4700::1111', '2a00:1450::1'])
    assert.equal(isPublicAddress(address), true, address)
  for (const address of ['', 'example.com', '::ffff:8.8.8.8', '4000::1', '1.2.3', '64:ff9b::808:808'])
    assert.equal(isPublicAddress(address), false, address)
})
