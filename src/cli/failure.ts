import { ConfigError } from '../config/config-error.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import { type ExitCode, exitCodeOf } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

/** An error as `--json` shows it. */
export function failureAsJson(error: unknown): object {
  if (error instanceof ConfigError) {
    const message = 'The configuration cannot be used.'
    return { code: 'config', message, hint: null, problems: error.problems }
  }
  const { code, message, hint } = asSyncError(error)
  return { code, message, hint, problems: [] }
}

/** Tells a person, or with `json` also a script, why a command could not be done. The answer is its exit code. */
export function reportFailure(error: unknown, terminal: Terminal, json: boolean): ExitCode {
  for (const line of failureLines(error)) terminal.note(line)
  if (json) terminal.out(JSON.stringify({ error: failureAsJson(error) }))
  return exitCodeOf(error)
}

/** The message and below it what to do. Of an error that nobody foresaw, the place where it came from, too. */
export function failureLines(error: unknown): readonly string[] {
  if (error instanceof ConfigError) return error.message.split('\n')
  const { message, hint, cause } = asSyncError(error)
  const stack = error instanceof SyncError ? undefined : cause instanceof Error ? cause.stack : undefined
  if (stack !== undefined) return [`This is a bug of Tandem: ${stack}`]
  return hint === null ? [message] : [message, hint]
}
