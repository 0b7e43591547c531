import { isOperationName, operations, type OperationName } from './operations.ts'
import type { Material, Request } from './requests.ts'
import { scaleOperations, type ScaleOperationName } from './scale/scale-operations.ts'

/** Of either kind of run: beside the limit server, or at several sizes. */
export type AnyOperationName = OperationName | ScaleOperationName

export function requestOf(name: AnyOperationName): (material: Material) => Request {
  return isOperationName(name) ? operations[name] : scaleOperations[name].request
}
