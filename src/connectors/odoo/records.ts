import type { RecordId, RecordState } from '../../contract/change.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { OdooRow } from './connection.ts'
import { type AllDependents, type Dependent, idsIn, stampOf } from './dependents.ts'
import { parseWriteDate, recordVersion, recordVersionWith } from './record-version.ts'
import type { OdooField } from './schema.ts'
import { type Decoder, decoderFor } from './values.ts'

/** How the rows of one collection are read: made once, used for every row. */
export interface RowReader {
  readonly names: readonly string[]
  readonly decoders: readonly Decoder[]
  readonly ownUserId: number
  /** The records that count as part of these. */
  readonly dependents: readonly Dependent[]
  /** Fields whose value is their lines, with how one line is read. */
  readonly lines: ReadonlyMap<string, { readonly dependent: Dependent; readonly reader: LineReader }>
}

export type LineReader = Pick<RowReader, 'names' | 'decoders'>

export function createLineReader(names: readonly string[], fields: ReadonlyMap<string, OdooField>): LineReader {
  return { names, decoders: names.map((name) => decoderFor(fields.get(name)?.type ?? 'char')) }
}

export interface ReadRows {
  readonly states: RecordState[]
  /** null: no row had a `write_date`. */
  readonly newestMs: number | null
}

/**
 * @param floorMs the least that the database's clock showed when the rows were asked for.
 * @param dependents what was read of the reader's dependents; not needed where it has none.
 */
export function readRows(
  rows: readonly OdooRow[],
  reader: RowReader,
  floorMs: number | null,
  dependents: AllDependents = new Map(),
): ReadRows {
  const states: RecordState[] = []
  let newestMs: number | null = null
  // Rows of one import share a write_date: the last one's text spares most of the parsing.
  let text: Value | undefined
  let changedAtMs = Number.NaN
  let version = recordVersion(changedAtMs, floorMs)
  for (const row of rows) {
    if (row.write_date !== text) {
      text = row.write_date
      changedAtMs = parseWriteDate(text)
      version = recordVersion(changedAtMs, floorMs)
      if (changedAtMs > (newestMs ?? 0)) newestMs = changedAtMs
    }
    const own: Stamp = {
      version,
      changedAtMs: Number.isNaN(changedAtMs) ? null : changedAtMs,
      byUs: isByUser(row.write_uid, reader.ownUserId),
    }
    const stamp = reader.dependents.length === 0 ? own : wholeStamp(row, own, reader, dependents, floorMs)
    const { version: ownVersion, changedAtMs: changedMs, byUs } = stamp
    const fields = readFields(row, reader, dependents)
    states.push({ id: String(row.id), version: ownVersion, changedAtMs: changedMs, byUs, fields })
  }
  return { states, newestMs }
}

type Stamp = Pick<RecordState, 'version' | 'changedAtMs' | 'byUs'>

/** When a record or one of its dependents last changed, and by whom: ours only if none of the latest is another's. */
function wholeStamp(
  row: OdooRow,
  own: Stamp,
  reader: RowReader,
  dependents: AllDependents,
  floorMs: number | null,
): Stamp {
  const stamps = reader.dependents.map((dependent) => stampOf(row, dependent, dependents))
  const parts = stamps.filter((_, index) => reader.dependents[index]?.isPart)
  const ownMs = own.changedAtMs ?? 0
  const changedAtMs = Math.max(ownMs, ...parts.map((stamp) => stamp.newestMs || 0))
  const latest = parts.flatMap((stamp) => (stamp.newestMs === changedAtMs ? stamp.writers : []))
  const writers = latest.map((writer) => isByUser(writer, reader.ownUserId))
  if (ownMs === changedAtMs) writers.push(own.byUs)
  return {
    version: recordVersionWith(own.changedAtMs ?? Number.NaN, stamps, floorMs),
    changedAtMs: own.changedAtMs === null ? null : changedAtMs,
    byUs: writers.includes(null) ? null : !writers.includes(false),
  }
}

function readFields(row: OdooRow, reader: RowReader, dependents: AllDependents): Fields {
  const fields: Record<string, Value> = readNames(row, reader)
  for (const [name, { dependent, reader: lineReader }] of reader.lines) {
    const rows = dependents.get(dependent)
    if (rows === undefined || row[name] === undefined) {
      delete fields[name]
      continue
    }
    // In the order of their ids, which is the same however they were read.
    const ids = [...idsIn(row[name])].sort((a, b) => a - b)
    fields[name] = ids.flatMap((id) => {
      const line = rows.get(id)
      return line === undefined ? [] : [{ ...readNames(line, lineReader), id }]
    })
  }
  return fields
}

function readNames(row: OdooRow, { names, decoders }: LineReader): Record<string, Value> {
  const fields: Record<string, Value> = {}
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    const raw = row[name]
    if (raw !== undefined) fields[name] = (decoders[index] as Decoder)(raw)
  }
  return fields
}

/** `write_uid` and `create_uid` are an id with `load: ''` and `[id, name]` without. */
export function isByUser(raw: Value | undefined, ownUserId: number): boolean | null {
  if (typeof raw === 'number') return raw === ownUserId
  return Array.isArray(raw) ? (raw as readonly Value[])[0] === ownUserId : null
}

/** Ids as Odoo takes them. What cannot be an id of Odoo is left out: such a record does not exist. */
export function toOdooIds(ids: readonly RecordId[]): number[] {
  const numbers: number[] = []
  for (const id of ids) if (/^[1-9]\d{0,9}$/.test(id)) numbers.push(Number(id))
  return numbers
}
