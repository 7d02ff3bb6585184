import type { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { type Seen, UNKNOWN_FINGERPRINT } from '../ledger/ledger.ts'
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
import { fingerprint } from './fingerprint.ts'

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
  let sourceSeen = ''
  const waitsFor: RecordRef[] = []
  const omitted: RecordRef[] = []
  const missing: Missing[] = []
  let error: SyncError | null = null
  for (const rule of mapping.fields) {
    const value = source[fieldOn(rule, from)]
    const isWritten = rule.writable[to].create && (rule.isKey || flows(rule.direction, from))
    if (value === undefined || !isWritten) {
      sourceSeen += UNKNOWN_FINGERPRINT
      continue
    }
    const translated = rule.translate(from, value, references)
    if (translated.kind === 'wait') {
      const list = omitsReferences ? omitted : waitsFor
      list.push(translated.for)
      sourceSeen += UNKNOWN_FINGERPRINT
      continue
    }
    if (translated.kind !== 'value') {
      if (translated.kind === 'missing') missing.push(translated.missing)
      error ??= translated.error
      sourceSeen += UNKNOWN_FINGERPRINT
      continue
    }
    // An empty value is left to the target's own default only where the mapping gives one.
    const isDefault = translated.value === null && fieldOn(rule, to) in mapping.sides[to].defaults
    if (!isDefault) fields[fieldOn(rule, to)] = translated.value
    sourceSeen += fingerprint(value)
  }
  return { fields, sourceSeen, waitsFor, omitted, missing, error }
}
