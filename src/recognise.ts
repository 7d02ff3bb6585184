import type { Connections } from './connect.ts'
import type { RecordId } from './contract/change.ts'
import type { Connector, Report } from './contract/connector.ts'
import { SyncError } from './contract/error.ts'
import type { Birth } from './contract/sink.ts'
import type { Clock } from './engine/context.ts'
import {
  compareWithPin,
  describeFinding,
  type Finding,
  type Pin,
  renewPin,
  type Sample,
  type Sight,
  type Suspicion,
  suspicionOf,
} from './engine/pin.ts'
import type { Ledger } from './ledger/ledger.ts'
import { SIDES, type Side } from './mapping/mapping.ts'
import { type MappingFile, sideSpec } from './mapping/mapping-file.ts'

/** How many linked records of a mapping are looked at. */
const SAMPLE = 16
/** More of it in a message helps nobody. */
const TOLD_FINDINGS = 3

export interface Recogniser {
  readonly files: readonly MappingFile[]
  readonly connections: Pick<Connections, 'get'>
  readonly ledger: Ledger
  /** True: nothing is remembered, and nothing is drawn from the system. */
  readonly isReadOnly: boolean
}

/** A mapping and which of its sides a connection is. */
export interface Use {
  readonly file: MappingFile
  readonly side: Side
}

export function usesOf(files: readonly MappingFile[], connection: string): readonly Use[] {
  return files.flatMap((file) =>
    SIDES.filter((side) => file.definition[side].connection === connection).map((side) => ({ file, side })),
  )
}

/** What was seen behind a connection, and what of it does not fit. */
export interface Look {
  readonly pin: Pin | null
  readonly sight: Sight
  /** What of the sample is to be looked at the next time: links come and go. */
  readonly kept: Sample
  readonly findings: readonly Finding[]
  readonly suspicion: Suspicion | null
  /** The database's own time, as well as we know it. */
  readonly atMs: number
  readonly report: Report
}

/** Looks who is there, without remembering anything. @throws SyncError when the system does not answer. */
export async function lookAtDatabase(
  { files, connections, ledger, isReadOnly }: Recogniser,
  connection: string,
  clock: Pick<Clock, 'nowMs'>,
  signal: AbortSignal,
): Promise<Look> {
  const connector = connections.get(connection)
  const pin = readPin((await ledger.connectionNotes(connection)).pin)
  const report = await connector.check(signal)
  const drawn = isReadOnly ? {} : ((await connector.drawMarks?.(signal)) ?? {})
  const sample: Record<string, Record<RecordId, Birth>> = {}
  const kept: Record<string, Record<RecordId, Birth>> = {}
  const known = new Set(await ledger.mappings())
  for (const { file, side } of usesOf(files, connection)) {
    if (!known.has(file.name)) continue
    const where = whereOf(file, side)
    const fresh = await ledger.sampleIds(file.name, side, SAMPLE)
    const ids = [...Object.keys(pin?.sample[where] ?? {}), ...fresh]
    const births = await birthsOf(connector, { file, side }, ids, signal)
    if (births === null || births.size === 0) continue
    sample[where] = Object.fromEntries(births)
    kept[where] = Object.fromEntries([...births].filter(([id]) => fresh.includes(id)))
  }
  const sight: Sight = {
    traits: report.identity?.traits ?? {},
    marks: { ...report.identity?.marks, ...drawn },
    sample,
    drawn: Object.keys(drawn),
  }
  const findings = pin ? compareWithPin(pin, sight) : []
  const atMs = clock.nowMs() + (report.clockOffsetMs ?? 0)
  return { pin, sight, kept, findings, suspicion: pin && suspicionOf(pin, sight, findings), atMs, report }
}

/** Recognises the database of one connection. */
export interface DatabaseWatch {
  /**
   * Makes sure that the database is the one that the ledger belongs to. The first one that is seen is; each time it is
   * recognised, the ledger remembers what it looks like now.
   * @throws SyncError `identity`, which names what does not fit; what the system throws when it does not answer.
   */
  recognise(signal: AbortSignal): Promise<void>
  /** Whether it looks as it did when it was recognised last, from one cheap call for each mapping. */
  glance(signal: AbortSignal): Promise<boolean>
}

