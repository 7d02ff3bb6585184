import type { Context } from '../engine/context.ts'
import type { Site } from '../operations/site.ts'

/** What the pages and the API work on: the daemon's own parts. */
export interface ServerSite extends Site {
  /** When this process started. */
  readonly startedAtMs: number
  /** The running mapping's context; null: it does not run (yet). */
  readonly contextOf: (mapping: string) => Context | null
  /** Told of a defect of ours. */
  readonly onDefect: (message: string) => void
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal
}
