import type { RecordState } from '../../contract/change.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { BeyondField } from './beyond-fields.ts'
import type { OdooConnection, OdooRow } from './connection.ts'
import { searchRead } from './search-read.ts'
import { decoderFor } from './values.ts'

/** Ids in one search. */
const CHUNK = 5000

/** Where values are read: the model, and the context of the collection. */
export interface Place {
  readonly connection: OdooConnection
  readonly model: string
  readonly context: Fields
}

/**
 * States with the values that lie beyond their own rows: one more call for each language and each model on the way, for
 * the whole page. A value that cannot be known (a record on the way is hidden from our user) is left out.
 * @param rows the rows of the states, with the first field of every path.
 */
export async function withBeyond(
  place: Place,
  fields: readonly BeyondField[],
  rows: readonly OdooRow[],
  states: readonly RecordState[],
  signal: AbortSignal,
): Promise<RecordState[]> {
  if (fields.length === 0 || states.length === 0) return [...states]
  const known = new Map(rows.map((row) => [Number(row.id), row]))
  const values = await readFields(place, [...known.keys()], fields, known, signal)
  return states.map((state) => ({ ...state, fields: { ...state.fields, ...values.get(Number(state.id)) } }))
}

/**
 * The fields of these records, by their names. `known`: rows that were read already, in the place's own language.
 */
async function readFields(
  place: Place,
  ids: readonly number[],
  fields: readonly BeyondField[],
  known: ReadonlyMap<number, OdooRow> | null,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, Fields>> {
  const result = new Map<number, Record<string, Value>>(ids.map((id) => [id, {}]))
  const leaves = fields.filter(({ steps }) => steps.length === 0)
  for (const [language, ofLanguage] of Map.groupBy(leaves, (field) => field.language)) {
    const context = language === null ? place.context : { ...place.context, lang: language }
    const names = ofLanguage.map(({ leaf }) => leaf.name)
    for (const row of await readRows({ ...place, context }, ids, names, signal)) {
      const values = result.get(Number(row.id))
      if (!values) continue
      for (const { name, leaf } of ofLanguage) values[name] = decoderFor(leaf.type)(row[leaf.name] ?? null)
    }
  }
  const deeper = fields.filter(({ steps }) => steps.length > 0)
  if (deeper.length === 0) return result
  const heads = [...new Set(deeper.map(({ steps }) => steps[0]?.field ?? ''))]
  const rows = known ?? new Map((await readRows(place, ids, heads, signal)).map((row) => [Number(row.id), row]))
  for (const [head, ofHead] of Map.groupBy(deeper, ({ steps }) => steps[0]?.field ?? '')) {
    await followHead(place, head, ofHead, rows, result, signal)
  }
  return result
}

async function followHead(
  place: Place,
  head: string,
  fields: readonly BeyondField[],
  rows: ReadonlyMap<number, OdooRow>,
  result: ReadonlyMap<number, Record<string, Value>>,
  signal: AbortSignal,
): Promise<void> {
  const step = fields[0]?.steps[0]
  if (!step) return
  const refs = new Map([...rows].map(([id, row]) => [id, idsIn(row[head])] as const))
  const targets = [...new Set([...refs.values()].flat())]
  const rest = fields.map((field) => ({ ...field, steps: field.steps.slice(1) }))
  const found = await readFields({ ...place, model: step.relation }, targets, rest, null, signal)
  for (const [id, ids] of refs) {
    const values = result.get(id)
    if (!values) continue
    for (const field of fields) {
      const value = gather(
        field,
        ids.map((each) => found.get(each)?.[field.name]),
      )
      if (value !== undefined) values[field.name] = value
    }
  }
}

/** One value through a many2one, a list of all through anything else. undefined: one of them cannot be known. */
function gather({ steps }: BeyondField, values: readonly (Value | undefined)[]): Value | undefined {
  if (values.includes(undefined)) return undefined
  if (!steps[0]?.isMany) return values[0] ?? (steps.some((step) => step.isMany) ? [] : null)
  return (values as readonly Value[]).flat()
}

/** Of `[id, name]`, the id. */
function idsIn(raw: Value | undefined): number[] {
  const ids: readonly Value[] = Array.isArray(raw) ? raw : [raw ?? null]
  return ids.filter((id) => typeof id === 'number')
}

async function readRows(
  { connection, model, context }: Place,
  ids: readonly number[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  const rows: OdooRow[] = []
  const all = { ...context, active_test: false }
  for (let start = 0; start < ids.length; start += CHUNK) {
    const domain = [['id', 'in', ids.slice(start, start + CHUNK)]]
    rows.push(...(await searchRead(connection, model, { domain, fields: names, order: 'id', context: all }, signal)))
  }
  return rows
}
