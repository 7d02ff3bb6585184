import { seenAt } from '../ledger/seen.ts'
import { type FieldRule, type LinesRule, type References, SIDES, type Side } from '../mapping/mapping.ts'
import { decideLoneLine } from './decide-lone-line.ts'
import { decideSharedLine } from './decide-shared-line.ts'
import { noFindings } from './findings.ts'
import { fingerprint } from './fingerprint.ts'
import { pairLines } from './line-pairs.ts'
import { linesDraft } from './lines-draft.ts'
import { inField, type LinesPlan, linesPlan } from './lines-plan.ts'
import type { Pair } from './pair.ts'
import type { Decide } from './plan.ts'

/**
 * The three-way comparison of the lines of two records. Pure. Each line is a small record of its own, named by its key: a
 * line on both sides is decided field by field, as `decide` does it for a record. A line on one side only is new there, or
 * was taken away on the other, which what was seen tells apart; one that was taken away here and edited there is for the
 * policy. At the first contact nothing was taken away: both sides get each other's lines.
 * @param decideOne `decide`, handed over because it calls this.
 */
export function decideLines(
  rule: FieldRule,
  lines: LinesRule,
  index: number,
  pair: Pair,
  references: References,
  decideOne: Decide,
): LinesPlan {
  const empty: LinesPlan = { needs: [], write: {}, seen: {}, sourceSeen: {}, ...noFindings() }
  const values = { odoo: pair.now.odoo?.fields[rule.odoo], external: pair.now.external?.fields[rule.external] }
  const isChanged = (side: Side): boolean => {
    const value = values[side]
    return value !== undefined && fingerprint(value) !== seenAt(pair.seen[side], index)
  }
  if (!SIDES.some(isChanged)) return empty
  // Lines are compared with lines: what one side was last seen to have does not say what to change there.
  const needs = SIDES.filter((side) => pair.now[side] === null)
  if (needs.length > 0) return { ...empty, needs }
  const { odoo, external } = values
  if (odoo === undefined || external === undefined) return empty

  const paired = pairLines(lines, odoo, external, references)
  if ('error' in paired) return { ...empty, error: inField(rule, paired.error) }
  if ('wait' in paired) return { ...empty, waitsFor: [paired.wait] }
  const draft = linesDraft(rule, lines, index, pair, references)
  for (const line of paired.pairs) {
    if (line.lines.odoo && line.lines.external)
      decideSharedLine(draft, line, line.lines.odoo, line.lines.external, decideOne)
    else decideLoneLine(draft, line, line.lines.odoo ? 'odoo' : 'external')
  }
  return linesPlan(draft, index, { odoo, external })
}
