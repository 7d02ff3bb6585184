import { z } from 'zod'
import type { Cursor } from '../../contract/feed.ts'
import { decodeRanges, encodeRanges, type Range } from './sequence-ranges.ts'

/**
 * How far a reader of captured changes is. It first takes the whole table in pages, while the triggers already note what
 * changes meanwhile, and then what they noted. `done` are exactly the notes that the page covered: transactions commit in
 * another order than they number their notes, so no single number can say "up to here". In a snapshot, they are the notes
 * that were there before its first page, which therefore shows what they tell of.
 */
export type CapturePosition =
  | {
      readonly phase: 'snapshot'
      readonly consumer: number
      /** null: nothing was read yet. */
      readonly after: string | null
      readonly done: readonly Range[]
    }
  | { readonly phase: 'changes'; readonly consumer: number; readonly done: readonly Range[] }

const cursorSchema = z.union([
  z.strictObject({ v: z.literal(1), consumer: z.number(), after: z.string(), done: z.string() }),
  z.strictObject({ v: z.literal(1), consumer: z.number(), done: z.string() }),
])

/** The most notes that the start of a snapshot marks as done; what is beyond is told once more after it. */
export const MAX_DONE_AT_START = 100_000

/**
 * Where to go on. From the start where there is no cursor, where it is of another kind (the capture was changed), or
 * where it belongs to an earlier registration: what happened between the two was noted for nobody.
 */
export function capturePosition(cursor: Cursor | null, consumer: number): CapturePosition {
  const start: CapturePosition = { phase: 'snapshot', consumer, after: null, done: [] }
  const parsed = cursorSchema.safeParse(readJson(cursor))
  if (!parsed.success || parsed.data.consumer !== consumer) return start
  const done = decodeRanges(parsed.data.done)
  if ('after' in parsed.data) return { phase: 'snapshot', consumer, after: parsed.data.after, done }
  return { phase: 'changes', consumer, done }
}

export function captureCursor(position: CapturePosition): Cursor {
  const { consumer } = position
  const done = encodeRanges(position.done)
  return JSON.stringify(
    position.phase === 'snapshot' ? { v: 1, consumer, after: position.after, done } : { v: 1, consumer, done },
  )
}

function readJson(text: string | null): unknown {
  if (text === null) return null
  try {
    return JSON.parse(text) as unknown
  } catch {
    return null
  }
}
