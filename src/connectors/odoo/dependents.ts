import type { Fields, Value } from '../../contract/value.ts'
import { asRows, type OdooConnection, type OdooRow } from './connection.ts'
import { parseWriteDate } from './record-version.ts'

/**
 * Records of another model that count as part of a collection's records: the lines of an order. A change of one is a
 * change of the records that `path` leads from.
 */
export interface Dependent {
  /** The relation of the collection's model that leads to them. */
  readonly path: string
  readonly model: string
  /** Only those within it count. */
  readonly domain: readonly Value[]
  /** What a full read asks for, besides what tells when one changed. */
  readonly fields: readonly string[]
}

/** What was read of one dependent model, by id. */
export type DependentRows = ReadonlyMap<number, OdooRow>

/** Longer lists of ids only make the query text long. */
const CHUNK = 20_000

/** The dependents that `rows` name in the dependent's path. With `isFull`, with its fields. */
export async function readDependents(
  connection: OdooConnection,
  dependent: Dependent,
  context: Fields,
  rows: readonly OdooRow[],
  isFull: boolean,
  signal: AbortSignal,
): Promise<DependentRows> {
  const ids = [...new Set(rows.flatMap((row) => idsIn(row[dependent.path])))]
  const found = new Map<number, OdooRow>()
  for (let start = 0; start < ids.length; start += CHUNK) {
    const args: Fields = {
      domain: [['id', 'in', ids.slice(start, start + CHUNK)], ...dependent.domain],
      fields: [...(isFull ? dependent.fields : []), ...STAMPS],
      order: 'id',
      load: '',
      context,
    }
    for (const row of asRows(await connection.call(dependent.model, 'search_read', args, signal), dependent.model)) {
      if (typeof row.id === 'number') found.set(row.id, row)
    }
  }
  return found
}

/** What tells when a record last changed, and who changed it. */
export const STAMPS = ['write_date', 'write_uid'] as const

/** The ids in a relation's value as `load: ''` gives it. */
export function idsIn(value: Value | undefined): readonly number[] {
  if (typeof value === 'number') return value === 0 ? [] : [value]
  return Array.isArray(value) ? value.filter((id) => typeof id === 'number') : []
}

/** What the dependents of one record add to what is known of it. */
export interface DependentStamp {
  readonly count: number
  /** NaN: there is none. */
  readonly newestMs: number
  /** The last writers, of those that share the newest second. */
  readonly writers: readonly (Value | undefined)[]
}

export function stampOf(row: OdooRow, dependent: Dependent, rows: DependentRows): DependentStamp {
  let count = 0
  let newestMs = Number.NaN
  let writers: (Value | undefined)[] = []
  for (const id of idsIn(row[dependent.path])) {
    const found = rows.get(id)
    if (found === undefined) continue
    count += 1
    const writtenMs = parseWriteDate(found.write_date)
    if (!(writtenMs <= newestMs)) {
      writers = []
      newestMs = writtenMs
    }
    if (writtenMs === newestMs) writers.push(found.write_uid)
  }
  return { count, newestMs, writers }
}

/** The dependents of every model, each under its `Dependent`. */
export type AllDependents = ReadonlyMap<Dependent, DependentRows>

export async function readAllDependents(
  connection: OdooConnection,
  dependents: readonly Dependent[],
  context: Fields,
  rows: readonly OdooRow[],
  isFull: boolean,
  signal: AbortSignal,
): Promise<AllDependents> {
  const found = new Map<Dependent, DependentRows>()
  for (const dependent of dependents) {
    found.set(dependent, await readDependents(connection, dependent, context, rows, isFull, signal))
  }
  return found
}

/** What `web_read` nests in its answer, as separate reads would have given it. */
export function unnest(
  rows: readonly OdooRow[],
  dependents: readonly Dependent[],
): { readonly rows: readonly OdooRow[]; readonly dependents: AllDependents } {
  const found = new Map<Dependent, Map<number, OdooRow>>(dependents.map((dependent) => [dependent, new Map()]))
  const plain = rows.map((row) => {
    const copy: Record<string, Value> = { ...row }
    for (const [dependent, byId] of found) {
      const nested = row[dependent.path]
      if (!Array.isArray(nested)) continue
      copy[dependent.path] = (nested as readonly OdooRow[]).flatMap((each) => {
        if (typeof each.id !== 'number') return []
        byId.set(each.id, each)
        return [each.id]
      })
    }
    return copy
  })
  return { rows: plain, dependents: found }
}
