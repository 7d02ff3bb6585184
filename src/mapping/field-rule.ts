import type { FieldSchema } from '../contract/connector.ts'
import { contentOf } from '../contract/content.ts'
import { asSyncError, SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import { coerce, invalid, preview, toId } from './coerce.ts'
import { isSameContent } from './content.ts'
import { keyRecordId, keyText } from './key.ts'
import {
  type FieldRule,
  type LinkReference,
  type LookupReference,
  otherSide,
  type References,
  type Side,
  type Translation,
} from './mapping.ts'
import { canonicalValue, isEqual, toStored } from './stored.ts'
import type { Step } from './transform.ts'

/** What `compile` found out about a pair of fields: both exist, and the steps fit between their types. */
export interface RuleParts {
  readonly fields: Readonly<Record<Side, FieldSchema>>
  /** The collection of each side in its own words, for messages. */
  readonly collections: Readonly<Record<Side, string>>
  readonly steps: readonly Step[]
  /** Whether translating there and back is meant to give the same value. */
  readonly isReversible: boolean
  readonly rule: Omit<FieldRule, 'translate' | 'isSame'>
}

export function createFieldRule(parts: RuleParts): FieldRule {
  const { rule } = parts
  const canonical = canonicalizer(parts)
  return Object.freeze({
    ...rule,
    translate: (from: Side, value: Value, references: References) => translate(parts, from, value, references),
    isSame: (side: Side, a: Value, b: Value) =>
      isEqual(a, b) || isSameContent(a, b) || isEqual(canonical(side, a), canonical(side, b)),
  })
}

function translate(parts: RuleParts, from: Side, value: Value, references: References): Translation {
  try {
    const { reference } = parts.rule
    if (reference === null) return { kind: 'value', value: convert(parts, from, value) }
    if (reference.kind === 'link') return followLink(parts, reference, from, value, references)
    return { kind: 'value', value: lookUp(parts, reference, from, value, references) }
  } catch (error) {
    return { kind: 'error', error: named(parts, from, asSyncError(error)) }
  }
}

/** The same failure with the field in front, so that the operator knows where to look. */
function named(parts: RuleParts, from: Side, error: SyncError): SyncError {
  const to = otherSide(from)
  const source = `${parts.collections[from]}.${parts.fields[from].name}`
  const target = `${parts.collections[to]}.${parts.fields[to].name}`
  return new SyncError(error.code, `${source} → ${target}: ${error.message}`, {
    cause: error,
    ...(error.hint === null ? {} : { hint: error.hint }),
  })
}

/** @throws SyncError `invalid`. */
function convert(parts: RuleParts, from: Side, value: Value): Value {
  const to = otherSide(from)
  const steps = from === 'odoo' ? parts.steps : parts.steps.toReversed()
  const source = parts.fields[from]
  if (source.type === 'binary' && contentOf(value) !== null) return convertContent(parts, to, value)
  // What the source's own precision cannot hold is noise of the double it came in.
  let result = source.type === 'decimal' && value !== null ? canonicalValue(from, source, value) : value
  for (const step of steps) {
    result = coerce(from === 'odoo' ? step.odooType : step.externalType, result)
    if (result === null && !step.takesEmpty) continue
    result = from === 'odoo' ? step.toExternal(result) : step.toOdoo(result)
  }
  return toStored(to, parts.fields[to], coerce(parts.fields[to].type, result), parts.rule.isKey)
}

/** A file goes over as it is. An empty one is none. @throws SyncError `invalid` where the mapping would change it. */
function convertContent(parts: RuleParts, to: Side, value: Value): Value {
  if (parts.steps.length > 0) throw invalid('a file cannot be transformed', 'Take transform: or map: out of the pair.')
  const isEmpty = contentOf(value)?.size === 0
  return isEmpty ? toStored(to, parts.fields[to], null, parts.rule.isKey) : value
}

/**
 * A value's canonical form on a side. Where the other side cannot tell two values apart (a date for a time, fewer digits)
 * they are the same: what cannot cross must neither echo nor count as a difference. So the form is what is left of the
 * value after a way there and back.
 */
function canonicalizer(parts: RuleParts): (side: Side, value: Value) => Value {
  const { odoo, external } = parts.fields
  const isPlain =
    parts.steps.length === 0 &&
    odoo.type === external.type &&
    odoo.scale === external.scale &&
    canonicalValue('odoo', odoo, null) === null
  const goesThereAndBack = parts.rule.reference === null && parts.isReversible && !isPlain
  return (side, value) => {
    const field = parts.fields[side]
    const own = canonicalValue(side, field, value)
    if (!goesThereAndBack) return own
    try {
      const there = convert(parts, side, value)
      return canonicalValue(side, field, convert(parts, otherSide(side), there))
    } catch (error) {
      if (error instanceof SyncError) return own
      throw error
    }
  }
}

function followLink(
  parts: RuleParts,
  reference: LinkReference,
  from: Side,
  value: Value,
  references: References,
): Translation {
  const to = otherSide(from)
  const target = parts.fields[to]
  if (value === null) return { kind: 'value', value: toStored(to, target, null, parts.rule.isKey) }
  const values: readonly Value[] = Array.isArray(value) ? value : [value]
  const linked: Value[] = []
  for (const item of values) {
    const found = references.link(reference, from, item)
    if (found === undefined)
      return { kind: 'wait', for: { mapping: reference.mapping, side: from, id: recordId(reference, from, item) } }
    const isId = to === 'odoo' || reference.by === 'id'
    linked.push(isId ? toId(found) : found)
  }
  if (Array.isArray(value)) return { kind: 'value', value: linked }
  return { kind: 'value', value: toStored(to, target, coerce(target.type, linked[0] ?? null), parts.rule.isKey) }
}

function recordId(reference: LinkReference, from: Side, value: Value): string {
  if (from === 'external' && reference.by === 'key') return keyRecordId(keyText(value) ?? '')
  return String(value)
}

/** @throws SyncError `unresolved`, `invalid`. */
function lookUp(parts: RuleParts, reference: LookupReference, from: Side, value: Value, references: References): Value {
  const to = otherSide(from)
  const target = parts.fields[to]
  const isEmptyKey = from !== reference.side && keyText(value) === null
  if (value === null || isEmptyKey) return toStored(to, target, null, parts.rule.isKey)
  const found = references.lookup(reference, from, value)
  if (found === undefined) throw unresolved(reference, from, value)
  const isId = to === reference.side
  return toStored(to, target, coerce(target.type, isId ? toId(found) : found), parts.rule.isKey)
}

function unresolved(reference: LookupReference, from: Side, value: Value): SyncError {
  const model = collectionName(reference)
  if (from === reference.side) {
    return new SyncError('unresolved', `${model} ${preview(value)} does not exist, or its ${reference.by} is empty`, {
      hint: `Give the ${model} record a ${reference.by}, then retry.`,
    })
  }
  return new SyncError('unresolved', `no single ${model} record has ${reference.by} = ${preview(value)}`, {
    hint: `Create it, or correct the value, and make sure that only one record has it; then retry.`,
  })
}

/** "res.country": the first text in the looked-up collection's spec. */
export function collectionName(reference: LookupReference): string {
  const { spec } = reference
  const values = typeof spec === 'object' && spec !== null ? Object.values(spec) : [spec]
  const name = values.find((item) => typeof item === 'string')
  return name ?? JSON.stringify(spec)
}
