import type { RecordId } from '../contract/change.ts'
import type { Side } from '../mapping/mapping.ts'

/**
 * Which records are being written, and which were since a moment. One side is read while records of it are written, and
 * a state that was read before or during our own write is not news: staged after the write is settled, it would look like
 * a fresh edit and put the older value over the newer.
 */
export interface WriteLog {
  /** The present moment. Reads that begin now ask about it later, and say with `forget` that they are done. */
  mark(): Mark
  /** Writes of these records begin. Waits while a page is being staged. */
  begin(side: Side, ids: readonly RecordId[]): Promise<void>
  /** They are settled in the ledger, or left in doubt. */
  end(side: Side, ids: readonly RecordId[]): void
  /** Those of `ids` that were being written at any time since the mark. */
  writtenSince(mark: Mark, side: Side, ids: readonly RecordId[]): readonly RecordId[]
  /** Resolves when none of `ids` is being written. */
  settled(side: Side, ids: readonly RecordId[]): Promise<void>
  /** Runs `stage` with no write beginning meanwhile. */
  staging<T>(stage: () => Promise<T>): Promise<T>
}

export interface Mark {
  readonly moment: number
  forget(): void
}

export function newWriteLog(): WriteLog {
  let moment = 0
  const open = new Map<string, number>()
  const ended = new Map<string, number>()
  const marks = new Set<Mark>()
  let stagings: Promise<unknown> = Promise.resolve()
  let listeners: (() => void)[] = []
  const name = (side: Side, id: RecordId): string => `${side} ${id}`

  /** What ended before every read that is under way concerns nobody. */
  const prune = (): void => {
    const oldest = Math.min(...[...marks].map((mark) => mark.moment))
    for (const [key, endedAt] of ended) if (endedAt < oldest) ended.delete(key)
  }

  return {
    mark() {
      const mark: Mark = {
        moment,
        forget() {
          marks.delete(mark)
          prune()
        },
      }
      marks.add(mark)
      return mark
    },
    async begin(side, ids) {
      for (let awaited: unknown = null; awaited !== stagings; ) {
        awaited = stagings
        await stagings
      }
      for (const id of ids) open.set(name(side, id), (open.get(name(side, id)) ?? 0) + 1)
    },
    end(side, ids) {
      moment += 1
      for (const id of ids) {
        const key = name(side, id)
        const left = (open.get(key) ?? 1) - 1
        if (left > 0) open.set(key, left)
        else open.delete(key)
        if (marks.size > 0) ended.set(key, moment)
      }
      const woken = listeners
      listeners = []
      for (const wake of woken) wake()
    },
    writtenSince(mark, side, ids) {
      if (open.size + ended.size === 0) return []
      return ids.filter((id) => open.has(name(side, id)) || (ended.get(name(side, id)) ?? 0) > mark.moment)
    },
    async settled(side, ids) {
      while (ids.some((id) => open.has(name(side, id)))) await new Promise<void>((wake) => listeners.push(wake))
    },
    async staging(stage) {
      const staged = stage()
      stagings = staged.catch(() => {})
      return staged
    },
  }
}
