import { createColors } from 'picocolors'

/** What of a stream is needed to write to it. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): boolean
}

/**
 * Where a command writes. Results go to stdout; everything else (notes, progress, logs of commands that end) to stderr,
 * so that stdout can be piped. No secret that the configuration holds passes.
 */
export interface Terminal {
  readonly colors: ReturnType<typeof createColors>
  /** A person watches stderr: lines may be rewritten. */
  readonly isInteractive: boolean
  readonly isOutputInteractive: boolean
  /** A line of the result. */
  out(line: string): void
  /** A line for the person who watches. */
  note(line: string): void
  /** The line at the bottom that is rewritten; null takes it away. Only where it is interactive. */
  status(line: string | null): void
  /** From now on, what is written goes through `redact`. */
  redactWith(redact: (text: string) => string): void
}

const CLEAR = '\r\u001b[2K'

export function createTerminal(
  stdout: Output,
  stderr: Output,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  let redact = (text: string): string => text
  let shown: string | null = null
  const isInteractive = stderr.isTTY === true && env.TERM !== 'dumb'
  const isOutputInteractive = stdout.isTTY === true && env.TERM !== 'dumb'
  const wantsColors = !env.NO_COLOR && (isOutputInteractive || Boolean(env.FORCE_COLOR))
  const withoutStatus = (write: () => void): void => {
    if (shown !== null) stderr.write(CLEAR)
    write()
    if (shown !== null) stderr.write(shown)
  }
  return {
    colors: createColors(wantsColors),
    isInteractive,
    isOutputInteractive,
    out: (line) => withoutStatus(() => stdout.write(`${redact(line)}\n`)),
    note: (line) => withoutStatus(() => stderr.write(`${redact(line)}\n`)),
    status(line) {
      if (!isInteractive) return
      const next = line === null ? null : redact(line).slice(0, (stderr.columns ?? 80) - 1)
      if (next === shown) return
      stderr.write(next === null ? CLEAR : CLEAR + next)
      shown = next
    },
    redactWith(next) {
      redact = next
    },
  }
}