export function watchDatabase(recogniser: Recogniser, connection: string, clock: Pick<Clock, 'nowMs'>): DatabaseWatch {
  let last: Pin | null = null
  return {
    async recognise(signal) {
      const look = await lookAtDatabase(recogniser, connection, clock, signal)
      if (look.suspicion !== null) throw identityError(connection, look.suspicion, look.findings)
      last = pinOf(look)
      if (!recogniser.isReadOnly) await remember(recogniser.ledger, connection, look)
    },
    async glance(signal) {
      const sample = last && (await looksAsBefore(recogniser, connection, last, signal))
      if (!last || !sample) return false
      const isNews = JSON.stringify(sample) !== JSON.stringify(last.sample)
      last = { ...last, sample }
      // What was linked or changed since is what a restored backup does not have.
      if (isNews && !recogniser.isReadOnly) await keepPin(recogniser.ledger, connection, last)
      return true
    },
  }
}

/**
 * Where records tell their birth, these are asked: what was linked since the last look is told by them alone. Elsewhere the
 * system tells what it is, in a query or two. The answer is the sample to look at the next time; null: it differs.
 */
async function looksAsBefore(
  { files, connections, ledger }: Recogniser,
  connection: string,
  pin: Pin,
  signal: AbortSignal,
): Promise<Sample | null> {
  const connector = connections.get(connection)
  const sample: Record<string, Record<RecordId, Birth>> = {}
  const known = new Set(await ledger.mappings())
  for (const use of usesOf(files, connection).filter(({ file }) => known.has(file.name))) {
    const where = whereOf(use.file, use.side)
    const before = pin.sample[where] ?? {}
    const fresh = await ledger.sampleIds(use.file.name, use.side, SAMPLE)
    const ids = new Set([...Object.keys(before), ...fresh])
    const births = await birthsOf(connector, use, [...ids], signal)
    if (births === null) continue
    // A person may have deleted it. A longer look tells.
    if (births.size < ids.size) return null
    sample[where] = Object.fromEntries([...births].filter(([id]) => fresh.includes(id)))
    const seen = { [where]: Object.fromEntries(births) }
    if (
      compareWithPin({ ...pin, traits: {}, marks: {} }, { traits: {}, marks: {}, sample: seen, drawn: [] }).length > 0
    )
      return null
  }
  if (connector.drawMarks === undefined) {
    const { identity } = await connector.check(signal)
    const sight = { traits: identity?.traits ?? {}, marks: identity?.marks ?? {}, sample: {}, drawn: [] }
    if (compareWithPin(pin, sight).length > 0) return null
  }
  return sample
}

function whereOf(file: MappingFile, side: Side): string {
  return `${file.name} ${side}`
}

/** null: this system does not tell when records were created. */
async function birthsOf(
  connector: Connector,
  { file, side }: Use,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordId, Birth> | null> {
  const { sink } = connector.collection({ spec: sideSpec(file, side), fields: [], consumer: file.name })
  if (!sink?.births) return null
  return ids.length === 0 ? new Map() : sink.births([...new Set(ids)], signal)
}

/** From now on, what was seen is the database of this connection. */
export async function remember(ledger: Ledger, connection: string, look: Look): Promise<void> {
  await keepPin(ledger, connection, pinOf(look))
}

async function keepPin(ledger: Ledger, connection: string, pin: Pin): Promise<void> {
  await ledger.updateConnectionNotes(connection, { pin: JSON.stringify(pin) })
}

function pinOf({ pin, sight, kept, atMs }: Look): Pin {
  return renewPin(pin, { ...sight, sample: kept }, atMs)
}

/** Kept as text: what is in it is nobody's but ours. */
function readPin(note: unknown): Pin | null {
  return typeof note === 'string' ? (JSON.parse(note) as Pin) : null
}

const SUSPICIONS: Readonly<Record<Suspicion, string>> = {
  another: 'another database answers at its address',
  copy: 'a copy of it, or a database in its place, answers at its address',
  older: 'an older state of it is back, as after a restored backup',
}

export function identityError(connection: string, suspicion: Suspicion, findings: readonly Finding[]): SyncError {
  const told = findings.slice(0, TOLD_FINDINGS).map(describeFinding)
  const more = findings.length > TOLD_FINDINGS ? `; and ${findings.length - TOLD_FINDINGS} more` : ''
  return new SyncError(
    'identity',
    `The database of connection ${connection} is not as the ledger knows it: ${SUSPICIONS[suspicion]} (${told.join('; ')}${more})`,
    {
      hint: `Nothing is read from it or written to it until a person says what it is: tandem accept ${connection} shows the choices.`,
    },
  )
}
