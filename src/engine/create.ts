import type { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { Seen } from '../ledger/seen.ts'
import {
  type FieldRule,
  fieldOn,
  flows,
  type Mapping,
  type Missing,
  otherSide,
  type RecordRef,
  type References,
  type Side,
} from '../mapping/mapping.ts'
import { perMapping } from './per-mapping.ts'
import { seenOfValues } from './seen.ts'

export interface CreatePlan {
  readonly fields: Fields
  /** Fingerprints of the source values that are written, unknown for other fields. */
  readonly sourceSeen: Seen
  /** References without a link yet: to be waited for before the create, or (`omitted`) after it. */
  readonly waitsFor: readonly RecordRef[]
  readonly omitted: readonly RecordRef[]
  /** Records that must be made first; without them it is an error. */
  readonly missing: readonly Missing[]
  readonly error: SyncError | null
}

const NONE: readonly never[] = []

/** A pair with its names on both sides, and whether a create writes it. */
interface CreatedPair {
  readonly rule: FieldRule
  readonly source: string
  readonly target: string
  readonly isWritten: boolean
}

const createdPairs = perMapping(({ fields }, from): readonly CreatedPair[] => {
  const to = otherSide(from)
  return fields.map((rule) => ({
    rule,
    source: fieldOn(rule, from),
    target: fieldOn(rule, to),
    isWritten: rule.writable[to].create && (rule.isKey || flows(rule.direction, from)),
  }))
})

/**
 * What a record of `from` looks like when it is created on the other side. Pure. With `omitsReferences`, references that
 * have no link yet are left out instead of waited for; they stay unseen, and so are completed by a later update.
 */
export function planCreate(
  mapping: Mapping,
  from: Side,
  source: Fields,
  references: References,
  omitsReferences: boolean,
): CreatePlan {
  const to = otherSide(from)
  const { defaults } = mapping.sides[to]
  const fields: Record<string, Value> = { ...defaults }
  const written: (Value | undefined)[] = []
  // Made when they are needed: most records wait for nothing.
  let awaited: RecordRef[] | null = null
  let missing: Missing[] | null = null
  let error: SyncError | null = null
  const pairs = createdPairs(mapping, from)
  // Once a field and record: an iterator would make an object each time.
  for (let index = 0; index < pairs.length; index++) {
    const { rule, source: sourceName, target, isWritten } = pairs[index] as CreatedPair
    const value = source[sourceName]
    if (value === undefined || !isWritten) {
      written.push(undefined)
      continue
    }
    const translated = rule.translate(from, value, references, rule.readsTarget ? { ...fields } : undefined)
    written.push(translated.kind === 'value' ? value : undefined)
    if (translated.kind === 'value') {
      // An empty value is left to the target's own default only where the mapping gives one.
      if (translated.value !== null || !(target in defaults)) fields[target] = translated.value
    } else if (translated.kind === 'wait') {
      awaited ??= []
      awaited.push(translated.for)
    } else {
      missing ??= []
      if (translated.kind === 'missing') missing.push(translated.missing)
      error ??= translated.error
    }
  }
  const sourceSeen = seenOfValues(mapping.fields, from, (index) => written[index])
  const [waitsFor, omitted] = omitsReferences ? [NONE, awaited ?? NONE] : [awaited ?? NONE, NONE]
  return { fields, sourceSeen, waitsFor, omitted, missing: missing ?? NONE, error }
}
