import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import { ApiError } from '../errors/api-error.ts'

/** What the validator says about one mistake. */
interface Finding {
  readonly keyword: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}

/** Checks bodies without coercion. Queries and path parameters have readers of their own, which say how to fix a mistake. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  if (httpPart !== 'body') return () => true
  // Made for the first body: most processes never see one of most operations.
  let validator: ReturnType<typeof Compile> | undefined
  return (value: unknown) => {
    validator ??= Compile(schema)
    return validator.Check(value) ? true : { error: bodyError(validator.Errors(value)[1]) }
  }
}

/** Turns the most telling finding into a sentence that names the field. */
function bodyError(findings: readonly Finding[]): ApiError {
  const finding = mostTelling(findings)
  if (finding === undefined)
    return new ApiError('invalid_body', { detail: 'The body does not have the expected form.' })
  const path = finding.instancePath === '' ? 'The body' : finding.instancePath.slice(1).replaceAll('/', '.')
  return new ApiError('invalid_body', { detail: `${path} ${choicesOf(finding, findings) ?? problemOf(finding)}.` })
}

/** A value that is none of a list: each entry of the list is a finding of its own. */
function choicesOf({ keyword, instancePath }: Finding, findings: readonly Finding[]): string | undefined {
  if (keyword !== 'const') return undefined
  const choices = findings.filter((other) => other.keyword === 'const' && other.instancePath === instancePath)
  return `must be ${choices.map(({ params }) => String(valueOf(params, 'allowedValue'))).join(' or ')}`
}

function valueOf(params: object, name: string): unknown {
  return Object.entries(params).find(([key]) => key === name)?.[1]
}

/** Of the branches of a union the deepest finding is the one the sender meant. */
function mostTelling(findings: readonly Finding[]): Finding | undefined {
  return findings
    .filter((finding) => finding.keyword !== 'anyOf' && finding.keyword !== 'boolean')
    .toSorted((a, b) => b.instancePath.split('/').length - a.instancePath.split('/').length)[0]
}

const typeNames: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function problemOf({ keyword, params, message }: Finding): string {
  const parameter = (name: string) => String(valueOf(params, name))
  switch (keyword) {
    case 'required':
      return `lacks "${parameter('requiredProperties')}"`
    case 'additionalProperties':
      return `has an unknown field "${parameter('additionalProperties')}"`
    case 'type':
      return `must be ${parameter('type')
        .split(',')
        .map((type) => typeNames[type] ?? type)
        .join(' or ')}`
    case 'maxItems':
      return `may have at most ${parameter('limit')} entries`
    case 'maxLength':
      return `may be at most ${parameter('limit')} characters long`
    case 'minLength':
      return 'must not be empty'
    case 'pattern':
      return 'has characters that are not allowed here'
    default:
      return message
  }
}
