import { createHash } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'

/** Where a connection breaks: before the database heard of the COMMIT, or after it obeyed, before its answer came. */
export type Cut = 'before' | 'after'

export interface DatabaseProxy extends AsyncDisposable {
  /** The database as seen through the proxy. */
  readonly url: string
  /** Breaks the connection of the next COMMIT; resolves when that has happened. */
  cutNext(cut: Cut): Promise<void>
}

/** Named statements carry the hash of their text (dialects/postgres.ts); the first use on a connection carries the text too. */
const commitMark = Buffer.from(`m${createHash('sha256').update('commit').digest('base64url').slice(0, 22)}`)

/** Stands between server and PostgreSQL, and lets everything through but what it was told to cut. */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const url = new URL(databaseUrl)
  const target = { host: url.hostname, port: Number(url.port) }
  let armed: { readonly cut: Cut; readonly done: () => void } | null = null
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const database = connect(target)
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        database.destroy()
      })
    }
    let isCut = false
    const cutNow = () => {
      client.destroy()
      armed?.done()
      armed = null
    }
    client.on('data', (chunk: Buffer) => {
      if (armed !== null && !isCut && chunk.includes(commitMark)) {
        isCut = true
        if (armed.cut === 'before') return cutNow()
      }
      database.write(chunk)
    })
    database.on('data', (chunk: Buffer) => (isCut ? cutNow() : client.write(chunk)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url.host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  return {
    url: url.href,
    cutNext: (cut) => new Promise((resolve) => (armed = { cut, done: resolve })),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
