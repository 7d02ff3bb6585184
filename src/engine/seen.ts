import type { Fields, Value } from '../contract/value.ts'
import { type Seen, seenAt, UNKNOWN_FINGERPRINT, withSeen } from '../ledger/seen.ts'
import { type FieldRule, fieldOn, type Side } from '../mapping/mapping.ts'
import { composeSeen, fingerprint } from './fingerprint.ts'
import { detailOfLines, formatDetail, linesEntry } from './lines-seen.ts'

/** What is kept in a `Seen` of a value of `rule` on a side: its fingerprint, and for lines what tells each of them. */
export function entryOf(rule: FieldRule, side: Side, value: Value): string {
  if (rule.lines === undefined) return fingerprint(value)
  return linesEntry(fingerprint(value), formatDetail(detailOfLines(rule.lines, side, value)))
}

/** The entries of a record's mapped fields on a side; unknown where `fields` does not hold one. */
export function seenOf(rules: readonly FieldRule[], side: Side, fields: Fields): Seen {
  return seenOfValues(rules, side, (index) => {
    const rule = rules[index]
    return rule === undefined ? undefined : fields[fieldOn(rule, side)]
  })
}

/** The same, with the value of each field asked for by its index. `valueAt` must not ask for another Seen meanwhile. */
export function seenOfValues(
  rules: readonly FieldRule[],
  side: Side,
  valueAt: (index: number) => Value | undefined,
): Seen {
  const heads = composeSeen(rules.length, valueAt)
  if (!rules.some((rule) => rule.lines !== undefined)) return heads
  const entries = new Map<number, string>()
  rules.forEach((rule, index) => {
    const value = rule.lines === undefined ? undefined : valueAt(index)
    if (value !== undefined) entries.set(index, entryOf(rule, side, value))
  })
  return withSeen(heads, entries)
}

/** Whether the field of the rule at `index` was ever seen on a side. */
export function isSeen(link: { readonly seen: Readonly<Record<Side, Seen>> }, side: Side, index: number): boolean {
  return seenAt(link.seen[side], index) !== UNKNOWN_FINGERPRINT
}

/** A Seen in which nothing is known. */
export function unknownSeen(rules: readonly FieldRule[]): Seen {
  return UNKNOWN_FINGERPRINT.repeat(rules.length)
}
