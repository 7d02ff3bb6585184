import { SyncError } from '../../contract/error.ts'
import { projectSeen, type Seen } from '../seen.ts'
import type { Store } from './store.ts'

/** A mapping as this process knows it: two processes may have opened it with different fields. */
export interface KnownMapping {
  /** 0: a read-only ledger does not have this mapping; every table is empty for it. */
  readonly id: number
  readonly name: string
  /** The layout that links are written with and read in. */
  readonly layout: number
  readonly fields: readonly string[]
}

export interface Layouts {
  open(name: string, fields: readonly string[]): KnownMapping
  /** Called when the transaction that opened a mapping is committed. */
  remember(mapping: KnownMapping): void
  /** @throws SyncError when it was never opened by any process. */
  mapping(name: string): KnownMapping
  mappingById(id: number): KnownMapping
  /** The id of a name that may not be opened yet. Inside a write. */
  idOf(name: string): number
  nameOf(id: number): string
  /** `seen` that was written with `layout`, in the order of `mapping`'s fields. */
  project(mapping: KnownMapping, layout: number, seen: Seen): Seen
}

interface MappingRow {
  readonly id: number
  readonly name: string
  readonly layout: number | null
}

export function createLayouts(store: Store): Layouts {
  const byName = new Map<string, KnownMapping>()
  const byId = new Map<number, KnownMapping>()
  const fieldsOf = new Map<number, readonly string[]>()
  /** By layouts "from:to": for each field of `to` its place in `from`, or -1. */
  const projections = new Map<string, readonly number[]>()

  function fieldsOfLayout(layout: number): readonly string[] {
    let fields = fieldsOf.get(layout)
    if (fields === undefined) {
      const row = store.get<{ fields: string }>('SELECT fields FROM layout WHERE id = ?', layout)
      fields = row === undefined ? [] : (JSON.parse(row.fields) as string[])
      fieldsOf.set(layout, fields)
    }
    return fields
  }

  function stored(row: MappingRow | undefined, what: string): KnownMapping {
    if (row === undefined || row.layout === null) {
      throw new SyncError('unexpected', `the ledger does not know the mapping ${what}: openMapping comes first`)
    }
    const mapping = { id: row.id, name: row.name, layout: row.layout, fields: fieldsOfLayout(row.layout) }
    remember(mapping)
    return mapping
  }

  function remember(mapping: KnownMapping): void {
    projections.clear()
    byName.set(mapping.name, mapping)
    if (mapping.id !== 0) byId.set(mapping.id, mapping)
  }

  function idOf(name: string): number {
    const known = byName.get(name)
    if (known !== undefined) return known.id
    store.run('INSERT INTO mapping (name) VALUES (?) ON CONFLICT DO NOTHING', name)
    return store.get<{ id: number }>('SELECT id FROM mapping WHERE name = ?', name)?.id ?? 0
  }

  function open(name: string, fields: readonly string[]): KnownMapping {
    const names = JSON.stringify(fields)
    if (store.isReadOnly) {
      const row = store.get<MappingRow>('SELECT id, name, layout FROM mapping WHERE name = ?', name)
      const layout = store.get<{ id: number }>(
        'SELECT id FROM layout WHERE mapping = ? AND fields = ?',
        row?.id ?? 0,
        names,
      )
      return { id: row?.id ?? 0, name, layout: layout?.id ?? 0, fields }
    }
    const id = idOf(name)
    store.run('INSERT INTO layout (mapping, fields) VALUES (?, ?) ON CONFLICT DO NOTHING', id, names)
    const layout = store.get<{ id: number }>('SELECT id FROM layout WHERE mapping = ? AND fields = ?', id, names)?.id
    store.run('UPDATE mapping SET layout = ? WHERE id = ?', layout, id)
    store.run('INSERT INTO tally (mapping, side) VALUES (?, 0), (?, 1) ON CONFLICT DO NOTHING', id, id)
    return { id, name, layout: layout ?? 0, fields }
  }

  function projection(mapping: KnownMapping, layout: number): readonly number[] {
    const name = `${layout}:${mapping.layout}:${mapping.name}`
    let places = projections.get(name)
    if (places === undefined) {
      const from = fieldsOfLayout(layout)
      places = mapping.fields.map((field) => from.indexOf(field))
      projections.set(name, places)
    }
    return places
  }

  return {
    open,
    remember,
    idOf,
    mapping: (name) =>
      byName.get(name) ??
      stored(store.get<MappingRow>('SELECT id, name, layout FROM mapping WHERE name = ?', name), name),
    mappingById: (id) =>
      byId.get(id) ??
      stored(store.get<MappingRow>('SELECT id, name, layout FROM mapping WHERE id = ?', id), `number ${id}`),
    nameOf: (id) =>
      byId.get(id)?.name ?? store.get<{ name: string }>('SELECT name FROM mapping WHERE id = ?', id)?.name ?? '',
    project(mapping, layout, seen) {
      if (layout === mapping.layout) return seen
      return projectSeen(seen, projection(mapping, layout))
    },
  }
}
