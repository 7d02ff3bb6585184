import type { RecordId, RecordState } from '../../contract/change.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { OdooRow } from './connection.ts'
import { parseWriteDate, recordVersion } from './record-version.ts'
import type { OdooField } from './schema.ts'
import { type Decoder, decoderFor } from './values.ts'

/** How the rows of one collection are read: made once, used for every row. */
export interface RowReader {
  readonly names: readonly string[]
  readonly decoders: readonly Decoder[]
  readonly ownUserId: number
}

export function createRowReader(
  names: readonly string[],
  fields: ReadonlyMap<string, OdooField>,
  ownUserId: number,
): RowReader {
  return { names, decoders: names.map((name) => decoderFor(fields.get(name)?.type ?? 'char')), ownUserId }
}

export interface ReadRows {
  readonly states: RecordState[]
  /** null: no row had a `write_date`. */
  readonly newestMs: number | null
}

/** @param floorMs the least that the database's clock showed when the rows were asked for. */
export function readRows(rows: readonly OdooRow[], reader: RowReader, floorMs: number | null): ReadRows {
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
    states.push({
      id: String(row.id),
      version,
      changedAtMs: Number.isNaN(changedAtMs) ? null : changedAtMs,
      byUs: writtenByUs(row.write_uid, reader.ownUserId),
      fields: readFields(row, reader),
    })
  }
  return { states, newestMs }
}

function readFields(row: OdooRow, reader: RowReader): Fields {
  const { names, decoders } = reader
  const fields: Record<string, Value> = {}
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string
    const raw = row[name]
    if (raw !== undefined) fields[name] = (decoders[index] as Decoder)(raw)
  }
  return fields
}

/** `write_uid` is an id with `load: ''` and `[id, name]` without. */
function writtenByUs(raw: Value | undefined, ownUserId: number): boolean | null {
  if (typeof raw === 'number') return raw === ownUserId
  return Array.isArray(raw) ? (raw as readonly Value[])[0] === ownUserId : null
}

/** Ids as Odoo takes them. What cannot be an id of Odoo is left out: such a record does not exist. */
export function toOdooIds(ids: readonly RecordId[]): number[] {
  const numbers: number[] = []
  for (const id of ids) if (/^[1-9]\d{0,9}$/.test(id)) numbers.push(Number(id))
  return numbers
}
