import { ConfigError } from '../config/config-error.ts'
import { asSyncError, type ErrorCode } from '../contract/error.ts'

/**
 * What a script can tell from the exit code.
 *
 * 0 done. 1 differences were found, something failed, or something waits for a person. 2 the command or the configuration
 * has to be changed first. 3 a system does not answer or refuses us: the same command may work later.
 */
export type ExitCode = 0 | 1 | 2 | 3

/** The exit code of a command that ended with an error, by the error's code. */
const EXIT_CODE: Readonly<Record<ErrorCode, ExitCode>> = {
  network: 3,
  timeout: 3,
  server: 3,
  busy: 3,
  rate_limited: 3,
  unavailable: 3,
  circuit_open: 3,
  unauthorized: 3,
  forbidden: 3,
  schema: 2,
  config: 2,
  identity: 2,
  ledger: 2,
  guard: 1,
  paused: 1,
  waiting: 1,
  changed: 1,
  invalid: 1,
  constraint: 1,
  forbidden_record: 1,
  unresolved: 1,
  unsupported: 1,
  too_large: 1,
  key: 1,
  unexpected: 1,
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof ConfigError ? error.exitCode : EXIT_CODE[asSyncError(error).code]
}

/** One code for several things that were done: what has to be changed first, then what does not answer. */
export function worstOf(codes: Iterable<ExitCode>): ExitCode {
  const found = new Set(codes)
  return ([2, 3, 1] as const).find((code) => found.has(code)) ?? 0
}
