/**
 * Finds the entries of one record without an index: in an index of ids each entry would change another page of the
 * file, which costs more than the entry. Hashes are kept in the order of the entries instead, 8 bytes for each, and
 * searched from the newest on: a million entries are 8 MB.
 */
import type { RecordId } from '../../contract/change.ts'
import type { Store } from './store.ts'

/** Entries of one row, so that a row fits into a page. */
const CHUNK_ENTRIES = 256
/** Rows that are searched before it is asked whether enough was found. */
const SEARCHED_CHUNKS = 64
const SEEDS = { odoo: 0x811c9dc5, external: 0x2f0b4a27, key: 0x5bd1e995 } as const

export interface Marked {
  readonly id: number
  readonly odooId: RecordId | null
  readonly externalId: RecordId | null
  readonly key: string | null
}

/** What is looked for: entries that know one of the Odoo records, know none but an external one of these, or the key. */
export interface Subject {
  readonly odooIds: ReadonlySet<RecordId>
  readonly externalIds: ReadonlySet<RecordId>
  readonly key: string | null
}

/** FNV-1a. Never 0, which stands for nothing. */
function hash(seed: number, text: string): number {
  let value = seed
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0 || 1
}

function hashOfRecord({ odooId, externalId }: Marked): number {
  if (odooId !== null) return hash(SEEDS.odoo, odooId)
  return externalId === null ? 0 : hash(SEEDS.external, externalId)
}

/** The entries' ids grow. */
export function markHistory(store: Store, entries: readonly Marked[]): void {
  let chunk = -1
  let hashes = new Uint32Array(0)
  const write = () => {
    const sql =
      'INSERT INTO history_mark (chunk, hashes) VALUES (?, ?) ON CONFLICT DO UPDATE SET hashes = excluded.hashes'
    if (chunk >= 0) store.run(sql, chunk, new Uint8Array(hashes.buffer))
  }
  for (const entry of entries) {
    const place = entry.id % CHUNK_ENTRIES
    const next = (entry.id - place) / CHUNK_ENTRIES
    if (next !== chunk) {
      write()
      chunk = next
      hashes = readChunk(store, chunk)
    }
    hashes[2 * place] = hashOfRecord(entry)
    hashes[2 * place + 1] = entry.key === null ? 0 : hash(SEEDS.key, entry.key)
  }
  write()
}

function readChunk(store: Store, chunk: number): Uint32Array<ArrayBuffer> {
  const row = store.get<{ hashes: Uint8Array }>('SELECT hashes FROM history_mark WHERE chunk = ?', chunk)
  return row === undefined ? new Uint32Array(2 * CHUNK_ENTRIES) : hashesOf(row.hashes)
}

/** A copy: the bytes that SQLite gives may lie at any address. */
function hashesOf(bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  const hashes = new Uint32Array(2 * CHUNK_ENTRIES)
  new Uint8Array(hashes.buffer).set(bytes)
  return hashes
}

/** Ids from `first` up to `end` of entries that may be of the subject, newest first, in portions. */
export function* searchHistory(store: Store, subject: Subject, first: number, end: number): Generator<number[]> {
  const records = new Set<number>()
  for (const id of subject.odooIds) records.add(hash(SEEDS.odoo, id))
  for (const id of subject.externalIds) records.add(hash(SEEDS.external, id))
  const key = subject.key === null ? -1 : hash(SEEDS.key, subject.key)
  const sql = 'SELECT chunk, hashes FROM history_mark WHERE chunk >= ? AND chunk < ? ORDER BY chunk DESC LIMIT ?'
  for (let below = Math.ceil(end / CHUNK_ENTRIES); ; ) {
    const rows = store.all<{ chunk: number; hashes: Uint8Array }>(sql, first / CHUNK_ENTRIES, below, SEARCHED_CHUNKS)
    const found: number[] = []
    for (const row of rows) {
      const hashes = hashesOf(row.hashes)
      for (let place = CHUNK_ENTRIES - 1; place >= 0; place -= 1) {
        const isMarked = records.has(hashes[2 * place] ?? 0) || hashes[2 * place + 1] === key
        if (isMarked) found.push(row.chunk * CHUNK_ENTRIES + place)
      }
      below = row.chunk
    }
    yield found
    if (rows.length < SEARCHED_CHUNKS) return
  }
}

/** Forgets what is below the entry `id`. */
export function pruneMarks(store: Store, first: number, id: number): void {
  const sql = 'DELETE FROM history_mark WHERE chunk >= ? AND chunk < ?'
  store.run(sql, first / CHUNK_ENTRIES, Math.floor(id / CHUNK_ENTRIES))
}
