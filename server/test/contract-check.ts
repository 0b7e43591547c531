import { Ajv2020 } from 'ajv/dist/2020.js'
import FindMyWay from 'find-my-way'
import type { Answer } from './test-client.ts'

/** As much of OpenAPI as is looked at here. */
interface Contract {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, ContractOperation>>>>
  readonly components?: { readonly responses?: Readonly<Record<string, ContractResponse>> }
}

interface ContractOperation {
  readonly operationId?: string
  readonly responses?: Readonly<Record<string, ContractResponse | { readonly $ref: string }>>
}

interface ContractResponse {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>
  readonly 'x-error-codes'?: readonly string[]
}

/** Without Ajv's narrowing of the value. */
type Validate = ReturnType<Ajv2020['compile']>

interface Checker {
  readonly paths: ReturnType<typeof FindMyWay>
  readonly ajv: Ajv2020
  readonly validators: Map<object, Validate>
}

const checkers = new WeakMap<object, Checker>()
let answersChecked = 0

/** How many answers of the process were held against the contract. */
export function countCheckedAnswers(): number {
  return answersChecked
}

/** Throws when an answer under a documented address has a status, code or body that openapi.json does not declare. */
export function checkAgainstContract(contract: object, method: string, path: string, answer: Answer): void {
  const checker = checkerFor(contract)
  const found = checker.paths.find(method === 'HEAD' ? 'GET' : (method as 'GET'), path.split('?')[0] ?? path)
  if (found === null) return
  const operation: ContractOperation = found.store
  const response = responseOf(contract, operation, answer.status)
  const place = `${method} ${path.slice(0, 200)} → ${answer.status}`
  if (response === undefined)
    throw new Error(`${place} is not declared for ${operation.operationId}: ${answer.text.slice(0, 300)}`)
  answersChecked += 1
  const type = (answer.headers['content-type'] ?? '').split(';')[0] ?? ''
  // A HEAD announces the body that the GET would have.
  if (method === 'HEAD') return
  const media = response.content?.[type]
  if (media === undefined) {
    if (answer.text === '' && response.content === undefined) return
    throw new Error(`${place}: ${operation.operationId} does not declare "${type}": ${answer.text.slice(0, 200)}`)
  }
  const { schema } = media
  if (!type.endsWith('json') || schema === undefined) return
  const validate = validatorFor(checker, schema)
  if (type === 'application/x-ndjson') {
    for (const line of answer.text.split('\n').slice(0, -1)) {
      if (!validate(JSON.parse(line))) throw new Error(`${place}: a line does not have its declared form: ${line}`)
    }
    return
  }
  const body: { error?: string } = answer.json
  if (!validate(body))
    throw new Error(
      `${place} does not have its declared form: ${checker.ajv.errorsText(validate.errors)}; ${answer.text.slice(0, 300)}`,
    )
  const codes = response['x-error-codes']
  if (codes !== undefined && !codes.includes(body.error ?? '')) {
    throw new Error(`${place}: the code ${body.error} is not declared for ${operation.operationId}`)
  }
}

const sharedResponses = '#/components/responses/'

/** Answers that many operations share stand once in the document. */
function responseOf(contract: Contract, operation: ContractOperation, status: number): ContractResponse | undefined {
  const response = operation.responses?.[status]
  return response !== undefined && '$ref' in response
    ? contract.components?.responses?.[response.$ref.slice(sharedResponses.length)]
    : response
}

function checkerFor(contract: Contract): Checker {
  let checker = checkers.get(contract)
  if (checker === undefined) {
    checker = makeChecker(contract)
    checkers.set(contract, checker)
  }
  return checker
}

function makeChecker(contract: Contract): Checker {
  const paths = FindMyWay()
  for (const [template, operations] of Object.entries(contract.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations)) {
      paths.on(method.toUpperCase() as 'GET', template.replaceAll(/\{([^}]+)\}/g, ':$1'), () => {}, operation)
    }
  }
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema({ $id: 'contract', ...contract })
  return { paths, ajv, validators: new Map() }
}

/** References of the form #/components/schemas/X stay inside the whole contract. */
function validatorFor({ ajv, validators }: Checker, schema: object): Validate {
  let validate = validators.get(schema)
  if (validate === undefined) {
    validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"contract#/components/')))
    validators.set(schema, validate)
  }
  return validate
}
