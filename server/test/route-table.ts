import type { FastifyInstance } from 'fastify'

/** Every address the server answers, as `GET /api/service/users/{id}`, from Fastify's own table. HEAD comes with each GET and is left out. */
export function registeredRoutes(http: FastifyInstance): string[] {
  const parts: string[] = []
  return http
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const found = /^((?:[│ ] {3})*)[├└]── (\S+) \(([A-Z, ]+)\)$/.exec(line)
      if (found === null) {
        if (line.trim() === '') return []
        throw new Error(`a line of Fastify's route table cannot be read: ${line}`)
      }
      const [, indent = '', part = '', methods = ''] = found
      parts.splice(indent.length / 4, Infinity, part)
      const path = parts.join('').replaceAll(/:([a-zA-Z]+)/g, '{$1}')
      return methods
        .split(', ')
        .filter((method) => method !== 'HEAD')
        .map((method) => `${method} ${path}`)
    })
    .toSorted()
}
