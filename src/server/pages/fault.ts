import type { ErrorCode } from '../../contract/error.ts'
import type { Fault } from '../../ledger/fault.ts'
import { type Html, html, NOTHING } from './html.ts'

/** Each code of an error in plain words. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  network: 'no connection',
  timeout: 'no answer in time',
  server: 'the server failed',
  busy: 'locked by somebody else',
  changed: 'changed meanwhile',
  rate_limited: 'too many calls',
  unavailable: 'not available',
  circuit_open: 'the system does not answer',
  waiting: 'waited too long for another record',
  invalid: 'values refused',
  constraint: 'breaks a rule of the database',
  forbidden_record: 'not allowed for this record',
  unresolved: 'refers to something unknown',
  unsupported: 'the other side cannot hold it',
  too_large: 'too large',
  key: 'no usable key',
  unexpected: 'unexpected answer',
  unauthorized: 'key refused',
  forbidden: 'rights are missing',
  schema: 'a field or table is missing',
  config: 'the configuration cannot work',
  paused: 'paused by a person',
  guard: 'held back by a guard',
  identity: 'another database',
  ledger: 'the ledger failed',
}

export function faultWords(code: string): string {
  return WORDS[code as ErrorCode] ?? code.replaceAll('_', ' ')
}

/** Why something failed, and what to do. */
export function showFault(fault: Fault | null): Html {
  if (fault === null) return NOTHING
  return html`<p class="fault" dir="auto">${fault.message}${
    fault.hint === null ? NOTHING : html`<span class="hint" dir="auto">${fault.hint}</span>`
  }</p>`
}
