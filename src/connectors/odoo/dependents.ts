import type { Fields, Value } from '../../contract/value.ts'
import type { BeyondField, Step } from './beyond-fields.ts'
import type { OdooConnection, OdooRow } from './connection.ts'
import { parseWriteDate } from './record-version.ts'
import { searchRead } from './search-read.ts'

/**
 * Records of another model on which a collection's records depend: the lines of an order, the country of a contact of
 * which the code is mapped. A change of one is a change of the records that `path` leads from.
 */
export interface Dependent {
  /** The relation of the collection's model that leads to them, or several with dots between. */
  readonly path: string
  /** The dependents from which the last relation of a longer path leads on; null: the collection's own records. */
  readonly through: Dependent | null
  /** They are part of the record, so that when they were written counts as when it was. */
  readonly isPart: boolean
  /** Fields that lead on to other dependents: always read. */
  readonly leads: readonly string[]
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

/** The dependents to which `rows` lead, through those that are `known`. With `isFull`, with their fields. */
async function readDependents(
  connection: OdooConnection,
  dependent: Dependent,
  context: Fields,
  rows: readonly OdooRow[],
  known: AllDependents,
  isFull: boolean,
  signal: AbortSignal,
): Promise<DependentRows> {
  const ids = [...new Set(rows.flatMap((row) => dependentIds(row, dependent, known)))]
  const found = new Map<number, OdooRow>()
  for (let start = 0; start < ids.length; start += CHUNK) {
    const args: Fields = {
      domain: [['id', 'in', ids.slice(start, start + CHUNK)], ...dependent.domain],
      fields: [...(isFull ? dependent.fields : []), ...dependent.leads, ...STAMPS],
      order: 'id',
      context,
    }
    for (const row of await searchRead(connection, dependent.model, args, signal)) {
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

/** The ids of a record's dependents. `found`: what was read of those on the way. */
function dependentIds(row: OdooRow, { path, through }: Dependent, found: AllDependents): readonly number[] {
  if (through === null) return idsIn(row[path])
  const rows = found.get(through)
  const field = path.slice(through.path.length + 1)
  return dependentIds(row, through, found).flatMap((id) => idsIn(rows?.get(id)?.[field]))
}

/** The fields of the collection's own records that lead to dependents. */
export function leadingFields(dependents: readonly Dependent[]): readonly string[] {
  return dependents.filter(({ through }) => through === null).map(({ path }) => path)
}

/** Every record on the way to these values, each kind once, those nearer to the collection first. */
export function watchedDependents(fields: readonly BeyondField[]): readonly Dependent[] {
  const parts = fields.flatMap(({ steps }) => steps.map((_, index) => steps.slice(0, index + 1)))
  const paths = new Map(parts.map((steps) => [pathOf(steps), steps]))
  const made = new Map<string, Dependent>()
  for (const [path, steps] of [...paths].sort(([, a], [, b]) => a.length - b.length)) {
    const further = [...paths.values()].filter((each) => pathOf(each.slice(0, -1)) === path)
    made.set(path, {
      path,
      through: made.get(pathOf(steps.slice(0, -1))) ?? null,
      isPart: false,
      model: steps.at(-1)?.relation ?? '',
      domain: [],
      leads: further.map((each) => each.at(-1)?.field ?? ''),
      fields: [],
    })
  }
  return [...made.values()]
}

function pathOf(steps: readonly Step[]): string {
  return steps.map(({ field }) => field).join('.')
}

/** What the dependents of one record add to what is known of it. */
export interface DependentStamp {
  readonly count: number
  /** NaN: there is none. */
  readonly newestMs: number
  /** The last writers, of those that share the newest second. */
  readonly writers: readonly (Value | undefined)[]
}

export function stampOf(row: OdooRow, dependent: Dependent, all: AllDependents): DependentStamp {
  const rows = all.get(dependent)
  let count = 0
  let newestMs = Number.NaN
  let writers: (Value | undefined)[] = []
  for (const id of dependentIds(row, dependent, all)) {
    const found = rows?.get(id)
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
    found.set(dependent, await readDependents(connection, dependent, context, rows, found, isFull, signal))
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
