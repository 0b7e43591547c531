/** `npm run openapi` writes the contract that the server declares to openapi.json; with --check it only says whether the file is stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { startTestApp } from '../server/test/start-test-app.ts'

export const openApiFile = path.join(path.dirname(import.meta.dirname), 'openapi.json')

if (import.meta.main) process.exitCode = await run(process.argv.includes('--check'))

/** The document as it is committed: in the order in which routes are registered. */
export function openApiText(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

async function run(onlyChecks: boolean): Promise<number> {
  await using t = await startTestApp()
  const document = t.http.swagger()
  const text = openApiText(document)
  const operations = Object.values(document.paths ?? {}).flatMap((item) => Object.keys(item)).length
  const isFresh = readIfThere(openApiFile) === text
  if (!onlyChecks && !isFresh) writeFileSync(openApiFile, text)
  console.log(
    `openapi: ${operations} operations, ${isFresh ? 'fresh' : onlyChecks ? 'openapi.json is stale: run npm run openapi' : 'openapi.json written'}`,
  )
  return operations > 0 && (isFresh || !onlyChecks) ? 0 : 1
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
