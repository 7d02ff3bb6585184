import type { Caller } from '../contract/caller.ts'
import type { Change, RecordId, RecordState } from '../contract/change.ts'
import type { Collection, Connector } from '../contract/connector.ts'
import { asSyncError, type SyncError } from '../contract/error.ts'
import type { Feed } from '../contract/feed.ts'
import type { Hooks } from '../contract/hooks.ts'
import type { FindRequest, Operation, Outcome, Sink } from '../contract/sink.ts'
import { speaksOfServer } from './circuit.ts'
import type { ConnectionGuard } from './connection-guard.ts'
import { grow, type LoadSize, loadOf, shrink, UNLIMITED } from './load-size.ts'
import { writeFailure } from './write-failure.ts'

/**
 * `connector` behind its guard, with pages and look-ups that shrink when they are too much for the system. Everything
 * else is as it was: nothing is repeated here, so a call that failed has failed.
 */
export function guardConnector(connector: Connector, guard: ConnectionGuard): Connector {
  const { drawMarks, collections } = connector
  return {
    check: (signal) => guard.ask(signal, () => connector.check(signal)),
    ...(drawMarks ? { drawMarks: (signal) => guard.ask(signal, () => drawMarks.call(connector, signal)) } : {}),
    ...(collections ? { collections: (signal) => guard.ask(signal, () => collections.call(connector, signal)) } : {}),
    collection: (request) => guardCollection(connector.collection(request), guard),
    [Symbol.asyncDispose]: () => connector[Symbol.asyncDispose](),
  }
}

function guardCollection(collection: Collection, guard: ConnectionGuard): Collection {
  const { feed, sink, caller, prepare, probe, hooks, told } = collection
  const batches = createLoad()
  return {
    get capabilities() {
      const { capabilities } = collection
      return { ...capabilities, maxBatch: batches.of(capabilities.maxBatch) }
    },
    describe: (signal) => guard.ask(signal, () => collection.describe(signal)),
    check: (needs, signal) => guard.ask(signal, () => collection.check(needs, signal)),
    ...(probe ? { probe: (signal) => guard.ask(signal, () => probe.call(collection, signal)) } : {}),
    ...(prepare ? { prepare: (signal) => guard.work(signal, () => prepare.call(collection, signal)) } : {}),
    feed: feed && guardFeed(feed, guard),
    sink: sink && guardSink(sink, guard, batches),
    ...(told ? { told: (record) => told.call(collection, record) } : {}),
    ...(hooks ? { hooks: guardHooks(hooks, guard) } : {}),
    ...(caller ? { caller: guardCaller(caller, guard) } : {}),
  }
}

/** The load of one kind of call, remembered from call to call. */
interface Load {
  /** How many of `wanted` are not too much. */
  of(wanted: number): number
  /** Makes a call with `sent` records and learns from what becomes of it. */
  observe<T>(sent: number, call: () => Promise<T>): Promise<T>
}

function createLoad(): Load {
  let size: LoadSize = UNLIMITED
  return {
    of: (wanted) => loadOf(size, wanted),
    async observe(sent, call) {
      try {
        const result = await call()
        size = grow(size, sent)
        return result
      } catch (thrown) {
        if (isTooMuch(thrown)) size = shrink(size, sent)
        throw thrown
      }
    },
  }
}

/** One call with as many of `wanted` as are not too much. */
function loaded<T>(load: Load, wanted: number, call: (sent: number) => Promise<T>): Promise<T> {
  const sent = load.of(wanted)
  return load.observe(sent, () => call(sent))
}

/** Whether a smaller call may succeed where this one failed. */
function isTooMuch(thrown: unknown): boolean {
  const { code } = asSyncError(thrown)
  return code === 'timeout' || code === 'too_large'
}

function guardFeed(feed: Feed, guard: ConnectionGuard): Feed {
  const { list, watch, listen, look } = feed
  const pages = createLoad()
  const looks = createLoad()
  const listings = createLoad()
  return {
    ...(feed.readsAhead === undefined ? {} : { readsAhead: feed.readsAhead }),
    read: (request, signal) =>
      guard.work(signal, () => loaded(pages, request.limit, (limit) => feed.read({ ...request, limit }, signal))),
    ...(list
      ? {
          list: (after, limit, signal) =>
            guard.work(signal, () => loaded(listings, limit, (sent) => list.call(feed, after, sent, signal))),
        }
      : {}),
    ...(watch ? { watch: (wake, signal) => watch.call(feed, wake, signal) } : {}),
    // A line that stays open is no call: whether the server answers shows in those.
    ...(listen ? { listen: (from, hear, signal) => listen.call(feed, from, hear, signal) } : {}),
    ...(look
      ? {
          async look(ids, signal) {
            const changes: Change[] = []
            await inParts(looks, ids, async (part) => {
              changes.push(...(await guard.work(signal, () => look.call(feed, part, signal))))
            })
            return changes
          },
        }
      : {}),
  }
}

/** What is made in the system belongs to the database that we know, and to no copy of it. */
function guardHooks(hooks: Hooks, guard: ConnectionGuard): Hooks {
  const { rotate } = hooks
  return {
    parse: (call) => hooks.parse(call),
    install: (signal) => guard.work(signal, () => hooks.install(signal)),
    list: (signal) => guard.work(signal, () => hooks.list(signal)),
    remove: (signal) => guard.work(signal, () => hooks.remove(signal)),
    ...(rotate ? { rotate: (signal) => guard.work(signal, () => rotate.call(hooks, signal)) } : {}),
  }
}

