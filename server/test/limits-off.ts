import { limitRows } from '../src/limits/limits.ts'

/** Tests send all they have at once, from one address, on machines that are busy; those of the limits switch on what they are about. */
export const limitsOff: Readonly<Record<string, string>> = Object.fromEntries([
  ...limitRows
    .filter((row) => row.variable.startsWith('MUSTER_RATE_') && row.canBeOff === true)
    .map((row) => [row.variable, '0']),
  ['MUSTER_EVENT_LOOP_DELAY_MAX_MS', '0'],
])
