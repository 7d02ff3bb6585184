import { statSync } from 'node:fs'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type { Side } from '../../mapping/mapping.ts'
import type { Ledger } from '../ledger.ts'
import type { Link } from '../link.ts'
import { countArrivals, dueArrivals, heardPosition, nextArrivalMs, pruneEvents, receive } from './arrivals.ts'
import { readCursor, writeCursor } from './cursors.ts'
import { addHistory, pruneFormerLinks, pruneHistory, readHistory, readHistoryEntry } from './history.ts'
import { known, listChanges } from './inspect.ts'
import { intend, openIntents } from './intents.ts'
import { createLayouts, type KnownMapping } from './layout.ts'
import { linksAfter, linksByKey, linksBySide, sampleIds, survivorsOf } from './links.ts'
import { addRequest, answerRequest, findRequest, openRequests, pruneRequests } from './requests.ts'
import { settle } from './settle.ts'
import { stage } from './stage.ts'
import { readConnectionNotes, readState, updateConnectionNotes, updateState } from './state.ts'
import * as steps from './steps.ts'
import type { Store } from './store.ts'
import * as sweep from './sweep.ts'
import { createFloors, type Tables } from './tables.ts'
import { lastSeq, nextDueMs, oldestChangeMs, take } from './take.ts'
import { countPresent, createTally, readCounts, type Tally } from './tally.ts'
import { pruneThroughput, readThroughput } from './throughput.ts'
import { expireWaiting, readWaits, releaseCycle, retry } from './waits.ts'

/** Chunks of links that one portion of a search looks at before others may run. */
const SEARCH_CHUNKS = 8

/** Runs the parts in transactions. */
interface Runner {
  readonly tables: Tables
  read<Result>(mapping: string, work: (tables: Tables, mapping: KnownMapping) => Result): Promise<Result>
  /** The counters that `work` collects are written at its end, in the same transaction. */
  write<Result>(mapping: string, work: (tables: Tables, mapping: KnownMapping, tally: Tally) => Result): Promise<Result>
}

function createRunner(store: Store): Runner {
  const tables: Tables = { store, layouts: createLayouts(store), floors: createFloors(store) }
  return {
    tables,
    read: (name, work) => store.read(() => work(tables, tables.layouts.mapping(name))),
    write: (name, work) =>
      store.write(() => {
        const tally = createTally()
        const result = work(tables, tables.layouts.mapping(name), tally)
        tally.write(store)
        return result
      }),
  }
}

export function assembleLedger(store: Store, about: Ledger['about']): Ledger {
  const runner = createRunner(store)
  return {
    about,
    ...mappingMethods(runner),
    ...arrivalMethods(runner),
    ...workMethods(runner),
    ...waitMethods(runner),
    ...stepMethods(runner),
    ...sweepMethods(runner),
    ...stateMethods(runner),
    ...historyMethods(runner),
    proveWritable: (nowMs) =>
      store.write(() => {
        const sql = "INSERT INTO counter VALUES ('proved', ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        store.run(sql, nowMs)
      }),
    async sizeBytes() {
      return [store.file, `${store.file}-wal`]
        .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
        .reduce((sum, bytes) => sum + bytes, 0)
    },
    async [Symbol.asyncDispose]() {
      store.close()
    },
  }
}

type Methods<Names extends keyof Ledger> = Pick<Ledger, Names>

function mappingMethods({
  tables,
  read,
  write,
}: Runner): Methods<
  | 'openMapping'
  | 'mappings'
  | 'cursor'
  | 'setCursor'
  | 'known'
  | 'links'
  | 'survivors'
  | 'linksByKey'
  | 'linksAfter'
  | 'sampleIds'
  | 'countLinks'
> {
  const { store, layouts } = tables
  return {
    async openMapping(mapping, fieldNames) {
      const open = () => layouts.open(mapping, fieldNames)
      layouts.remember(await (store.isReadOnly ? store.read(open) : store.write(open)))
    },
    mappings: () =>
      store.read(() =>
        store
          .all<{ name: string }>('SELECT name FROM mapping WHERE layout IS NOT NULL ORDER BY name')
          .map((row) => row.name),
      ),
    cursor: (name, side) => read(name, (_, mapping) => readCursor(tables, mapping, side)),
    setCursor: (name, side, cursor) => write(name, (_, mapping) => writeCursor(tables, mapping, side, cursor)),
    known: (name, side, ids) => read(name, (_, mapping) => known(tables, mapping, side, ids)),
    links: (name, side, ids) => read(name, (_, mapping) => linksBySide(tables, mapping, side, ids)),
    survivors: (name, side, ids) => read(name, (_, mapping) => survivorsOf(tables, mapping, side, ids)),
    linksByKey: (name, keys) => read(name, (_, mapping) => linksByKey(tables, mapping, keys)),
    linksAfter: (name, after, limit) => read(name, (_, mapping) => linksAfter(tables, mapping, after, limit)),
    sampleIds: (name, side, limit) => read(name, (_, mapping) => sampleIds(tables, mapping, side, limit)),
    countLinks: (name) =>
      read(name, (_, mapping) => {
        const sql = 'SELECT live_links AS live FROM mapping WHERE id = ?'
        return store.get<{ live: number }>(sql, mapping.id)?.live ?? 0
      }),
  }
}

