/**
 * A real IdP that nobody here wrote signs people in, with a real browser: `npm run test:sso`. Fetches and installs what it needs itself.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { startOwnServer, type OwnServer } from '../own-server.ts'
import { Keycloak } from './keycloak.ts'
import { findChromium } from './programs.ts'
import { Realm, type ServiceProvider } from './realm.ts'
import { steps } from './steps.ts'
import type { World } from './world.ts'

const root = path.resolve(import.meta.dirname, '../..')
const mutants = process.env['SAML_MUTANTS'] ?? '10000'
const chromiumFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

if (import.meta.main) process.exitCode = await main()

async function main(): Promise<number> {
  let failed = runMutants() ? 0 : 1
  let passed = 1 - failed
  const keycloak = await Keycloak.start()
  const server = await startOwnServer(root, { MUSTER_BOOTSTRAP_ADMIN_EMAIL: 'boss@example.com' })
  const browser = await chromium.launch({ executablePath: findChromium(), args: chromiumFlags })
  try {
    const world = await prepare(keycloak, server, browser)
    for (const step of steps) {
      try {
        await step.run(world)
        passed += 1
        process.stdout.write(`✓ ${step.name}\n`)
      } catch (error) {
        failed += 1
        process.stdout.write(
          `✗ ${step.name}\n  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
        )
      }
    }
    if (failed > 0) process.stdout.write(`${server.printed().slice(-3_000)}\n${keycloak.printed()}\n`)
  } finally {
    await browser.close()
    await server.stop()
    await keycloak.stop()
  }
  process.stdout.write(`sso: ${passed} passed, ${failed} failed\n`)
  return failed === 0 && passed > 0 ? 0 : 1
}

/** The same test as in `npm test`, with all of its mutants. */
function runMutants(): boolean {
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts/test.ts'), 'server/src/saml/mutations'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, SAML_MUTANTS: mutants },
  })
  return status === 0
}

async function prepare(keycloak: Keycloak, server: OwnServer, browser: Browser): Promise<World> {
  const realm = new Realm(keycloak)
  await realm.create()
  const api: World['api'] = async (method, address, body, token = server.token) => {
    const answer = await fetch(`${server.url}${address}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const json = text === '' ? undefined : JSON.parse(text)
    if (!answer.ok) throw Object.assign(new Error(`${method} ${address} → ${answer.status} ${text}`), { json })
    return json
  }
  const connection = await api('POST', '/api/muster/sso-connections', {
    alias: 'keycloak',
    displayName: 'Keycloak',
    preset: 'keycloak',
    metadataXml: await realm.metadata(),
  })
  const sp: ServiceProvider = {
    ...connection.serviceProvider,
    metadata: await (await fetch(connection.serviceProvider.metadataUrl)).text(),
  }
  await realm.addServiceProvider(sp, false)
  return { server, realm, sp, connectionId: connection.id, api, newBrowser: () => browser.newContext() }
}
