import type { RecordId } from '../../contract/change.ts'
import type { Operation } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { NewIntent } from '../intent.ts'
import type { Seen } from '../seen.ts'
import { nameAt, SIDE_NAMES, type SideCode, sideCode } from './codes.ts'

/** What operations have in common: their kind, and the names of their fields and of their expected ones. */
type Shape = readonly [kind: Operation['kind'], fields: readonly string[], expected: readonly string[] | null]

/**
 * Intents by column: a plain list is written several times faster than objects, and names are written once instead of
 * once for each operation.
 */
interface Body {
  readonly shapes: Shape[]
  /** For each intent: its place in `shapes`, its side, and the side of its cause. */
  readonly codes: number[]
  /** For each intent: the record that is written (null: none yet), the Odoo id, the external id, and the cause's id. */
  readonly ids: (RecordId | null)[]
  readonly seqs: number[]
  readonly keys: (string | null)[]
  readonly seen: Seen[]
  /** The values of all fields, then of all expected ones, one operation after the other. */
  readonly values: Value[]
}

const NO_NAMES: readonly string[] = []

/** Whether the fields have these names, in this order. */
function hasNames(fields: Fields, names: readonly string[]): boolean {
  let at = 0
  for (const name in fields) if (names[at++] !== name) return false
  return at === names.length
}

function isOfShape([kind, names, expectedNames]: Shape, operation: Operation): boolean {
  if (kind !== operation.kind) return false
  if (operation.kind === 'remove') return true
  if (!hasNames(operation.fields, names)) return false
  if (operation.kind === 'create' || operation.expected === null) return expectedNames === null
  return expectedNames !== null && hasNames(operation.expected, expectedNames)
}

export function writeIntents(intents: readonly NewIntent[]): string {
  const body: Body = { shapes: [], codes: [], ids: [], seqs: [], keys: [], seen: [], values: [] }
  let place = -1
  for (const { side, operation, ids, cause, key, sourceSeen } of intents) {
    // Most operations look like the one before, which is cheaper to see than to search for.
    const last = body.shapes[place]
    if (last === undefined || !isOfShape(last, operation)) place = placeOfShape(body.shapes, operation)
    body.codes.push(place, sideCode(side), sideCode(cause.side))
    body.ids.push(operation.kind === 'create' ? null : operation.id, ids.odoo, ids.external, cause.id)
    body.seqs.push(cause.seq)
    body.keys.push(key)
    body.seen.push(sourceSeen)
    if (operation.kind === 'remove') continue
    addValues(body.values, operation.fields)
    if (operation.kind === 'update' && operation.expected !== null) addValues(body.values, operation.expected)
  }
  return JSON.stringify(body)
}

function addValues(values: Value[], fields: Fields): void {
  for (const name in fields) values.push(fields[name] ?? null)
}

function placeOfShape(shapes: Shape[], operation: Operation): number {
  const fields = operation.kind === 'remove' ? NO_NAMES : Object.keys(operation.fields)
  const expected = operation.kind === 'update' && operation.expected !== null ? Object.keys(operation.expected) : null
  const place = shapes.findIndex((shape) => isOfShape(shape, operation))
  return place >= 0 ? place : shapes.push([operation.kind, fields, expected]) - 1
}

export function readIntents(text: string): readonly NewIntent[] {
  const body = JSON.parse(text) as Body
  let next = 0
  const take = (names: readonly string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, body.values[next++] ?? null]))
  return body.seqs.map((seq, index) => {
    const [place = 0, side, causeSide] = body.codes.slice(3 * index, 3 * index + 3)
    const [target = null, odoo = null, external = null, cause] = body.ids.slice(4 * index, 4 * index + 4)
    const shape = body.shapes[place]
    if (shape === undefined) throw new Error(`an intent in the ledger has no shape ${place}`)
    return {
      side: nameAt(SIDE_NAMES, (side ?? 0) as SideCode),
      operation: operationOf(shape, target ?? '', take),
      ids: { odoo, external },
      cause: { side: nameAt(SIDE_NAMES, (causeSide ?? 0) as SideCode), id: cause ?? '', seq },
      key: body.keys[index] ?? null,
      sourceSeen: body.seen[index] ?? '',
    }
  })
}

function operationOf(
  [kind, fieldNames, expectedNames]: Shape,
  id: RecordId,
  take: (names: readonly string[]) => Fields,
): Operation {
  if (kind === 'remove') return { kind, id }
  const fields = take(fieldNames)
  if (kind === 'create') return { kind, fields }
  return { kind, id, fields, expected: expectedNames === null ? null : take(expectedNames) }
}
