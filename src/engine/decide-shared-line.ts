import type { Fields } from '../contract/value.ts'
import { joinEntries, type Seen, seenAt, UNKNOWN_FINGERPRINT } from '../ledger/seen.ts'
import { atLine } from '../mapping/lines.ts'
import { type LinesRule, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { addFindings } from './findings.ts'
import { seenWithGaps, withGaps, withoutGaps } from './line-gaps.ts'
import type { LinePair } from './line-pairs.ts'
import type { LinesDraft } from './lines-draft.ts'
import type { Decide } from './plan.ts'

/** A line on both sides: decided like a record. */
export function decideSharedLine(
  draft: LinesDraft,
  line: LinePair,
  odoo: Fields,
  external: Fields,
  decideOne: Decide,
): void {
  const { lines, pair, references, rule } = draft
  const own = { odoo, external }
  const seenOf = (side: Side): Seen => seenWithGaps(lines, side, own[side], draft.known[side]?.get(line.names[side]))
  const changedAt = (side: Side): number | null => pair.now[side]?.changedAtMs ?? null
  const plan = decideOne(
    lines.fields,
    {
      seen: { odoo: seenOf('odoo'), external: seenOf('external') },
      now: {
        odoo: { fields: withGaps(lines, 'odoo', odoo), changedAtMs: changedAt('odoo') },
        external: { fields: withGaps(lines, 'external', external), changedAtMs: changedAt('external') },
      },
    },
    references,
  )
  const place = `${rule.odoo}[${line.label}]`
  addFindings(draft.findings, {
    ...plan,
    conflicts: plan.conflicts.map((conflict) => ({ ...conflict, field: `${place}.${conflict.field}` })),
    lost: plan.lost.map((lost) => ({ ...lost, field: `${place}.${lost.field}` })),
    error: plan.error && atLine(line.label, plan.error),
  })
  for (const side of SIDES) {
    const seen = withoutGaps(lines, side, own[side], plan.seen[side])
    draft.seen[side].set(line.names[side], seen)
    draft.after[side].set(line.names[side], overlaid(seen, plan.sourceSeen[otherSide(side)], lines))
    if (Object.keys(plan.write[side]).length > 0)
      draft.edits[side].set(own[side], { ...own[side], ...plan.write[side] })
  }
}

/** `seen` with what `over` knows. */
function overlaid(seen: Seen, over: Seen, { fields }: LinesRule): Seen {
  return joinEntries(
    fields.map((_, index) => {
      const entry = seenAt(over, index)
      return entry === UNKNOWN_FINGERPRINT ? seenAt(seen, index) : entry
    }),
  )
}
