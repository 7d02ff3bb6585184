import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { type KeyedLine, keyLines, keyLinesAbroad, keylessLine, linesIn } from '../mapping/lines.ts'
import { type LinesRule, type RecordRef, type References, SIDES, type Side } from '../mapping/mapping.ts'
import { lineName } from './lines-seen.ts'

/** A line on either side, or on both. `names` is what each side calls it, in what was seen of it. */
export interface LinePair {
  readonly label: string
  readonly names: Readonly<Record<Side, string>>
  readonly lines: Readonly<Record<Side, Fields | null>>
}

/** The lines of both sides, joined by their keys. */
export function pairLines(
  rule: LinesRule,
  odoo: Value,
  external: Value,
  references: References,
): { readonly pairs: readonly LinePair[] } | { readonly error: SyncError } | { readonly wait: RecordRef } {
  try {
    const lists = { odoo: linesIn(odoo), external: linesIn(external) }
    for (const side of SIDES) {
      const keyless = keylessLine(rule, side, lists[side])
      if (keyless) return { error: keyless }
    }
    const own = { odoo: keyLines(rule, 'odoo', lists.odoo), external: keyLines(rule, 'external', lists.external) }
    const pairs = new Map<string, LinePair>()
    // A line is known by the key that the external side gives it.
    const ofOdoo = keyLinesAbroad(rule, 'odoo', lists.odoo, references)
    const ofExternal = keyLinesAbroad(rule, 'external', lists.external, references)
    for (const abroad of [ofOdoo, ofExternal]) {
      if (abroad.kind === 'error') return { error: abroad.error }
      if (abroad.kind === 'wait') return { wait: abroad.for }
    }
    if (ofOdoo.kind !== 'lines' || ofExternal.kind !== 'lines') return { pairs: [] }
    const ownNames = namesOf(own.odoo)
    for (const { key, label, line } of ofOdoo.lines) {
      const names = { odoo: ownNames.get(line) ?? '', external: lineName(key) }
      pairs.set(key, { label, names, lines: { odoo: line, external: null } })
    }
    const odooNames = namesOf(ofExternal.lines)
    for (const { key, label, line } of own.external) {
      const known = pairs.get(key)
      const names = known?.names ?? { odoo: odooNames.get(line) ?? '', external: lineName(key) }
      pairs.set(key, { label, names, lines: { odoo: known?.lines.odoo ?? null, external: line } })
    }
    return { pairs: [...pairs.values()] }
  } catch (error) {
    if (error instanceof SyncError) return { error }
    throw error
  }
}

function namesOf(lines: readonly KeyedLine[]): ReadonlyMap<Fields, string> {
  return new Map(lines.map(({ key, line }) => [line, lineName(key)]))
}
