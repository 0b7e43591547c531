import type { Check } from './check.ts'
import { characteristics, common, resources } from './checks/attributes.ts'
import { bulks, privacy, versions } from './checks/bulk.ts'
import { discovery } from './checks/discovery.ts'
import { errors, json } from './checks/json.ts'
import { create, filters, reading } from './checks/lists.ts'
import { cursorPaging, indexPaging, sorting } from './checks/paging.ts'
import { patching } from './checks/patching.ts'
import { projections, replacing, searching } from './checks/shaping.ts'
import { transport } from './checks/transport.ts'

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