function guardSink(sink: Sink, guard: ConnectionGuard, batches: Load): Sink {
  const { births, flush, openContent, reserve, survivors, writers } = sink
  const reads = createLoad()
  const finds = createLoad()
  return {
    async read(ids, signal) {
      const found = new Map<RecordId, RecordState>()
      await inParts(reads, ids, async (part) => {
        const states = await guard.work(signal, () => sink.read(part, signal))
        for (const [id, state] of states) found.set(id, state)
      })
      return found
    },
    async find(request: FindRequest, signal) {
      const found = new Map<RecordId, RecordState>()
      await inParts(finds, request.values, async (values) => {
        const states = await guard.work(signal, () => sink.find({ ...request, values }, signal))
        for (const state of states) found.set(state.id, state)
      })
      return [...found.values()]
    },
    // The engine makes batches of `maxBatch`; nothing is split here, for an outcome in doubt is the engine's to settle.
    async apply(operations, signal) {
      const files = watchFiles(operations)
      const apply = () => explained(sink.apply(files.operations, signal).catch(files.blame), signal)
      const outcomes = await guard.work(signal, () => batches.observe(operations.length, apply), failureOfAll)
      if (outcomes === null) throw files.failure
      return outcomes
    },
    ...(openContent
      ? { openContent: (id, field, signal) => guardedPieces(guard, openContent.call(sink, id, field, signal), signal) }
      : {}),
    ...(births ? { births: (ids, signal) => guard.ask(signal, () => births.call(sink, ids, signal)) } : {}),
    ...(writers ? { writers: (ids, signal) => guard.work(signal, () => writers.call(sink, ids, signal)) } : {}),
    ...(survivors ? { survivors: (ids, signal) => guard.work(signal, () => survivors.call(sink, ids, signal)) } : {}),
    ...(flush ? { flush: (signal) => guard.work(signal, () => flush.call(sink, signal)) } : {}),
    ...(reserve
      ? {
          reserve: (field, count, signal) => guard.work(signal, () => reserve.call(sink, field, count, signal)),
        }
      : {}),
  }
}

/** Piece by piece. Only the first one looks at the database: the call is under way then, and may have the only connection. */
async function* guardedPieces(
  guard: ConnectionGuard,
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  try {
    let next = await guard.work(signal, () => iterator.next())
    while (!next.done) {
      yield next.value
      next = await guard.ask(signal, () => iterator.next())
    }
  } finally {
    await iterator.return?.()
  }
}

interface WatchedFiles {
  readonly operations: readonly Operation[]
  /** What a file's source threw, which says nothing about the system that is written; undefined: none did. */
  readonly failure: unknown
  /** null for the failure of a source. @throws any other. */
  blame(thrown: unknown): null
}

function watchFiles(operations: readonly Operation[]): WatchedFiles {
  let failure: unknown
  async function* watched(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces
    } catch (thrown) {
      failure = thrown
      throw thrown
    }
  }
  const hasFiles = operations.some((operation) => operation.kind !== 'remove' && operation.open !== undefined)
  return {
    operations: hasFiles ? operations.map((operation) => withOpen(operation, watched)) : operations,
    get failure() {
      return failure
    },
    blame(thrown) {
      if (failure === undefined || thrown !== failure) throw thrown
      return null
    },
  }
}

function withOpen(
  operation: Operation,
  watched: (pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
): Operation {
  if (operation.kind === 'remove' || !operation.open) return operation
  const { open } = operation
  return { ...operation, open: (field, signal) => watched(open(field, signal)) }
}

function guardCaller(caller: Caller, guard: ConnectionGuard): Caller {
  return {
    check: (call, related, signal) => guard.ask(signal, () => caller.check(call, related, signal)),
    related: (id, request, signal) => guard.work(signal, () => caller.related(id, request, signal)),
    call: (id, call, signal) => guard.work(signal, () => explained(caller.call(id, call, signal), signal)),
  }
}

/** A call that writes. @throws SyncError, in doubt for an error of another class. */
function explained<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  return call.catch((thrown: unknown) => {
    throw writeFailure(thrown, signal)
  })
}

/** One call after the other, each as large as `load` allows. No items are one call too: it is the sink that says what that means. */
async function inParts<T>(load: Load, items: readonly T[], call: (part: readonly T[]) => Promise<void>): Promise<void> {
  let done = 0
  do {
    await loaded(load, items.length - done, async (sent) => {
      const part = done === 0 && sent === items.length ? items : items.slice(done, done + sent)
      await call(part)
      done += part.length
    })
  } while (done < items.length)
}

/** Where each record is a call of its own, a server that does not answer is told record by record. null: it answered. */
function failureOfAll(outcomes: readonly Outcome[] | null): SyncError | null {
  const failures = (outcomes ?? []).flatMap((outcome) =>
    outcome.kind === 'rejected' && speaksOfServer(outcome.error.code) ? [outcome.error] : [],
  )
  return failures.length > 0 && failures.length === outcomes?.length ? (failures[0] ?? null) : null
}
