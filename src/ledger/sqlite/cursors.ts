import type { Cursor } from '../../contract/feed.ts'
import type { Side } from '../../mapping/mapping.ts'
import { sideCode } from './codes.ts'
import type { KnownMapping } from './layout.ts'
import type { Tables } from './tables.ts'

export function readCursor({ store }: Tables, mapping: KnownMapping, side: Side): Cursor | null {
  const sql = 'SELECT position FROM cursor WHERE mapping = ? AND side = ?'
  return store.get<{ position: Cursor }>(sql, mapping.id, sideCode(side))?.position ?? null
}

export function writeCursor({ store }: Tables, mapping: KnownMapping, side: Side, cursor: Cursor | null): void {
  if (cursor === null) {
    store.run('DELETE FROM cursor WHERE mapping = ? AND side = ?', mapping.id, sideCode(side))
    return
  }
  const sql = `INSERT INTO cursor (mapping, side, position) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET position = excluded.position`
  store.run(sql, mapping.id, sideCode(side), cursor)
}
