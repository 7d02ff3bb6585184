import { SyncError } from '../../contract/error.ts'
import { type Database, tableOf, transact } from './database.ts'
import type { Person } from './store.ts'
import { drawSerial, insertRow, type Origin, removeRow, storedCreate, updateRow } from './write.ts'

/**
 * A transaction that began some time ago and writes just before it commits, so that nobody waits for its locks. Serial
 * ids are drawn at once: its records appear among older ones.
 */
export interface HeldTransaction extends Person {
  /** Everything becomes visible. @throws SyncError where a write cannot be done; then nothing of it is. */
  commit(): void
  rollback(): void
}

export function beginHeld(database: Database): HeldTransaction {
  const origin: Origin = { byUs: false, atMs: database.nowMs() }
  let steps: (() => void)[] | null = []
  const later = (step: () => void): void => {
    if (steps === null) throw new SyncError('unexpected', 'The transaction has ended.')
    steps.push(step)
  }
  return {
    insert(collection, fields) {
      const table = tableOf(database, collection)
      const stored = storedCreate(database, table, fields)
      const { id: ids } = table.definition
      const given = ids.field === undefined ? null : (stored[ids.field] ?? null)
      const serial = ids.kind === 'serial' && given === null ? drawSerial(table) : undefined
      later(() => insertRow(database, table, stored, origin, serial))
      return String(given ?? serial)
    },
    edit(collection, id, fields) {
      const table = tableOf(database, collection)
      later(() => {
        const row = table.rows.get(id)
        if (row !== undefined) updateRow(database, table, row, fields, origin)
      })
      return table.rows.has(id)
    },
    remove(collection, id) {
      const table = tableOf(database, collection)
      later(() => {
        const row = table.rows.get(id)
        if (row !== undefined) removeRow(database, table, row, origin)
      })
      return table.rows.has(id)
    },
    commit() {
      const work = steps ?? []
      steps = null
      transact(database, () => {
        for (const step of work) step()
      })
    },
    rollback() {
      steps = null
    },
  }
}
