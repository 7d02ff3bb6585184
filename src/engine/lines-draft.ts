import type { Fields } from '../contract/value.ts'
import { entryAt, type Seen } from '../ledger/seen.ts'
import type { FieldRule, LinesRule, References, Side } from '../mapping/mapping.ts'
import { type FindingsDraft, noFindings } from './findings.ts'
import { type LinesSeen, linesSeen } from './lines-seen.ts'
import type { Pair } from './pair.ts'

/** The plan under construction. `after` is what was seen of a side if the other side is written. */
export interface LinesDraft {
  readonly rule: FieldRule
  readonly lines: LinesRule
  readonly pair: Pair
  readonly references: References
  readonly known: Readonly<Record<Side, LinesSeen | null>>
  readonly seen: Record<Side, Map<string, Seen>>
  readonly after: Record<Side, Map<string, Seen>>
  /** By side: lines of it to be changed (to these fields) or taken away (null), and lines to be made. */
  readonly edits: Record<Side, Map<Fields, Fields | null>>
  readonly additions: Record<Side, Fields[]>
  readonly findings: FindingsDraft
}

export function linesDraft(
  rule: FieldRule,
  lines: LinesRule,
  index: number,
  pair: Pair,
  references: References,
): LinesDraft {
  return {
    rule,
    lines,
    pair,
    references,
    known: {
      odoo: linesSeen(lines, entryAt(pair.seen.odoo, index)),
      external: linesSeen(lines, entryAt(pair.seen.external, index)),
    },
    seen: { odoo: new Map(), external: new Map() },
    after: { odoo: new Map(), external: new Map() },
    edits: { odoo: new Map(), external: new Map() },
    additions: { odoo: [], external: [] },
    findings: noFindings(),
  }
}
