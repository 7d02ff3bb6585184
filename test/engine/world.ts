/**
 * A whole Tandem in memory: two stores, a mapping between them, a ledger, and an engine that can be killed at any crash
 * point and started again on the same stores and ledger. Time and chance are the test's.
 */

import { type Connections, connectMapping, openLookups } from '../../src/connect.ts'
import { createMemoryConnector } from '../../src/connectors/memory/index.ts'
import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { createRandom } from '../../src/connectors/memory/random.ts'
import { createMemoryStore, type MemoryStore } from '../../src/connectors/memory/store.ts'
import type { Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import { justDo } from '../../src/engine/activity.ts'
import { type Condition, type ConnectionGuard, createConnectionGuard } from '../../src/engine/connection-guard.ts'
import type { Clock, Context, SyncEvent } from '../../src/engine/context.ts'
import type { CrashPoint } from '../../src/engine/crash-points.ts'
import { guardConnector } from '../../src/engine/guarded-connector.ts'
import { type RunOptions, type RunReport, runMapping } from '../../src/engine/run.ts'
import { newRunMemory, type RunMemory } from '../../src/engine/run-memory.ts'
import { type Difference, verify } from '../../src/engine/verify.ts'
import type { Counts } from '../../src/ledger/counts.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import type { Side } from '../../src/mapping/mapping.ts'
import type { MappingFile } from '../../src/mapping/mapping-file.ts'
import { type Recogniser, watchDatabase } from '../../src/recognise.ts'
import { parseMapping } from './parse-mapping.ts'

/** What a killed process looks like from inside. */
export class Killed extends Error {}

export interface WorldOptions {
  readonly odoo: Readonly<Record<string, CollectionOptions>>
  readonly external: Readonly<Record<string, CollectionOptions>>
  /** Mapping files by name. Connections are called `erp` and `shop`. */
  readonly mappings: Readonly<Record<string, string>>
  readonly seed?: number
  readonly doubtGraceMs?: number
  /** 1 unless given: every page of new records is dealt with at once. */
  readonly directFrom?: number
  readonly ledgerFile?: string
  /** What stands between the engine and a store. */
  readonly connect?: (connector: Connector, side: Side) => Connector
}

export interface World {
  readonly files: readonly MappingFile[]
  /** Every condition that a connection was in, in turn. */
  readonly conditions: (Condition & { readonly connection: string })[]
  /** Those of the living process; null before the first. */
  connections: Connections | null
  readonly stores: Readonly<Record<Side, MemoryStore>>
  readonly ledger: Ledger
  readonly events: SyncEvent[]
  readonly random: () => number
  /** Lets time pass. */
  advance(ms: number): void
  nowMs(): number
  /** The context of a mapping in the living process; starts one if it was killed. */
  context(mapping?: string): Promise<Context>
  /** One run. @throws Killed, or the SyncError that stopped it. */
  run(options?: Partial<RunOptions>, mapping?: string): Promise<RunReport>
  /** Runs all mappings until nothing is left to do, letting retries and doubts become due. */
  settle(): Promise<void>
  /** The process dies when it reaches the point for the n-th time from now. */
  killAt(point: CrashPoint | null, times?: number): void
  differences(mapping?: string): Promise<readonly Difference[]>
  counts(mapping?: string): Promise<Readonly<Record<Side, Counts>>>
  close(): Promise<void>
}

interface Process {
  isDead: boolean
  readonly contexts: Map<string, { context: Context; memory: RunMemory }>
}

const START_MS = Date.UTC(2026, 0, 5, 8)

export async function createWorld(options: WorldOptions): Promise<World> {
  let timeMs = START_MS
  const random = createRandom(options.seed ?? 1)
  const now = (): number => timeMs
  const stores = {
    odoo: createMemoryStore({ collections: options.odoo, now, seed: options.seed ?? 1, identity: 'erp' }),
    external: createMemoryStore({ collections: options.external, now, seed: options.seed ?? 1, identity: 'shop' }),
  }
  const ledger = await openSqliteLedger({ file: options.ledgerFile ?? ':memory:', program: 'test' })
  const events: SyncEvent[] = []
  const conditions: World['conditions'] = []
  const clock: Clock = {
    nowMs: now,
    monotonicMs: () => timeMs,
    sleep: async (ms) => {
      timeMs += ms
    },
  }
  const files = Object.entries(options.mappings).map(([name, text]) => parseMapping(`${name}.yaml`, text))
  const first = files[0]?.name ?? ''
  let crash: { point: CrashPoint; times: number } | null = null
  let process: Process = { isDead: false, contexts: new Map() }

  const connect = options.connect ?? ((connector) => connector)
  const start = (mine: Process): { connections: Connections; surroundings: Parameters<typeof connectMapping>[3] } => {
    const recogniser: Recogniser = {
      files,
      ledger,
      isReadOnly: false,
      get connections() {
        return connections
      },
    }
    const guardOf = (connection: string) =>
      createConnectionGuard({
        connection,
        ...clock,
        ...watchDatabase(recogniser, connection, clock),
        onCondition: (condition) => conditions.push({ connection, ...condition }),
      })
    const guards: Record<string, ConnectionGuard> = { erp: guardOf('erp'), shop: guardOf('shop') }
    const connectors: Record<string, Connector> = {
      erp: guardConnector(connect(createMemoryConnector(stores.odoo), 'odoo'), guards.erp as ConnectionGuard),
      shop: guardConnector(connect(createMemoryConnector(stores.external), 'external'), guards.shop as ConnectionGuard),
    }
    const connections: Connections = {
      distrust: (name) => guards[name]?.distrust(),
      get: (name) => connectors[name] ?? fail(name),
      clockOffsetMs: () => 0,
      refresh: (name, signal) => (connectors[name] ?? fail(name)).check(signal),
      [Symbol.asyncDispose]: async () => {},
    }
    world.connections = connections
    return {
      connections,
      surroundings: {
        ledger: mortal(ledger, () => mine.isDead),
        clock,
        random,
        options: {
          doubtGraceMs: options.doubtGraceMs ?? 5000,
          directFrom: options.directFrom ?? 1,
          backoffMs: 1000,
          backoffMaxMs: 60_000,
          keepsValues: true,
        },
        emit: (event) => events.push(event),
        around: justDo,
        crashPoint: (point) => {
          if (crash?.point !== point) return
          crash.times -= 1
          if (crash.times > 0) return
          crash = null
          mine.isDead = true
          for (const connector of Object.values(connectors)) void connector[Symbol.asyncDispose]()
          throw new Killed(point)
        },
        wake: () => {},
      },
    }
  }

  const contextOf = async (name: string): Promise<{ context: Context; memory: RunMemory }> => {
    if (process.isDead) process = { isDead: false, contexts: new Map() }
    const known = process.contexts.get(name)
    if (known) return known
    const file = files.find((each) => each.name === name)
    if (!file) throw new Error(`no mapping ${name}`)
    const { connections, surroundings } = start(process)
    const lookups = openLookups(connections, clock)
    const { context } = await connectMapping(
      file,
      connections,
      lookups,
      surroundings,
      true,
      AbortSignal.timeout(60_000),
    )
    const entry = { context, memory: newRunMemory() }
    process.contexts.set(name, entry)
    return entry
  }

  const world: World = {
    files,
    conditions,
    connections: null,
    stores,
    ledger,
    events,
    random,
    nowMs: now,
    advance(ms) {
      timeMs += ms
    },
    context: async (name = first) => (await contextOf(name)).context,
    async run(runOptions = {}, name = first) {
      const { context, memory } = await contextOf(name)
      const mine = process
      try {
        return await runMapping(
          context,
          { depth: 'deep', sweeps: false, compares: 0, ...runOptions },
          memory,
          new AbortController().signal,
        )
      } catch (error) {
        if (mine.isDead) throw error instanceof Killed ? error : new Killed(String(error))
        throw error
      }
    },
    async settle() {
      for (let round = 0; round < 60; round++) {
        let isBusy = false
        for (const { name } of files) {
          try {
            const report = await world.run(
              { depth: 'deep', sweeps: round % 3 === 0, compares: round === 0 ? 1e6 : 0 },
              name,
            )
            isBusy ||= report.lookAgainMs !== null
          } catch (error) {
            if (error instanceof Killed || !(error instanceof SyncError)) throw error
            if (error.disposition === 'halt') throw error
            isBusy = true
          }
          isBusy ||= (await ledger.countChanges(name, { state: 'pending', kind: 'state' })) > 0
          isBusy ||= (await ledger.nextStepDueMs(name)) !== null
        }
        timeMs += 15_000
        if (!isBusy && round >= 3) return
      }
      throw new Error('It does not settle.')
    },
    killAt(point, times = 1) {
      crash = point === null ? null : { point, times }
    },
    async differences(name = first) {
      const { context } = await contextOf(name)
      const found: Difference[] = []
      for await (const difference of verify(context, () => {}, new AbortController().signal)) found.push(difference)
      return found.filter((difference) => difference.kind !== 'field' || !difference.isAsSeen)
    },
    counts: (name = first) => ledger.counts(name),
    close: async () => ledger[Symbol.asyncDispose](),
  }
  return world
}

/** The ledger as a process sees it: once the process is dead, it does nothing any more. */
function mortal(ledger: Ledger, isDead: () => boolean): Ledger {
  return new Proxy(ledger, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        if (isDead()) throw new Killed('dead')
        return value.apply(target, args)
      }
    },
  })
}

function fail(name: string): never {
  throw new Error(`no connection ${name}`)
}

/** The sum of promise 9, for one side. */
export function adds(counts: Counts): boolean {
  const { captured, applied, unchanged, superseded, discarded, pending, waiting, conflicts, deadLetters } = counts
  return captured === applied + unchanged + superseded + discarded + pending + waiting + conflicts + deadLetters
}
