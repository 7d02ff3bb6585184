import type { Database } from 'better-sqlite3'
import type { RecordId, RecordState } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { datetimeMs } from '../sql/datetime.ts'
import { foldText } from '../sql/fold.ts'
import { columnFor, type Definition } from './definition.ts'
import type { Cells } from './parse-records.ts'
import { nextNumber, prepared } from './store.ts'
import { parseCell, ValueProblem } from './values.ts'

export interface StoredRecord {
  readonly id: RecordId
  /** null: it is gone. */
  readonly cells: Cells | null
  readonly seq: number
  readonly changedAtMs: number | null
  readonly byUs: boolean
}

interface Row {
  readonly id: string
  readonly cells: string | null
  readonly seq: number
  readonly changed_at: number | null
  readonly by_us: number
}

/** As coarse as any rule by which keys are compared. */
const FOLD = { case: true, space: true }
const COLUMNS = 'r.id, r.cells, r.seq, r.changed_at, r.by_us'

function ofRow(row: Row): StoredRecord {
  const cells = row.cells === null ? null : (JSON.parse(row.cells) as Cells)
  return { id: row.id, cells, seq: row.seq, changedAtMs: row.changed_at, byUs: row.by_us === 1 }
}

export interface Writing {
  readonly changedAtMs: number | null
  readonly byUs: boolean
  /** The generation of the file that tells of it; null: no file does, it is what we wrote. */
  readonly listed: number | null
}

/** Writes records of one collection within a transaction. */
export interface RecordWriter {
  /** Merges `cells` over what is known; what they do not say stays. A record that does not change keeps its number. */
  put(id: RecordId, cells: Cells, how: Writing): void
  remove(id: RecordId, how: Writing): void
  /** The file of a generation has it, whatever it says of it. */
  list(id: RecordId, generation: number): void
}

export function recordWriter(database: Database, collection: number): RecordWriter {
  const get = prepared<[number, string], { row: number; cells: string | null }>(
    database,
    'select row, cells from record where collection = ? and id = ?',
  )
  const insert = prepared<unknown[]>(
    database,
    'insert into record (collection, id, cells, seq, changed_at, by_us, listed, folded) values (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const change = prepared<unknown[]>(
    database,
    'update record set cells = ?, seq = ?, changed_at = ?, by_us = ?, listed = coalesce(?, listed) where row = ?',
  )
  const list = prepared<unknown[]>(database, 'update record set listed = ? where row = ?')
  return {
    put(id, cells, { changedAtMs, byUs, listed }) {
      const known = get.get(collection, id)
      const before = known?.cells ?? null
      const text = JSON.stringify(before === null ? cells : { ...(JSON.parse(before) as Cells), ...cells })
      if (known && before === text) {
        if (listed !== null) list.run(listed, known.row)
        return
      }
      const seq = nextNumber(database, 'seq')
      if (known) change.run(text, seq, changedAtMs, Number(byUs), listed, known.row)
      else insert.run(collection, id, text, seq, changedAtMs, Number(byUs), listed, foldText(id, FOLD))
    },
    list(id, generation) {
      const known = get.get(collection, id)
      if (known) list.run(generation, known.row)
    },
    remove(id, { changedAtMs, byUs }) {
      const known = get.get(collection, id)
      if (known && known.cells !== null)
        change.run(null, nextNumber(database, 'seq'), changedAtMs, Number(byUs), null, known.row)
    },
  }
}

export function recordsById(database: Database, collection: number, ids: readonly RecordId[]): readonly StoredRecord[] {
  const sql = `select ${COLUMNS} from json_each(?) j join record r on r.collection = ? and r.id = j.value where r.cells is not null`
  return prepared<[string, number], Row>(database, sql)
    .all(JSON.stringify([...new Set(ids)]), collection)
    .map(ofRow)
}

/** Those whose ids are one of these but for letter case and white space. */
export function recordsLikeIds(
  database: Database,
  collection: number,
  ids: readonly string[],
): readonly StoredRecord[] {
  const sql = `select ${COLUMNS} from json_each(?) j join record r on r.collection = ? and r.folded = j.value where r.cells is not null`
  const folded = JSON.stringify([...new Set(ids.map((id) => foldText(id, FOLD)))])
  return prepared<[string, number], Row>(database, sql).all(folded, collection).map(ofRow)
}

export function recordsAfterSeq(
  database: Database,
  collection: number,
  seq: number,
  limit: number,
): readonly StoredRecord[] {
  const sql = `select ${COLUMNS} from record r where collection = ? and seq > ? order by seq limit ?`
  return prepared<[number, number, number], Row>(database, sql).all(collection, seq, limit).map(ofRow)
}

/** Existing records in the order of their ids. */
export function recordsAfterId(
  database: Database,
  collection: number,
  id: string,
  limit: number,
): readonly StoredRecord[] {
  const sql = `select ${COLUMNS} from record r where collection = ? and id > ? and cells is not null order by id limit ?`
  return prepared<[number, string, number], Row>(database, sql).all(collection, id, limit).map(ofRow)
}

export function countRecords(database: Database, collection: number): number {
  const sql = 'select count(*) as n from record where collection = ? and cells is not null'
  return prepared<[number], { n: number }>(database, sql).get(collection)?.n ?? 0
}

/** How many records files have told of, and how many of them the file of a generation has. */
export function countListed(
  database: Database,
  collection: number,
  generation: number,
): { readonly known: number; readonly listed: number } {
  const sql = `select count(*) as known, coalesce(sum(listed = ?), 0) as listed from record
    where collection = ? and cells is not null and listed is not null`
  return (
    prepared<[number, number], { known: number; listed: number }>(database, sql).get(generation, collection) ?? {
      known: 0,
      listed: 0,
    }
  )
}

/** Removes some of the records that files have told of, and the one of this generation has not. The answer is how many. */
export function removeUnlisted(
  database: Database,
  collection: number,
  generation: number,
  atMs: number,
  limit: number,
): number {
  const sql = `select id from record where collection = ? and cells is not null and listed is not null and listed < ? limit ?`
  const ids = prepared<[number, number, number], { id: string }>(database, sql).all(collection, generation, limit)
  const writer = recordWriter(database, collection)
  for (const { id } of ids) writer.remove(id, { changedAtMs: atMs, byUs: false, listed: null })
  return ids.length
}

/** A stored record as the engine sees it, with `fields` as far as files told them. @throws SyncError `config`. */
export function stateOf(definition: Definition, record: StoredRecord, fields: readonly string[]): RecordState {
  const cells = record.cells ?? {}
  const values: Record<string, Value> = {}
  const read = (field: string): Value => {
    try {
      return parseCell(columnFor(definition, field), cells[field] ?? null)
    } catch (error) {
      if (!(error instanceof ValueProblem)) throw error
      throw new SyncError('config', `${definition.name} ${record.id} was read before, and now ${error.message}`, {
        hint: 'Put the columns of the collection back as they were, or have the file delivered again.',
      })
    }
  }
  for (const field of fields) if (field in cells) values[field] = read(field)
  const changedAt = definition.settings.changed_at
  const toldMs = changedAt === undefined || !(changedAt in cells) ? null : datetimeMs(read(changedAt))
  return {
    id: record.id,
    version: String(record.seq),
    changedAtMs: toldMs ?? record.changedAtMs,
    byUs: record.byUs,
    fields: values,
  }
}
