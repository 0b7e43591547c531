import type { Check } from './check.ts'
import { bulks } from './checks/bulk.ts'
import { characteristics } from './checks/characteristics.ts'
import { common } from './checks/common.ts'
import { create, reading } from './checks/create.ts'
import { discovery } from './checks/discovery.ts'
import { errors } from './checks/errors.ts'
import { filters } from './checks/filters.ts'
import { json } from './checks/json.ts'
import { cursorPaging, indexPaging, sorting } from './checks/paging.ts'
import { patching } from './checks/patching.ts'
import { privacy } from './checks/privacy.ts'
import { resources } from './checks/resources.ts'
import { projections, replacing, searching } from './checks/shaping.ts'
import { transport } from './checks/transport.ts'
import { versions } from './checks/versions.ts'

/** Every check, in the order of the contract; 188 to 197, events and asynchronous requests, are not offered yet. */
export const checks: readonly Check[] = [
  transport,
  json,
  errors,
  discovery,
  common,
  characteristics,
  resources,
  create,
  reading,
  filters,
  sorting,
  indexPaging,
  cursorPaging,
  projections,
  searching,
  replacing,
  patching,
  versions,
  bulks,
  privacy,
].flat()
