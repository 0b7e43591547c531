import type { Check } from './check.ts'
import { characteristics, common, resources } from './checks/attributes.ts'
import { discovery } from './checks/discovery.ts'
import { errors, json } from './checks/json.ts'
import { create, filters, reading } from './checks/lists.ts'
import { transport } from './checks/transport.ts'

/** Every check, in the order of the contract. */
export const checks: readonly Check[] = [...transport, ...json, ...errors, ...discovery, ...common, ...characteristics, ...resources, ...create, ...reading, ...filters]
