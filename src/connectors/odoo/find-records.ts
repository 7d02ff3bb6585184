import type { RecordState } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { FindRequest } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { translationOf } from './field-name.ts'
import { type OdooModel, readRecords } from './model.ts'
import { encoderFor } from './values.ts'

/** One `in` of this size is one index or table scan; larger ones only make the query text long. */
const EXACT_CHUNK = 1000
/** Each folded value is a pattern of its own, joined by `|`. */
const FOLDED_CHUNK = 50

/** Every record with one of the values, in or outside of the collection's filter, archived ones included. */
export async function findRecords(
  model: OdooModel,
  request: FindRequest,
  signal: AbortSignal,
): Promise<readonly RecordState[]> {
  const found = new Map<string, RecordState>()
  if (translationOf(request.field) !== null) {
    throw new SyncError('config', `${model.name}: records cannot be found by ${request.field}, a translation`, {
      hint: 'Use the field itself, and lang for the language.',
    })
  }
  const { fields, beyond } = await model.shape(signal)
  const leaf = beyond.find(({ name }) => name === request.field)?.leaf
  const type = (leaf ?? fields.get(request.field))?.type ?? (request.field === 'id' ? 'integer' : 'char')
  const filter = request.inFilter ? model.spec.domain : []
  for (const domain of findDomains(request, type)) {
    for (const state of await readRecords(model, [...filter, ...domain], null, signal)) found.set(state.id, state)
  }
  if (!request.fold.space || !model.fieldNames.includes(request.field)) return [...found.values()]
  // The patterns for white space are open at both ends.
  const wanted = new Set(request.values.map(bareText))
  return [...found.values()].filter(({ fields }) => wanted.has(bareText(fields[request.field] ?? null)))
}

/** Without white space and case: looser than any comparison that may follow. */
function bareText(value: Value): Value {
  return typeof value === 'string' ? value.replace(/\s+/g, '').toUpperCase().toLowerCase() : value
}

/** The searches that together find every value, a few at a time. */
export function findDomains(request: FindRequest, type: string): Value[][] {
  const { field, fold } = request
  const isText = /^(char|text|html)$/.test(type)
  const folded = isText && (fold.case || fold.space)
  const encode = encoderFor(type)
  const exact: Value[] = []
  const patterns = new Set<string>()
  for (const value of field === 'display_name' ? request.values.flatMap(withOwnName) : request.values) {
    if (folded && typeof value === 'string' && value.trim() !== '') {
      for (const pattern of likePatterns(value, fold)) patterns.add(pattern)
    } else {
      exact.push(encode(value === '' ? null : value, field))
    }
  }
  const operator = fold.case ? '=ilike' : '=like'
  return [
    ...chunks(exact, EXACT_CHUNK).map((values) => [[field, 'in', values]]),
    ...chunks([...patterns], FOLDED_CHUNK).map((some) => [
      ...Array<Value>(some.length - 1).fill('|'),
      ...some.map((pattern) => [field, operator, pattern]),
    ]),
  ]
}

/** Odoo searches a tag by its own name, and shows it with those above it: "Europe / Belgium". */
function withOwnName(value: Value): Value[] {
  const own = typeof value === 'string' ? value.split(' / ').at(-1) : undefined
  return own === undefined || own === value ? [value] : [value, own]
}

/**
 * PostgreSQL compares letters beyond ASCII without their case only where the database's locale is not C, which Odoo
 * allows: both cases are asked for by name, too.
 */
function likePatterns(value: string, fold: FindRequest['fold']): string[] {
  const isAscii = /^[ -~\s]*$/.test(value)
  const variants = fold.case && !isAscii ? [value, value.toLowerCase(), value.toUpperCase()] : [value]
  return variants.map((variant) => {
    if (!fold.space) return escapeLike(variant)
    return `%${variant.trim().split(/\s+/).map(escapeLike).join('%')}%`
  })
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = []
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size))
  return result
}
