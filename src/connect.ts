import { dirname } from 'node:path'
import { ConfigError } from './config/config-error.ts'
import type { Config, ConnectionConfig } from './config/load-config.ts'
import { settingsProblems } from './config/settings-problems.ts'
import { connectSteps } from './connect-steps.ts'
import { CONNECTORS } from './connectors/index.ts'
import type { Collection, Connector, ConnectorFactory, Report, Schema } from './contract/connector.ts'
import { SyncError } from './contract/error.ts'
import type { PushTarget } from './contract/hooks.ts'
import { type Around, justDo } from './engine/activity.ts'
import type { ConnectionGuard } from './engine/connection-guard.ts'
import type { Clock, ConnectedSide, Context, EngineOptions, SyncEvent } from './engine/context.ts'
import type { CrashPoint } from './engine/crash-points.ts'
import { guardConnector } from './engine/guarded-connector.ts'
import { isRead } from './engine/is-read.ts'
import { createLookupCache, type LookupCache } from './engine/lookup-cache.ts'
import { observeConnector } from './engine/observed-connector.ts'
import { isFileName } from './extensions/load-module.ts'
import { loadConnector } from './extensions/own-connector.ts'
import { loadTransforms } from './extensions/own-transforms.ts'
import type { Ledger } from './ledger/ledger.ts'
import { withBundles } from './mapping/bundle.ts'
import { compile } from './mapping/compile.ts'
import { SIDES, type Side, seenNames } from './mapping/mapping.ts'
import {
  fieldOfScope,
  fieldsToRead,
  fieldsToWatch,
  linesToRead,
  type MappingFile,
  sideSpec,
} from './mapping/mapping-file.ts'
import { type FileProblem, problemAt } from './mapping/problem.ts'
import { didYouMean } from './mapping/suggestion.ts'

/** The configured systems, open. */
export interface Connections extends AsyncDisposable {
  get(name: string): Connector
  /** The clock's offset, as the last `refresh` of that connection found it; 0 before. */
  clockOffsetMs(name: string): number
  /** Asks a system who it is and what time it has. @throws SyncError when it does not answer. */
  refresh(name: string, signal: AbortSignal): Promise<Report>
  /** Has the database behind a connection looked at again before the next call that works with records. */
  distrust(name: string): void
}

/** How each connection is guarded. */
export type GuardOf = (connection: string) => ConnectionGuard

/** Opens every connection that `names` says, without asking anything of the systems. @throws ConfigError */
export async function openConnections(
  config: Config,
  names: Iterable<string>,
  guardOf: GuardOf,
  around: Around,
): Promise<Connections> {
  const connectors = new Map<string, Connector>()
  const guards = new Map<string, ConnectionGuard>()
  const problems: FileProblem[] = []
  for (const name of new Set(names)) {
    const connection = config.connections.get(name)
    if (!connection) continue
    try {
      const connector = await openConnector(config, connection)
      const guard = guardOf(name)
      guards.set(name, guard)
      connectors.set(
        name,
        guardConnector(around === justDo ? connector : observeConnector(connector, name, around), guard),
      )
    } catch (error) {
      const at = ['connections', name]
      if (error instanceof ConfigError) problems.push(...error.problems)
      else problems.push(...settingsProblems(error, config.locate, at, connection.settings))
    }
  }
  const dispose = async (): Promise<void> => {
    await Promise.all([...connectors.values()].map((connector) => connector[Symbol.asyncDispose]()))
  }
  if (problems.length > 0) {
    await dispose()
    throw new ConfigError(problems, config.redactor.redact)
  }
  const offsets = new Map<string, number>()
  const get = (name: string): Connector => {
    const connector = connectors.get(name)
    if (!connector) throw new SyncError('config', `There is no connection "${name}".`)
    return connector
  }
  return {
    get,
    clockOffsetMs: (name) => offsets.get(name) ?? 0,
    async refresh(name, signal) {
      const report = await get(name).check(signal)
      if (report.clockOffsetMs !== null) offsets.set(name, report.clockOffsetMs)
      return report
    },
    distrust: (name) => guards.get(name)?.distrust(),
    [Symbol.asyncDispose]: dispose,
  }
}

async function openConnector(config: Config, connection: ConnectionConfig): Promise<Connector> {
  const folder = dirname(config.file)
  const factory = await findFactory(config, connection, folder)
  return factory({ type: connection.type, ...connection.settings }, connection.name, { folder })
}

/** One of Tandem's connectors, or one of the user's own. @throws ConfigError with file and line. */
async function findFactory(
  config: Config,
  { type, name }: ConnectionConfig,
  folder: string,
): Promise<ConnectorFactory> {
  const builtIn = CONNECTORS[type]
  if (builtIn) return builtIn()
  const own = await loadConnector(type, folder)
  if ('factory' in own) return own.factory
  const known = Object.keys(CONNECTORS)
  const isTypingError = own.isMissing && !isFileName(type)
  const message = isTypingError
    ? `there is no connector "${type}"${didYouMean(type, known)}; there are ${known.join(', ')}, and ${own.error}`
    : own.error
  throw new ConfigError([problemAt(config.locate, ['connections', name, 'type'], message)])
}

