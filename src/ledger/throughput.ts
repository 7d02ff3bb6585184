import type { Side } from '../mapping/mapping.ts'

export const THROUGHPUT_SLICE_MS = 5 * 60_000

/** How much was captured and applied within one slice of time, for one side of a mapping. */
export interface Throughput {
  /** The slice begins then, and is `THROUGHPUT_SLICE_MS` long. */
  readonly atMs: number
  readonly side: Side
  readonly captured: number
  readonly applied: number
}