function arrivalMethods({
  tables,
  read,
}: Runner): Methods<'receive' | 'arrivals' | 'nextArrivalMs' | 'countArrivals' | 'heardPosition'> {
  return {
    receive: (arrivals, nowMs, position) => tables.store.write(() => receive(tables, arrivals, nowMs, position)),
    arrivals: (name, nowMs, limit) => read(name, (_, mapping) => dueArrivals(tables, mapping, nowMs, limit)),
    nextArrivalMs: (name) => read(name, (_, mapping) => nextArrivalMs(tables, mapping)),
    countArrivals: (name) => read(name, (_, mapping) => countArrivals(tables, mapping)),
    heardPosition: (name, side) => read(name, (_, mapping) => heardPosition(tables, mapping, side)),
  }
}

function workMethods({
  tables,
  read,
  write,
}: Runner): Methods<'stage' | 'take' | 'nextDueMs' | 'countChanges' | 'lastSeq' | 'intend' | 'openIntents' | 'settle'> {
  return {
    stage: (name, staging) => write(name, (_, mapping, tally) => stage(tables, mapping, staging, tally)),
    take: (name, nowMs, limit, skipGone = {}) =>
      read(name, (_, mapping) => take(tables, mapping, nowMs, limit, skipGone)),
    nextDueMs: (name, skipGone = {}) => read(name, (_, mapping) => nextDueMs(tables, mapping, skipGone)),
    countChanges: (name, filter) => read(name, (_, mapping) => countPresent(tables.store, mapping.id, filter)),
    lastSeq: (name) => read(name, (_, mapping) => lastSeq(tables, mapping)),
    intend: (name, intents, nowMs) => write(name, (_, mapping) => intend(tables, mapping, intents, nowMs)),
    openIntents: (name) => read(name, (_, mapping) => openIntents(tables, mapping)),
    settle: (name, settlement) =>
      write(name, (_, mapping, tally) =>
        [...settle(tables, mapping, settlement, tally)].map((id) => tables.layouts.nameOf(id)),
      ),
  }
}

function stepMethods({
  tables,
  read,
  write,
}: Runner): Methods<'takeSteps' | 'nextStepDueMs' | 'beginStep' | 'settleSteps' | 'steps' | 'countSteps'> {
  return {
    takeSteps: (name, nowMs, limit) => read(name, (_, mapping) => steps.takeSteps(tables, mapping, nowMs, limit)),
    nextStepDueMs: (name) => read(name, (_, mapping) => steps.nextStepDueMs(tables, mapping)),
    beginStep: (name, linkId, step, nowMs) => write(name, () => steps.beginStep(tables, linkId, step, nowMs)),
    settleSteps: (name, outcomes, history) =>
      write(name, (_, mapping) => {
        steps.settleSteps(tables, outcomes)
        addHistory(tables, mapping, history)
      }),
    steps: (name, filter) => read(name, (_, mapping) => steps.listSteps(tables, mapping, filter)),
    countSteps: (name, state) => read(name, (_, mapping) => steps.countSteps(tables, mapping, state)),
  }
}

function waitMethods({ tables, write }: Runner): Methods<'waits' | 'releaseCycle' | 'expireWaiting' | 'retry'> {
  const { store } = tables
  return {
    waits: (limit) => store.read(() => readWaits(tables, limit)),
    releaseCycle: (changes) =>
      store.write(() => {
        const tally = createTally()
        releaseCycle(tables, changes, tally)
        tally.write(store)
      }),
    expireWaiting: (name, capturedBeforeMs, fault, nowMs) =>
      write(name, (_, mapping, tally) => expireWaiting(tables, mapping, capturedBeforeMs, fault, nowMs, tally)),
    retry: (name, changes) =>
      write(name, (_, mapping, tally) => {
        const of = (side: Side) =>
          new Map(changes.filter((change) => change.side === side).map((change) => [change.id, change.seq]))
        return (['odoo', 'external'] as const)
          .map((side) => retry(tables, mapping, side, of(side), tally))
          .reduce((sum, count) => sum + count, 0)
      }),
  }
}

