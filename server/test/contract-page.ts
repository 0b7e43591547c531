import { Ajv2020 } from 'ajv/dist/2020.js'

/** As much of openapi.json as the tests over the whole API look at. */
export interface ContractPage {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation['spec']>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly tags: readonly { readonly name: string; readonly description?: string }[]
}

type Referred<T> = T | { readonly $ref: string }

interface Media {
  readonly schema?: object
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, Referred<{ readonly value: unknown }>>>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description?: string
  readonly schema?: object
}

interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, Media>>
  readonly 'x-error-codes'?: readonly string[]
}

export interface Operation {
  /** `GET /api/service/users/{id}` */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly spec: {
    readonly operationId: string
    readonly summary: string
    readonly tags: readonly string[]
    readonly security: readonly object[]
    readonly parameters?: readonly Parameter[]
    readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Media>> }
    readonly responses: Readonly<Record<string, Referred<Response>>>
  }
}

export function listOperations({ paths }: Pick<ContractPage, 'paths'>): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([verb, spec]) => {
      const method = verb.toUpperCase()
      return { name: `${method} ${path}`, method, path, spec }
    }),
  )
}

/** What a reference stands for; anything else is itself. Fails when the reference leads nowhere. */
export function resolve<T extends object>(page: ContractPage, part: Referred<T> | undefined): T {
  if (part === undefined) throw new Error('nothing to resolve')
  if (!('$ref' in part)) return part
  const [, , kind = '', name = ''] = part.$ref.split('/')
  const found = page.components[kind]?.[name]
  if (found === undefined) throw new Error(`${part.$ref} leads nowhere`)
  return found as T // the caller says what kind of part it asked for
}

/** Says what is wrong with an example, null when nothing is. Keys that a schema does not name are wrong here, though clients bear them. */
export function exampleChecker(page: ContractPage): (schema: object, value: unknown) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema(JSON.parse(JSON.stringify({ $id: 'page', components: page.components }, closeObjects)))
  return (schema, value) => {
    const closed = JSON.parse(JSON.stringify(schema, closeObjects).replaceAll('"#/components/', '"page#/components/'))
    const validate = ajv.compile(closed)
    return validate(value) ? null : ajv.errorsText(validate.errors)
  }
}

/** An object that names properties and says nothing about others has no others; one that names none is free. */
function closeObjects(_key: string, value: unknown): unknown {
  const isOpenObject =
    typeof value === 'object' &&
    value !== null &&
    'properties' in value &&
    'type' in value &&
    value.type === 'object' &&
    !('additionalProperties' in value)
  if (!isOpenObject || Object.keys(value.properties ?? {}).length === 0) return value
  return { ...value, additionalProperties: false }
}
