import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { newSecret } from '../secrets/secrets.ts'
import { startTestApp } from '../../test/start-test-app.ts'

const headersTried = 1_000
const atOnce = 50

/** Repeatable draws, so that a header that breaks something can be met again. */
function draws(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const schemes = ['Bearer', 'bearer', 'BEARER', 'Basic', 'Digest', 'Negotiate', 'AWS4-HMAC-SHA256', 'B\u00eaarer', '']
const signs = [' ', '  ', '\t', ',', ';', '=', '==', ':', '"', "'", '\\', '/', '%00', '%']
const bytes = ['\u0000', '\u0001', '\u007f', '\u0080', '\u00ff', '\u001b[2J']
const words = ['null', 'undefined', 'true', '[object Object]', '{}', '__proto__', 'constructor', 'NaN', '-1']
const attacks = ['jndi:ldap://x', "' or 1=1 --", '../../etc/passwd', 'eyJhbGciOiJub25lIn0.e30.', 'realm="x"', 'token=x']
const prefixes = ['mst_', 'mscim_', 'msess_', 'mst_mst_']
const pieces = [...schemes, ...signs, ...bytes, ...words, ...attacks, ...prefixes]

function fuzzedHeader(pick: (below: number) => number): Buffer {
  const parts = Array.from({ length: 1 + pick(6) }, () => {
    const piece = pieces[pick(pieces.length)] ?? ''
    switch (pick(8)) {
      case 0:
        return piece.repeat(1 + pick(200))
      case 1:
        return newSecret('mst_').slice(0, pick(60))
      case 2:
        return String.fromCharCode(...Array.from({ length: pick(40) }, () => pick(256)))
      default:
        return piece
    }
  })
  const text = pick(2) === 0 ? `Bearer ${parts.join('')}` : parts.join(pick(2) === 0 ? ' ' : '')
  // A line break would end the header: what follows it is another test's business.
  return Buffer.from(text.replaceAll(/[\r\n]/g, ''), 'latin1')
}

/** Sends the bytes as they are: an HTTP client would refuse half of them. */
function ask(port: number, authorization: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('GET /api/service/whoami HTTP/1.1\r\nHost: acme.localhost\r\nConnection: close\r\nAuthorization: ')
      socket.write(authorization)
      socket.write('\r\n\r\n')
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}

test('1,000 malformed Authorization headers are 400 or 401, and the server goes on (V-K6)', async () => {
  await using t = await startTestApp()
  const pick = draws(6)
  const seen = new Map<string, number>()
  for (let done = 0; done < headersTried; done += atOnce) {
    const headers = Array.from({ length: atOnce }, () => fuzzedHeader(pick))
    const answers = await Promise.all(headers.map((header) => ask(t.port, header)))
    for (const [index, answer] of answers.entries()) {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? answer
      const shown = JSON.stringify(headers[index]?.toString('latin1').slice(0, 200))
      assert.ok(status === '400' || status === '401', `${shown} → ${answer.slice(0, 300)}`)
      const { code, error } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
      assert.deepEqual([code, error], [Number(status), status === '400' ? 'invalid_request' : 'invalid_token'], shown)
      seen.set(status, (seen.get(status) ?? 0) + 1)
    }
  }
  assert.ok((seen.get('400') ?? 0) > 50 && (seen.get('401') ?? 0) > 500, JSON.stringify([...seen]))
  assert.equal((await t.get('/api/service/whoami')).status, 200)
})

test('a header of nearly 64 KiB is read and refused like any other', async () => {
  await using t = await startTestApp()
  const answer = await ask(t.port, Buffer.from(`Bearer mst_${'x'.repeat(60_000)}`))
  assert.match(answer, /^HTTP\/1\.1 401 /)
  assert.match(await ask(t.port, Buffer.from(`Bearer ${t.acme.token}`)), /^HTTP\/1\.1 200 /)
})
