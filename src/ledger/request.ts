import type { Value } from '../contract/value.ts'

/** Work that a command hands to the daemon that holds the ledger. */
export interface Request {
  readonly id: number
  readonly kind: string
  readonly args: Readonly<Record<string, Value>>
  readonly state: 'open' | 'running' | 'done' | 'failed'
  /** While running: progress; afterwards: the result or the fault. */
  readonly answer: Readonly<Record<string, Value>> | null
  readonly createdAtMs: number
}
