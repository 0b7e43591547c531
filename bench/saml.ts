/** How many SAML responses one core verifies: all checks but the last, without a database. `npm run -s bench:saml` */
import { createSign, createVerify, X509Certificate } from 'node:crypto'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { expected, idp, sp, values } from '../server/src/saml/testdata/expectation.ts'
import { verifyResponse } from '../server/src/saml/verify-response.ts'
import { currentLoad } from './machine.ts'

interface Rate {
  /** Per second of CPU time. */
  readonly perCpuSecond: number
  readonly cpuMsEach: number
  readonly count: number
}

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, json: { type: 'boolean' } },
})
const seconds = Number(options.seconds)
const loadBefore = currentLoad()

const signed = await idp.respond(values)
const encrypted = await idp.respond(values, { encryptFor: sp.certificate })
const assertionOnly = await idp.respond(values, { response: false })

const results: Record<string, Rate> = {
  signedTwice: await measure(() => verifyResponse(signed, expected)),
  signedOnce: await measure(() => verifyResponse(assertionOnly, { ...expected, signed: 'assertion' })),
  encrypted: await measure(() => verifyResponse(encrypted, expected)),
  // What no verifier can do without: the two RSA signatures of such a response.
  twoSignaturesAlone: await measure(twoSignatures()),
}

if (options.json === true) {
  process.stdout.write(`${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, loadBefore, results })}\n`)
} else {
  for (const [name, { perCpuSecond, cpuMsEach }] of Object.entries(results))
    process.stdout.write(
      `${name.padEnd(20)} ${perCpuSecond.toFixed(0).padStart(8)} per CPU second, ${cpuMsEach.toFixed(3)} ms each\n`,
    )
}

async function measure(work: () => unknown): Promise<Rate> {
  for (let index = 0; index < 50; index += 1) await work()
  const start = process.cpuUsage()
  const end = performance.now() + seconds * 1_000
  let count = 0
  while (performance.now() < end) {
    await work()
    count += 1
  }
  const { user, system } = process.cpuUsage(start)
  const cpuMs = (user + system) / 1_000
  return { perCpuSecond: (count * 1_000) / cpuMs, cpuMsEach: cpuMs / count, count }
}

function twoSignatures(): () => boolean {
  const text = 'x'.repeat(1_000)
  const signature = createSign('sha256').update(text).sign(idp.key.privateKey)
  const { publicKey } = new X509Certificate(idp.key.certificate)
  const verify = () => createVerify('sha256').update(text).verify(publicKey, signature)
  return () => verify() && verify()
}
