import type { Command } from 'commander'
import type { Config } from '../config/load-config.ts'
import type { ExitCode } from './exit-code.ts'
import type { Terminal } from './terminal.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = Config['log']['level']

/** The options that every command takes. */
export interface GlobalOptions {
  readonly config: string
  readonly json: boolean
  /** null: what the configuration says, or for commands that end, `warn`. */
  readonly logLevel: LogLevel | null
}

/** What a command works with. */
export interface Invocation extends GlobalOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly terminal: Terminal
  /** Aborts when the person wants the command to end. */
  readonly signal: AbortSignal
}

/** Runs a command's body with its invocation and keeps its exit code. Made by `program.ts`. */
export type Perform = (
  body: (invocation: Invocation, command: Command) => Promise<ExitCode>,
) => (...args: unknown[]) => Promise<void>
