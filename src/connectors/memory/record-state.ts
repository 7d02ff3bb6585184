import type { RecordState, Version } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import type { Row, Table } from './database.ts'

/** `row` as the collection shows it, with exactly the fields asked for. @throws SyncError `schema` for a missing field. */
export function recordState(table: Table, row: Row, fields: readonly string[], nowMs: number): RecordState {
  const { definition } = table
  const shown: Record<string, Value> = {}
  for (const name of fields) {
    if (!definition.fields.has(name)) throw new SyncError('schema', `${table.name} has no field ${name}.`)
    const value = row.fields[name] ?? null
    shown[name] = typeof value === 'object' ? structuredClone(value) : value
  }
  const changedAtMs = definition.feed?.kind === 'window' ? wholeSecond(row.writtenAtMs) : row.writtenAtMs
  return {
    id: row.id,
    version: versionOf(table, row, nowMs),
    changedAtMs: definition.tellsChangeTime ? changedAtMs : null,
    byUs: definition.tellsWriter ? row.byUs : null,
    fields: shown,
  }
}

/** A revision, or for a window the whole second of the last write, which is hot (`~`) until that second is over. */
export function versionOf(table: Table, row: Row, nowMs: number): Version {
  if (!table.definition.hasVersions) return null
  if (table.definition.feed?.kind !== 'window') return String(row.revision)
  const second = wholeSecond(row.writtenAtMs)
  const isHot = second >= wholeSecond(nowMs)
  return `${new Date(second).toISOString().slice(0, 19)}Z${isHot ? '~' : ''}`
}

export function wholeSecond(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000
}
