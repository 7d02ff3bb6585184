import type { Bundles } from './bundle.ts'
import { type CompileContext, fieldWritten, isTarget } from './compile-field.ts'
import { type FieldRule, fieldOn, otherSide, SIDES, type Side } from './mapping.ts'
import type { Path } from './problem.ts'

/** A field gets its value from others. Each is named with its side: `odoo.name`. */
interface Flow {
  readonly rule: FieldRule
  readonly reads: readonly string[]
  readonly writes: string
}

/**
 * No value may be calculated from itself, over however many pairs: `odoo.name` from `external.title`, and that from
 * `odoo.name`, would change each other for as long as they do not happen to agree. A plain pair that flows both ways is no
 * such circle: its fields hold the same value.
 */
export function checkCircles(
  context: CompileContext,
  rules: readonly FieldRule[],
  bundles: Bundles,
  calculated: ReadonlyMap<FieldRule, Path>,
): void {
  const flows = rules.flatMap((rule) =>
    SIDES.filter((to) => isTarget(rule, to)).map((to) => flowInto(to, rule, bundles)),
  )
  for (const flow of flows) {
    const path = calculated.get(flow.rule)
    if (path === undefined) continue
    const fed = fieldsFedBy(flow.writes, flows)
    const back = flow.reads.find((read) => fed.has(read))
    if (back === undefined) continue
    context.complain(
      [...path, 'value'],
      `${flow.writes} is calculated from ${back}, which gets its own value from ${flow.writes}: they would change each other for ever. Calculate only one of them, or make them one pair with a transform or a map`,
    )
  }
}

function flowInto(to: Side, rule: FieldRule, bundles: Bundles): Flow {
  const from = otherSide(to)
  const written = fieldWritten(rule, to, bundles)
  const beside = partsOf(rule, to, bundles).filter((field) => field !== written)
  return {
    rule,
    reads: [
      ...partsOf(rule, from, bundles).map((field) => `${from}.${field}`),
      ...beside.map((field) => `${to}.${field}`),
    ],
    writes: `${to}.${written}`,
  }
}

/** The fields of a rule's bundle; a plain field by itself. */
function partsOf(rule: FieldRule, side: Side, bundles: Bundles): readonly string[] {
  const name = fieldOn(rule, side)
  return bundles[side].find((bundle) => bundle.name === name)?.fields ?? [name]
}

/** All fields whose values depend on that of `start`. */
function fieldsFedBy(start: string, flows: readonly Flow[]): ReadonlySet<string> {
  const fed = new Set<string>()
  const open = [start]
  for (let field = open.pop(); field !== undefined; field = open.pop()) {
    for (const { reads, writes } of flows) {
      if (fed.has(writes) || !reads.includes(field)) continue
      fed.add(writes)
      open.push(writes)
    }
  }
  return fed
}
