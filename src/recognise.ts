import type { Connections } from './connect.ts'
import type { RecordId } from './contract/change.ts'
import type { Report } from './contract/connector.ts'
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
    const where = `${file.name} ${side}`
    const fresh = await ledger.sampleIds(file.name, side, SAMPLE)
    const ids = [...Object.keys(pin?.sample[where] ?? {}), ...fresh]
    const { sink } = connector.collection({ spec: sideSpec(file, side), fields: [], consumer: file.name })
    if (!sink?.births || ids.length === 0) continue
    const births = await sink.births([...new Set(ids)], signal)
    sample[where] = Object.fromEntries(births)
    kept[where] = Object.fromEntries([...births].filter(([id]) => fresh.includes(id)))
  }
  const sight: Sight = {
    traits: report.identity?.traits ?? {},
    marks: { ...report.identity?.marks, ...drawn },
    sample,
  }
  const findings = pin ? compareWithPin(pin, sight) : []
  const atMs = clock.nowMs() + (report.clockOffsetMs ?? 0)
  return { pin, sight, kept, findings, suspicion: pin && suspicionOf(pin, sight, findings), atMs, report }
}

/**
 * Makes sure that the database behind a connection is the one that the ledger belongs to. The first one that is seen is;
 * each time it is recognised, the ledger remembers what it looks like now.
 * @throws SyncError `identity`, which names what does not fit; what the system throws when it does not answer.
 */
export async function recogniseDatabase(
  recogniser: Recogniser,
  connection: string,
  clock: Pick<Clock, 'nowMs'>,
  signal: AbortSignal,
): Promise<void> {
  const look = await lookAtDatabase(recogniser, connection, clock, signal)
  if (look.suspicion !== null) throw identityError(connection, look.suspicion, look.findings)
  if (!recogniser.isReadOnly) await remember(recogniser.ledger, connection, look)
}

/** From now on, what was seen is the database of this connection. */
export async function remember(ledger: Ledger, connection: string, look: Look): Promise<void> {
  const { pin, sight, kept, atMs } = look
  await ledger.updateConnectionNotes(connection, {
    pin: JSON.stringify(renewPin(pin, { ...sight, sample: kept }, atMs)),
  })
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

function identityError(connection: string, suspicion: Suspicion, findings: readonly Finding[]): SyncError {
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
