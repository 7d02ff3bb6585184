import type { RecordId } from '../../contract/change.ts'
import { contentOf } from '../../contract/content.ts'
import type { Operation } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import type { Query } from './pool.ts'
import { castableIds, idAmong, type PostgresRows } from './rows.ts'
import { columnNamed } from './schema.ts'
import { STAGED } from './values.ts'

/** Read and written in pieces of this size: larger ones cost memory, which is given back late, and save little. */
const SLICE_BYTES = 250_000

/** Operations whose bytes are in the transaction's own table. */
export interface Staged {
  readonly operations: readonly Operation[]
  readonly hasStaged: boolean
}

/**
 * Puts the bytes of files into a table of this transaction, piece by piece, and a name for them into the operations: a
 * column cannot be written in pieces without copying what is there each time. They are written before anything else, so
 * that no row is locked while a file is on its way. @throws what the stream throws.
 */
export async function stageContents(
  query: Query,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<Staged> {
  const isStreamed = (operation: Operation): boolean => operation.kind !== 'remove' && operation.open !== undefined
  if (!operations.some(isStreamed)) return { operations, hasStaged: false }
  await query(`create temp table ${STAGED} (content int4, n int4, piece bytea) on commit drop`)
  // Files are packed already, as a rule; the table's own column packs them once more if it likes.
  await query(`alter table pg_temp.${STAGED} alter piece set storage external`)
  let count = 0
  const staged: Operation[] = []
  for (const operation of operations) {
    if (operation.kind === 'remove' || operation.open === undefined) {
      staged.push(operation)
      continue
    }
    const { open, ...rest } = operation
    const fields: Record<string, Value> = { ...operation.fields }
    for (const [name, value] of Object.entries(operation.fields)) {
      if (contentOf(value) === null) continue
      await stagePieces(query, count, open(name, signal))
      fields[name] = `:${count++}`
    }
    staged.push({ ...rest, fields })
  }
  return { operations: staged, hasStaged: true }
}

async function stagePieces(query: Query, content: number, source: AsyncIterable<Uint8Array>): Promise<void> {
  const insert = `insert into pg_temp.${STAGED} values ($1, $2, $3)`
  let pending: Uint8Array[] = []
  let size = 0
  let n = 0
  const flush = async (): Promise<void> => {
    await query(insert, [content, n++, Buffer.concat(pending)])
    pending = []
    size = 0
  }
  for await (const piece of source) {
    pending.push(piece)
    size += piece.length
    if (size >= SLICE_BYTES) await flush()
  }
  if (size > 0 || n === 0) await flush()
}

/** The pieces that `read` gives, until one is not full. */
export async function* slicesOf(
  read: (from: number, length: number) => Promise<Buffer | null>,
): AsyncGenerator<Uint8Array> {
  for (let from = 1; ; from += SLICE_BYTES) {
    const slice = await read(from, SLICE_BYTES)
    if (slice !== null && slice.length > 0) yield slice
    if (slice === null || slice.length < SLICE_BYTES) return
  }
}

/**
 * A part of a bytea column, counted from 1; null: no such row, or nothing in it. Each part is a statement of its own, so
 * that no connection is held for as long as the other side takes; a change in between shows in the digest.
 */
export async function readSlice(
  query: Query,
  rows: PostgresRows,
  id: RecordId,
  field: string,
  from: number,
  length: number,
): Promise<Buffer | null> {
  const column = `${rows.table.alias}.${columnNamed(rows.table, field).sql}`
  const [row] = await query(
    `select encode(substring(${column} from $2::int4 for $3::int4), 'base64') from ${rows.from} where ${idAmong(rows, '$1')}`,
    [castableIds(rows.table, [id]), from, length],
  )
  const base64 = row?.[0]
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64') : null
}
