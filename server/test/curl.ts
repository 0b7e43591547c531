import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface CurlAnswer {
  readonly status: number
  readonly headers: string
  readonly text: string
}

const run = promisify(execFile)

/** The real curl with these arguments; nothing of the machine's own settings. */
export async function curl(args: readonly string[]): Promise<CurlAnswer> {
  return readAnswer(
    (await run('curl', ['--disable', '--silent', '--show-error', '--include', ...args], { env: environment })).stdout,
  )
}

/** A command as it stands in a document, through the shell. */
export async function curlScript(script: string, variables: Readonly<Record<string, string>>): Promise<CurlAnswer> {
  return readAnswer(
    (
      await run('sh', ['-c', script.replace('curl', 'curl --disable --silent --show-error --include')], {
        env: { ...environment, ...variables },
      })
    ).stdout,
  )
}

/** A request as documents write it: a line with verb and address, headers, then perhaps a body. */
export function curlRequest(base: string, request: string): Promise<CurlAnswer> {
  const [first = '', ...lines] = request.split('\n')
  const [method = '', address = ''] = first.split(' ')
  const headers = lines.filter((line) => /^[A-Za-z-]+: /.test(line))
  const body = lines.filter((line) => !headers.includes(line)).join('\n')
  return curl([
    '-X',
    method,
    ...headers.flatMap((header) => ['-H', header]),
    ...(body === '' ? [] : ['--data-raw', body]),
    `${base}${address}`,
  ])
}

/** Without the proxies that a machine may have set. */
const environment = { PATH: process.env['PATH'] ?? '', NO_PROXY: '*' }

function readAnswer(output: string): CurlAnswer {
  const end = output.indexOf('\r\n\r\n')
  const status = /^HTTP\/[0-9.]+ ([0-9]{3})/.exec(output)?.[1]
  if (end === -1 || status === undefined) throw new Error(`curl printed no answer: ${output.slice(0, 300)}`)
  return { status: Number(status), headers: output.slice(0, end), text: output.slice(end + 4) }
}