function sweepMethods({
  tables,
  read,
  write,
}: Runner): Methods<'beginSweep' | 'sweepPage' | 'sweepMissing' | 'sweepCounts' | 'endSweep'> {
  /** Not one transaction: links are only ever missing in a sweep that is over, and each portion is consistent. */
  async function search(name: string, side: Side, after: number, limit: number): Promise<readonly number[]> {
    const found = await read(name, (_, mapping) => sweep.beginSearch(mapping, after))
    const portion = { after, limit, chunks: SEARCH_CHUNKS }
    while (!found.done) {
      await read(name, (_, mapping) => sweep.searchMissing(tables, mapping, side, found, portion))
      await yieldToOthers()
    }
    return found.ids.slice(0, limit)
  }

  return {
    beginSweep: (name, side, fresh) => write(name, (_, mapping) => sweep.beginSweep(tables, mapping, side, fresh)),
    sweepPage: (name, side, entries, after) =>
      write(name, (_, mapping) => sweep.sweepPage(tables, mapping, side, entries, after)),
    async sweepMissing(name, side, after, limit): Promise<readonly Link[]> {
      const ids = await search(name, side, after, limit)
      return read(name, (_, mapping) => sweep.linksFound(tables, mapping, ids))
    },
    async sweepCounts(name, side) {
      const missing = (await search(name, side, 0, Number.MAX_SAFE_INTEGER)).length
      return { listed: await read(name, (_, mapping) => sweep.sweepListed(tables, mapping, side)), missing }
    },
    endSweep: (name, side) => write(name, (_, mapping) => sweep.endSweep(tables, mapping, side)),
  }
}

function stateMethods({
  tables,
  read,
  write,
}: Runner): Methods<
  | 'state'
  | 'updateState'
  | 'connectionNotes'
  | 'updateConnectionNotes'
  | 'counts'
  | 'oldestChangeMs'
  | 'throughput'
  | 'request'
  | 'openRequests'
  | 'answerRequest'
  | 'findRequest'
> {
  const { store } = tables
  return {
    state: (name) => read(name, (_, mapping) => readState(tables, mapping)),
    updateState: (name, update) => write(name, (_, mapping) => updateState(tables, mapping, update)),
    connectionNotes: (connection) => store.read(() => readConnectionNotes(tables, connection)),
    updateConnectionNotes: (connection, notes) => store.write(() => updateConnectionNotes(tables, connection, notes)),
    counts: (name) => read(name, (_, mapping) => readCounts(store, mapping.id)),
    oldestChangeMs: (name) => read(name, (_, mapping) => oldestChangeMs(tables, mapping)),
    throughput: (name, sinceMs) => read(name, (_, mapping) => readThroughput(store, mapping.id, sinceMs)),
    request: (kind, args, nowMs) => store.write(() => addRequest(tables, kind, args, nowMs)),
    openRequests: () => store.read(() => openRequests(tables)),
    answerRequest: (id, state, answer) => store.write(() => answerRequest(tables, id, state, answer)),
    findRequest: (id) => store.read(() => findRequest(tables, id)),
  }
}

function historyMethods({
  tables,
  read,
  write,
}: Runner): Methods<'changes' | 'history' | 'historyEntry' | 'addHistory' | 'prune'> {
  const { store, layouts } = tables
  return {
    changes: (name, filter) =>
      store.read(() => listChanges(tables, name === null ? null : layouts.mapping(name), filter)),
    history: (name, filter) => read(name, (_, mapping) => readHistory(tables, mapping, filter)),
    historyEntry: (name, id) => read(name, (_, mapping) => readHistoryEntry(tables, mapping, id)),
    addHistory: (name, entries) => write(name, (_, mapping) => addHistory(tables, mapping, entries)),
    /** In portions, each a transaction of its own: a month of history must not block the loop. */
    async prune({ historyBeforeMs, requestsBeforeMs, throughputBeforeMs = 0, eventsBeforeMs = 0 }) {
      await store.write(() => {
        pruneThroughput(store, throughputBeforeMs)
        pruneRequests(tables, requestsBeforeMs)
        pruneFormerLinks(tables, historyBeforeMs)
      })
      while (await store.write(() => pruneEvents(tables, eventsBeforeMs))) await yieldToOthers()
      for (const { id } of await store.read(() => store.all<{ id: number }>('SELECT id FROM mapping'))) {
        while (await store.write(() => pruneHistory(tables, id, historyBeforeMs))) await yieldToOthers()
      }
    },
  }
}
