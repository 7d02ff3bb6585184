import type { Value } from '../../contract/value.ts'
import type { MappingState } from '../mapping-state.ts'
import type { KnownMapping } from './layout.ts'
import type { Tables } from './tables.ts'

const FRESH: MappingState = {
  pause: null,
  pausedBy: null,
  failures: 0,
  notBeforeMs: 0,
  lastRunAtMs: null,
  lastSuccessAtMs: null,
  runs: [],
  guards: {},
  notes: {},
}

export function readState({ store }: Tables, mapping: KnownMapping): MappingState {
  const row = store.get<{ state: string }>('SELECT state FROM mapping WHERE id = ?', mapping.id)
  return { ...FRESH, ...(JSON.parse(row?.state ?? '{}') as Partial<MappingState>) }
}

/** What `update` does not name stays; what it names is replaced whole. */
export function updateState(tables: Tables, mapping: KnownMapping, update: Partial<MappingState>): void {
  const state = { ...readState(tables, mapping), ...update }
  tables.store.run('UPDATE mapping SET state = ? WHERE id = ?', JSON.stringify(state), mapping.id)
}

type Notes = Readonly<Record<string, Value>>

export function readConnectionNotes({ store }: Tables, connection: string): Notes {
  const row = store.get<{ notes: string }>('SELECT notes FROM connection WHERE name = ?', connection)
  return row === undefined ? {} : (JSON.parse(row.notes) as Notes)
}

/** Notes of other names stay. */
export function updateConnectionNotes(tables: Tables, connection: string, notes: Notes): void {
  const all = { ...readConnectionNotes(tables, connection), ...notes }
  const sql = 'INSERT INTO connection (name, notes) VALUES (?, ?) ON CONFLICT DO UPDATE SET notes = excluded.notes'
  tables.store.run(sql, connection, JSON.stringify(all))
}
