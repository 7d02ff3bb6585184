import type { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { Seen } from '../ledger/ledger.ts'
import {
  fieldOn,
  flows,
  type Mapping,
  type Missing,
  otherSide,
  type RecordRef,
  type References,
  type Side,
} from '../mapping/mapping.ts'
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
  const fields: Record<string, Value> = { ...mapping.sides[to].defaults }
  const written: (Value | undefined)[] = []
  const waitsFor: RecordRef[] = []
  const omitted: RecordRef[] = []
  const missing: Missing[] = []
  let error: SyncError | null = null
  for (const rule of mapping.fields) {
    const value = source[fieldOn(rule, from)]
    const isWritten = rule.writable[to].create && (rule.isKey || flows(rule.direction, from))
    if (value === undefined || !isWritten) {
      written.push(undefined)
      continue
    }
    const translated = rule.translate(from, value, references, rule.readsTarget ? { ...fields } : undefined)
    if (translated.kind === 'wait') {
      const list = omitsReferences ? omitted : waitsFor
      list.push(translated.for)
      written.push(undefined)
      continue
    }
    if (translated.kind !== 'value') {
      if (translated.kind === 'missing') missing.push(translated.missing)
      error ??= translated.error
      written.push(undefined)
      continue
    }
    // An empty value is left to the target's own default only where the mapping gives one.
    const isDefault = translated.value === null && fieldOn(rule, to) in mapping.sides[to].defaults
    if (!isDefault) fields[fieldOn(rule, to)] = translated.value
    written.push(value)
  }
  const sourceSeen = seenOfValues(mapping.fields, from, (index) => written[index])
  return { fields, sourceSeen, waitsFor, omitted, missing, error }
}
