import type { createColors } from 'picocolors'
import { type Logger, pino, stdTimeFunctions } from 'pino'
import type { Config } from './config/load-config.ts'

export type { Logger }

export interface LogOptions {
  readonly level: Config['log']['level']
  /** `json`: one object a line. `pretty`: for people. */
  readonly format: 'json' | 'pretty'
  readonly colors: ReturnType<typeof createColors>
  /** Takes a finished line without its end. It must take secrets out, and write before it returns: nothing is buffered. */
  readonly write: (line: string) => void
}

/** Structured logs: `mapping`, `side`, `odooId`, `externalId`, `key` and `err` where they apply. Never a field's value. */
export function createLog(options: LogOptions): Logger {
  const { level, format, colors, write } = options
  const settings = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(settings, {
    write(line: string) {
      write(format === 'json' ? line.trimEnd() : pretty(line, colors))
    },
  })
}

interface Entry {
  readonly time: string
  readonly level: string
  readonly msg?: string
  readonly mapping?: string
  readonly err?: { readonly message?: string; readonly stack?: string }
}

/** "08:30:00 WARN  customers: …". */
function pretty(line: string, colors: LogOptions['colors']): string {
  const { time, level, msg = '', mapping, err } = JSON.parse(line) as Entry
  const paint = { warn: colors.yellow, error: colors.red, fatal: colors.red, info: colors.green }[level] ?? colors.dim
  const clock = colors.dim(new Date(time).toTimeString().slice(0, 8))
  const subject = mapping === undefined ? '' : `${colors.bold(mapping)}: `
  const cause = err?.stack === undefined ? '' : `\n${colors.dim(err.stack)}`
  return `${clock} ${paint(level.toUpperCase().padEnd(5))} ${subject}${msg}${cause}`
}
