import { setTimeout as sleep } from 'node:timers/promises'
import { asSyncError, SyncError } from '../contract/error.ts'
import type { NewArrival } from '../ledger/arrival.ts'
import type { Ledger } from '../ledger/ledger.ts'

export interface InboxOptions {
  readonly ledger: Pick<Ledger, 'receive'>
  readonly nowMs: () => number
  /** Told after arrivals of these mappings are on disk. */
  readonly onReceived: (mappings: readonly string[]) => void
  readonly onLedgerFailure: (error: SyncError) => void
  /** The most arrivals that may wait for the disk, of all mappings and of one. */
  /** Between two transactions. */
  readonly pause?: (ms: number) => Promise<unknown>
  readonly limits?: { readonly total: number; readonly perMapping: number }
}

/**
 * Makes what was told durable. Requests that come while a transaction is being written wait for the next one, which
 * takes them all: a thousand requests a second cost as many syncs of the disk as it can do, not a thousand.
 */
export interface Inbox {
  /**
   * Resolves when the arrivals are on disk.
   * @throws SyncError `rate_limited` when too much of this mapping waits, `unavailable` when too much of all does,
   * `ledger` when it cannot be stored. Nothing of it is stored then.
   */
  receive(arrivals: readonly NewArrival[]): Promise<void>
}

interface Waiting {
  readonly arrivals: readonly NewArrival[]
  readonly stored: () => void
  readonly failed: (error: SyncError) => void
}

const LIMITS = { total: 10_000, perMapping: 5000 }
/** A larger transaction would keep the event loop for too long. */
const MAX_BATCH = 500
/**
 * The pause between two transactions: a sync of the disk blocks the event loop, and one after the other would leave it no
 * time to read requests. Whoever comes after a quiet time does not wait.
 */
const GATHER_MS = 15
const RETRY_AFTER_MS = 1000

export function createInbox(options: InboxOptions): Inbox {
  const { ledger, limits = LIMITS, pause = sleep } = options
  let queue: Waiting[] = []
  let total = 0
  const perMapping = new Map<string, number>()
  let isWriting = false

  const count = (arrivals: readonly NewArrival[], step: 1 | -1): void => {
    total += step * arrivals.length
    for (const { mapping } of arrivals) perMapping.set(mapping, (perMapping.get(mapping) ?? 0) + step)
  }

  const nextBatch = (): readonly Waiting[] => {
    let size = 0
    const length = queue.findIndex(({ arrivals }) => {
      size += arrivals.length
      return size > MAX_BATCH
    })
    // One that is larger than a batch goes alone.
    const batch = queue.slice(0, length === -1 ? queue.length : Math.max(1, length))
    queue = queue.slice(batch.length)
    return batch
  }

  const write = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = nextBatch()
      const arrivals = batch.flatMap((each) => each.arrivals)
      try {
        await ledger.receive(arrivals, options.nowMs())
        for (const { stored } of batch) stored()
        options.onReceived([...new Set(arrivals.map(({ mapping }) => mapping))])
      } catch (thrown) {
        const error = asSyncError(thrown)
        for (const { failed } of batch) failed(error)
        options.onLedgerFailure(error)
      }
      count(arrivals, -1)
      // Requests that came while the disk was busy are read before the next transaction begins.
      await pause(queue.length < MAX_BATCH ? GATHER_MS : 0)
    }
    isWriting = false
  }

  return {
    receive(arrivals) {
      const refusal = refuse(arrivals, total, perMapping, limits)
      if (refusal) return Promise.reject(refusal)
      if (arrivals.length === 0) return Promise.resolve()
      count(arrivals, 1)
      const stored = new Promise<void>((resolve, reject) => {
        queue.push({ arrivals, stored: resolve, failed: reject })
      })
      if (!isWriting) {
        isWriting = true
        setImmediate(() => void write())
      }
      return stored
    },
  }
}

function refuse(
  arrivals: readonly NewArrival[],
  total: number,
  perMapping: ReadonlyMap<string, number>,
  limits: { readonly total: number; readonly perMapping: number },
): SyncError | null {
  const retry = { retryAfterMs: RETRY_AFTER_MS }
  if (total + arrivals.length > limits.total) {
    return new SyncError('unavailable', 'More was told than can be stored at the moment.', retry)
  }
  const crowded = arrivals.find(({ mapping }) => (perMapping.get(mapping) ?? 0) >= limits.perMapping)
  if (!crowded) return null
  return new SyncError('rate_limited', `More was told of ${crowded.mapping} than can be stored at the moment.`, retry)
}
