import type { ErrorCode } from '../contract/error.ts'

/** A reason that a person reads. */
export interface Fault {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | null
}
