import { catalogue, type ErrorCode } from '../errors/catalogue.ts'
import { errorExample } from './error-responses.ts'

/** As much of an OpenAPI document as is finished here. */
export interface ContractDocument {
  components?: { responses?: Record<string, object>; examples?: Record<string, object> }
  paths?: Record<string, Record<string, ContractOperation>>
  tags?: object[]
}

interface ContractOperation {
  readonly requestBody?: { required?: boolean }
  readonly responses: Record<string, ContractResponse | { readonly $ref: string }>
  'x-body-optional'?: true
}

interface ContractResponse {
  readonly description: string
  readonly content?: Readonly<
    Record<string, { readonly schema?: object; readonly examples?: Readonly<Record<string, unknown>> }>
  >
}

/** What each part of the API is for, in the order in which people read. */
const tags = [
  { name: 'Users', description: 'People of the workspace, and who one is oneself.' },
  { name: 'Invitations', description: 'Offers to join, and their links.' },
  { name: 'Groups', description: 'Named sets of users; they carry no rights of their own.' },
  { name: 'Roles', description: 'Workspace roles. Other calls take their ids.' },
  { name: 'Personas', description: 'Who sees what: users, groups and policies.' },
  { name: 'Purposes', description: 'Why data may be used: tags, users and groups.' },
  { name: 'API tokens', description: 'Credentials for programs; the secret is shown once.' },
  {
    name: 'OAuth clients',
    description: 'Programs with an id and a secret, which they exchange for short access tokens.',
  },
  {
    name: 'SSO mappers',
    description: 'What attributes of an identity provider mean here; kept by the alias of the connection.',
  },
  {
    name: 'Sessions',
    description: 'Browsers in which people are signed in, and the tokens these trade their sessions for.',
  },
  { name: 'Events', description: 'What was changed, and who signed in.' },
  { name: 'Outbox', description: 'Mails that were promised, sent or not.' },
]

/**
 * What the generator cannot say: error codes in a form for programs, error answers written once and referred to,
 * bodies that may be left out, tags with a description.
 */
export function finishDocument(document: ContractDocument): ContractDocument {
  const responses: Record<string, object> = {}
  const used = new Set<ErrorCode>()
  for (const operation of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path))) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if ('$ref' in response) continue
      const codes = errorCodesOf(response)
      if (codes.length === 0) continue
      for (const code of codes) used.add(code)
      const [only] = codes
      const finished = withErrorCodes(response, codes)
      if (codes.length > 1 || only === undefined) operation.responses[status] = finished
      else {
        responses[only] = finished
        operation.responses[status] = { $ref: `#/components/responses/${only}` }
      }
    }
    if (operation['x-body-optional'] === true && operation.requestBody !== undefined)
      operation.requestBody.required = false
    delete operation['x-body-optional']
  }
  const examples = Object.fromEntries([...used].toSorted().map((code) => [code, errorExample(code)]))
  return { ...document, tags, components: { ...document.components, responses: sortedByName(responses), examples } }
}

/** The names of an error answer's examples are its codes (error-responses.ts). */
function errorCodesOf({ content }: ContractResponse): ErrorCode[] {
  return Object.keys(content?.['application/json']?.examples ?? {}).filter((name): name is ErrorCode =>
    Object.hasOwn(catalogue, name),
  )
}

function withErrorCodes(
  response: ContractResponse,
  codes: readonly ErrorCode[],
): ContractResponse & { readonly 'x-error-codes': readonly ErrorCode[] } {
  const schema = response.content?.['application/json']?.schema
  return {
    ...response,
    'x-error-codes': codes,
    content: { ...response.content, 'application/problem+json': schema === undefined ? {} : { schema } },
  }
}

function sortedByName(entries: Record<string, object>): Record<string, object> {
  return Object.fromEntries(Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
