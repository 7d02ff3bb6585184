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
import { readSet, type SetForm, sortedSet, writeSet } from './set-value.ts'
import { canonicalValue, isEqual, toStored } from './stored.ts'
import type { Step } from './transform.ts'

type Reference = LinkReference | LookupReference

/** What `compile` found out about a pair of fields: both exist, and the steps fit between their types. */
export interface RuleParts {
  readonly fields: Readonly<Record<Side, FieldSchema>>
  /** The collection of each side in its own words, for messages. */
  readonly collections: Readonly<Record<Side, string>>
  readonly steps: readonly Step[]
  /** What stands between the elements of a set that is held as a text. */
  readonly separator: string | null
  /** Whether translating there and back is meant to give the same value. */
  readonly isReversible: boolean
  readonly rule: Omit<FieldRule, 'translate' | 'isSame' | 'referred'>
}

export function createFieldRule(parts: RuleParts): FieldRule {
  const { rule } = parts
  const canonical = canonicalizer(parts)
  return Object.freeze({
    ...rule,
    referred: (side: Side, value: Value) => referred(parts, side, value),
    translate: (from: Side, value: Value, references: References) => translate(parts, from, value, references),
    isSame: (side: Side, a: Value, b: Value) =>
      isEqual(a, b) || isSameContent(a, b) || isEqual(canonical(side, a), canonical(side, b)),
  })
}

function translate(parts: RuleParts, from: Side, value: Value, references: References): Translation {
  try {
    const { reference } = parts.rule
    if (reference === null) return { kind: 'value', value: convert(parts, from, value) }
    const found =
      parts.rule.set === null
        ? follow(parts, reference, from, value, references)
        : followAll(parts, reference, from, value, references)
    return found.kind === 'missing' ? { ...found, error: named(parts, from, found.error) } : found
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
  const steps = from === 'odoo' || parts.steps.length < 2 ? parts.steps : parts.steps.toReversed()
  const source = parts.fields[from]
  if (source.type === 'binary' && contentOf(value) !== null) return convertContent(parts, to, value)
  // What the source's own precision cannot hold is noise of the double it came in.
  let result = source.type === 'decimal' && value !== null ? canonicalValue(from, source, value) : value
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step
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
    if (parts.rule.set !== null) return canonicalSet(setForm(parts, side), value)
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

function referred(parts: RuleParts, side: Side, value: Value): readonly Value[] {
  if (parts.rule.set === null && !Array.isArray(value)) return value === null ? [] : [value]
  try {
    return readSet(setForm(parts, side), value)
  } catch (error) {
    if (error instanceof SyncError) return []
    throw error
  }
}

function canonicalSet(form: SetForm, value: Value): Value {
  try {
    return sortedSet(readSet(form, value))
  } catch (error) {
    if (error instanceof SyncError) return value
    throw error
  }
}

function setForm(parts: RuleParts, side: Side): SetForm {
  const field = parts.fields[side]
  return { field, separator: field.type === 'references' ? null : parts.separator }
}

/** One reference. @throws SyncError `unresolved`, `invalid`. */
function follow(parts: RuleParts, reference: Reference, from: Side, value: Value, references: References): Translation {
  const target = parts.fields[otherSide(from)]
  const isEmptyKey = reference.kind === 'lookup' && from !== reference.side && keyText(value) === null
  if (value === null || isEmptyKey)
    return { kind: 'value', value: toStored(otherSide(from), target, null, parts.rule.isKey) }
  if (Array.isArray(value)) return followAll(parts, reference, from, value, references)
  const found = followOne(reference, from, value, references)
  if (found.kind !== 'value') return found
  return {
    kind: 'value',
    value: toStored(otherSide(from), target, coerce(target.type, found.value), parts.rule.isKey),
  }
}

/** A set of references: all of them, or what the first of them waits for. @throws SyncError `unresolved`, `invalid`. */
function followAll(
  parts: RuleParts,
  reference: Reference,
  from: Side,
  value: Value,
  references: References,
): Translation {
  const elements: Value[] = []
  let missing: Extract<Translation, { kind: 'missing' }> | null = null
  for (const element of readSet(setForm(parts, from), value)) {
    const found = followOne(reference, from, element, references)
    if (found.kind === 'value') elements.push(...(found.value === null ? [] : [found.value]))
    else if (found.kind !== 'missing') return found
    else {
      const first: typeof found = missing ?? found
      const keys: readonly Value[] = [...(missing?.missing.keys ?? []), ...found.missing.keys]
      missing = { ...first, missing: { ...first.missing, keys } }
    }
  }
  if (missing) return missing
  const to = otherSide(from)
  return {
    kind: 'value',
    value: toStored(to, parts.fields[to], writeSet(setForm(parts, to), elements), parts.rule.isKey),
  }
}

/** What one id or key stands for on the other side. @throws SyncError `unresolved`. */
function followOne(reference: Reference, from: Side, value: Value, references: References): Translation {
  if (reference.kind === 'lookup') return lookUp(reference, from, value, references)
  const found = references.link(reference, from, value)
  if (found === undefined) {
    return { kind: 'wait', for: { mapping: reference.mapping, side: from, id: recordId(reference, from, value) } }
  }
  const isId = from === 'external' || reference.by === 'id'
  return { kind: 'value', value: isId ? toId(found) : found }
}

function recordId(reference: LinkReference, from: Side, value: Value): string {
  if (from === 'external' && reference.by === 'key') return keyRecordId(keyText(value) ?? '')
  return String(value)
}

/** @throws SyncError `unresolved`. */
function lookUp(reference: LookupReference, from: Side, value: Value, references: References): Translation {
  const found = references.lookup(reference, from, value)
  if (found === null && reference.keyless === 'empty') return { kind: 'value', value: null }
  if (found !== undefined && found !== null)
    return { kind: 'value', value: from === reference.side ? found : toId(found) }
  const error = unresolved(reference, from, value, found === null)
  if (from === reference.side || reference.create === null) throw error
  return { kind: 'missing', missing: { reference, keys: [value] }, error }
}

function unresolved(reference: LookupReference, from: Side, value: Value, isKeyless: boolean): SyncError {
  const model = collectionName(reference)
  if (isKeyless) {
    return new SyncError('unresolved', `the ${reference.by} of ${model} ${preview(value)} is empty`, {
      hint: `Give the record a ${reference.by}, then retry; or say keyless: empty in the lookup.`,
    })
  }
  if (from === reference.side) {
    return new SyncError('unresolved', `${model} ${preview(value)} does not exist, or our user may not see it`, {
      hint: `Let our user read ${model}, then retry.`,
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
