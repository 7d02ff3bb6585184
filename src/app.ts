import { existsSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { type Config, loadConfig } from './config/load-config.ts'
import { loadMappings } from './config/load-mappings.ts'
import {
  type ConnectedMapping,
  type Connections,
  connectMapping,
  openCollection,
  openConnections,
  openLookups,
} from './connect.ts'
import type { Collection } from './contract/connector.ts'
import { type Around, justDo } from './engine/activity.ts'
import { type Condition, type ConnectionGuard, createConnectionGuard } from './engine/connection-guard.ts'
import type { Clock, SyncEvent } from './engine/context.ts'
import { crashPoints } from './engine/crash-points.ts'
import type { LookupCache } from './engine/lookup-cache.ts'
import type { Ledger } from './ledger/ledger.ts'
import { openSqliteLedger } from './ledger/sqlite/open.ts'
import { SIDES, type Side } from './mapping/mapping.ts'
import type { MappingFile } from './mapping/mapping-file.ts'
import { type Recogniser, watchDatabase } from './recognise.ts'
import { pushTarget } from './server/hook-address.ts'
import { PROGRAM } from './version.ts'

/** Below this, staging costs less than a transaction of its own. */
const DIRECT_FROM = 100
const BACKOFF_MS = 1000
const BACKOFF_MAX_MS = 60 * 60_000

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(Math.min(ms, 2 ** 31 - 1), undefined, { signal })
  },
}

/** What is configured, read and checked as far as that goes without asking any system. */
export interface Setup {
  readonly config: Config
  readonly files: readonly MappingFile[]
}

/** @throws ConfigError with every problem of all files. */
export function readSetup(file: string, env: Readonly<Record<string, string | undefined>>): Setup {
  const config = loadConfig({ file, env })
  return { config, files: loadMappings(config) }
}

/** A setup with its ledger and connections open. */
export interface App extends Setup, AsyncDisposable {
  readonly ledger: Ledger
  readonly connections: Connections
  readonly lookups: LookupCache
  readonly clock: Clock
  /** Checks a mapping against both systems and makes it ready to run. @throws as `connectMapping`. */
  connect(file: MappingFile, signal: AbortSignal): Promise<ConnectedMapping>
  /** A side's collection by itself, without asking its system anything. @throws ConfigError */
  collection(file: MappingFile, side: Side): Collection
}

export interface AppOptions {
  readonly emit: (event: SyncEvent) => void
  /** Watches runs and the calls of connectors. Absent: nobody does. */
  readonly around?: Around
  /** Tells that changes of these mappings may have become due. */
  readonly wake?: (mappings: readonly string[]) => void
  /** Told when a connection fails again and again, is held by its server, or works again. */
  readonly onCondition?: (connection: string, condition: Condition) => void
  /** Where the process is to kill itself, for tests: see `crash-points.ts`. */
  readonly crashAt?: string | undefined
  /** Changes nothing anywhere, not even in the ledger's file. */
  readonly readOnly?: boolean
}

/** Where nothing may be written, a ledger that does not exist yet is an empty one in memory. */
function openLedger(file: string, readOnly: boolean): Promise<Ledger> {
  if (!readOnly) return openSqliteLedger({ file, program: PROGRAM })
  if (!existsSync(file)) return openSqliteLedger({ file: ':memory:', program: PROGRAM })
  return openSqliteLedger({ file, program: PROGRAM, readOnly: true })
}

export async function openApp(setup: Setup, options: AppOptions): Promise<App> {
  const { config, files } = setup
  const names = files.flatMap(({ definition }) => SIDES.map((side) => definition[side].connection))
  const isReadOnly = options.readOnly === true
  const recogniser: Recogniser = {
    files,
    isReadOnly,
    // Both are made below, before anything is called.
    get connections() {
      return connections
    },
    get ledger() {
      return ledger
    },
  }
  const guardOf = (name: string): ConnectionGuard =>
    createConnectionGuard({
      connection: name,
      ...systemClock,
      ...watchDatabase(recogniser, name, systemClock),
      onCondition(condition) {
        options.onCondition?.(name, condition)
        // What fails in the ledger shows wherever its loss matters; this is for people to look at.
        if (!isReadOnly) ledger.updateConnectionNotes(name, { condition: { ...condition } }).catch(() => {})
      },
    })
  const around = options.around ?? justDo
  const connections = await openConnections(config, [...names, ...config.connections.keys()], guardOf, around)
  const ledger = await openLedger(config.ledger.file, isReadOnly)
  const lookups = openLookups(connections, systemClock)
  const surroundings = {
    ledger,
    clock: systemClock,
    random: Math.random,
    options: {
      doubtGraceMs: config.limits.inDoubtMs,
      directFrom: DIRECT_FROM,
      backoffMs: BACKOFF_MS,
      backoffMaxMs: BACKOFF_MAX_MS,
      keepsValues: config.history.keepsValues,
    },
    emit: options.emit,
    around,
    crashPoint: crashPoints(options.crashAt, () => process.kill(process.pid, 'SIGKILL')),
    wake: options.wake ?? (() => {}),
    pushTo: (mapping: string, side: Side) => pushTarget(config.server, mapping, side),
  }
  return {
    ...setup,
    ledger,
    connections,
    lookups,
    clock: systemClock,
    async connect(file, signal) {
      for (const side of SIDES) await connections.refresh(file.definition[side].connection, signal)
      return connectMapping(file, connections, lookups, surroundings, !isReadOnly, signal)
    },
    collection: (file, side) => openCollection(file, connections, side, surroundings.pushTo(file.name, side)),
    async [Symbol.asyncDispose]() {
      await connections[Symbol.asyncDispose]()
      await ledger[Symbol.asyncDispose]()
    },
  }
}