/** What a mapping's context needs besides its file and connections. */
export interface Surroundings {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: () => number
  readonly options: EngineOptions
  readonly emit: (event: SyncEvent) => void
  readonly around: Around
  readonly crashPoint: (point: CrashPoint) => void
  readonly wake: (mappings: readonly string[]) => void
  /** Where a side's system may tell of changes; absent: nowhere. */
  readonly pushTo?: (mapping: string, side: Side) => PushTarget | undefined
}

export interface ConnectedMapping {
  readonly context: Context
  /** What a person should know; nothing that keeps it from running. */
  readonly warnings: readonly FileProblem[]
}

/**
 * Checks a mapping against both systems and makes it ready to run. Reads both; writes only what a feed needs in its
 * system (`prepare`), and only with `prepares`. @throws ConfigError with file and line, or SyncError when a system does
 * not answer.
 */
export async function connectMapping(
  file: MappingFile,
  connections: Connections,
  lookups: LookupCache,
  surroundings: Surroundings,
  prepares: boolean,
  signal: AbortSignal,
): Promise<ConnectedMapping> {
  const { pushTo, ...engine } = surroundings
  const targets = { odoo: pushTo?.(file.name, 'odoo'), external: pushTo?.(file.name, 'external') }
  const opened = {
    odoo: openCollection(file, connections, 'odoo', targets.odoo),
    external: openCollection(file, connections, 'external', targets.external),
  }
  const [odooSchema, externalSchema] = await Promise.all(
    SIDES.map((side) => describe(file, opened[side], side, signal)),
  )
  if (!odooSchema || !externalSchema) throw new SyncError('unexpected', 'A collection without a schema.')
  const schemas = { odoo: odooSchema, external: externalSchema }
  const collections = {
    odoo: withArchive(file, connections, 'odoo', opened.odoo, odooSchema, targets.odoo),
    external: withArchive(file, connections, 'external', opened.external, externalSchema, targets.external),
  }
  const capabilities = { odoo: collections.odoo.capabilities, external: collections.external.capabilities }
  const { mapping, problems } = compile(file, schemas, capabilities, await loadTransforms(file))
  if (!mapping) throw new ConfigError(problems)
  const stepRecords = await connectSteps(file, mapping, (name) => connections.get(name), signal)
  const sideOf = (side: Side): ConnectedSide => ({
    connection: mapping.sides[side].connection,
    collection: withBundles(collections[side], mapping.bundles[side]),
    stepRecords: stepRecords[side],
    schema: schemas[side],
    clockOffsetMs: () => connections.clockOffsetMs(mapping.sides[side].connection),
  })
  const context: Context = {
    ...engine,
    mapping,
    lookups,
    sides: { odoo: sideOf('odoo'), external: sideOf('external') },
  }
  await surroundings.ledger.openMapping(mapping.name, seenNames(mapping))
  if (prepares) {
    for (const side of SIDES) if (isRead(context, side)) await collections[side].prepare?.(signal)
  }
  return { context, warnings: problems }
}

/** A side's collection, without asking its system anything. @throws ConfigError with file and line. */
export function openCollection(
  file: MappingFile,
  connections: Connections,
  side: Side,
  pushTo: PushTarget | undefined,
  archiveField: string | null = null,
): Collection {
  const spec = sideSpec(file, side)
  const connector = connections.get(file.definition[side].connection)
  const fields = fieldsToRead(file, side, archiveField)
  const lines = linesToRead(file, side)
  const scope = fieldOfScope(file, side)
  try {
    const { key } = file.definition[side]
    return connector.collection({
      spec,
      fields,
      lines,
      watched: fieldsToWatch(file, side),
      consumer: file.name,
      contents: true,
      key,
      ...(scope === undefined ? {} : { keyWithin: scope }),
      ...(pushTo === undefined ? {} : { pushTo }),
    })
  } catch (error) {
    throw new ConfigError(settingsProblems(error, file.locate, [side], spec))
  }
}

/**
 * The collection that also reads the field that archives a record. Where the mapping does not name one and the records do
 * not have the usual one, they cannot be archived.
 */
function withArchive(
  file: MappingFile,
  connections: Connections,
  side: Side,
  collection: Collection,
  schema: Schema,
  pushTo: PushTarget | undefined,
): Collection {
  const { archive } = collection.capabilities
  if (archive === null) return collection
  if ('archive' in sideSpec(file, side) || schema.fields.has(archive.field)) {
    return openCollection(file, connections, side, pushTo, archive.field)
  }
  return {
    ...collection,
    // Read at each use: the largest batch may change.
    get capabilities() {
      return { ...collection.capabilities, archive: null }
    },
  }
}

/** A model or table that does not exist is told at its place in the file. */
async function describe(file: MappingFile, collection: Collection, side: Side, signal: AbortSignal) {
  try {
    return await collection.describe(signal)
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'schema') throw error
    throw new ConfigError([problemAt(file.locate, [side], error.advice)])
  }
}

/** One lookup cache for all mappings. */
export function openLookups(connections: Connections, clock: Clock): LookupCache {
  return createLookupCache(
    (reference) =>
      connections.get(reference.connection).collection({
        spec: reference.spec,
        beside: reference.beside,
        fields: [reference.by],
        key: reference.by,
        consumer: 'lookup',
      }),
    clock.monotonicMs,
  )
}
