import type { Fields } from '../contract/value.ts'
import { joinEntries, type Seen, seenAt, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { fieldOn, type LinesRule, type Side } from '../mapping/mapping.ts'
import { fingerprint } from './fingerprint.ts'

/** A line with an empty value for each field that it lacks: nothing of it changed, and yet it can be filled. */
export function withGaps({ fields }: LinesRule, side: Side, line: Fields): Fields {
  const gaps = fields.map((field) => fieldOn(field, side)).filter((name) => line[name] === undefined)
  return gaps.length === 0 ? line : { ...line, ...Object.fromEntries(gaps.map((name) => [name, null])) }
}

/** What was seen of a line as `withGaps` has it: an empty value for each field that it lacks. */
export function seenWithGaps({ fields }: LinesRule, side: Side, line: Fields, seen: Seen | undefined): Seen {
  const entries = fields.map((field, index) => {
    if (line[fieldOn(field, side)] === undefined) return fingerprint(null)
    return seen === undefined ? UNKNOWN_FINGERPRINT : seenAt(seen, index)
  })
  return joinEntries(entries)
}

/** What was seen of a line, without what `withGaps` filled in. */
export function withoutGaps({ fields }: LinesRule, side: Side, line: Fields, seen: Seen): Seen {
  return joinEntries(
    fields.map((field, index) =>
      line[fieldOn(field, side)] === undefined ? UNKNOWN_FINGERPRINT : seenAt(seen, index),
    ),
  )
}
