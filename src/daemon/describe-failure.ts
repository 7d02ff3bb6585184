import { ConfigError } from '../config/config-error.ts'
import { asSyncError } from '../contract/error.ts'

/** Any failure as an operator reads it: with the file and line, or with what to do. */
export function describeFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  return asSyncError(error).advice
}
