import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { type KeyedLine, keyLines, keyLinesAbroad, linesIn } from '../mapping/lines.ts'
import { type FieldRule, fieldOn, type LinesRule, type References, type Side } from '../mapping/mapping.ts'
import { isInStep } from './in-step.ts'

/** Fields before and after a write, as people read them. */
export interface Told {
  readonly before: Fields
  readonly after: Fields
}

/**
 * A write's fields with its lines told one by one: `order_line[10].qty` for a field of a line, `order_line[10]` for a line
 * that comes (nothing before) or goes (nothing after). What is the same before and after is left out.
 */
export function tellLines(rules: readonly FieldRule[], side: Side, told: Told): Told {
  if (!rules.some(({ lines }) => lines)) return told
  const before: Record<string, Value> = { ...told.before }
  const after: Record<string, Value> = { ...told.after }
  for (const rule of rules) {
    const name = fieldOn(rule, side)
    const wanted = after[name]
    if (!rule.lines || wanted === undefined) continue
    const [was, is] = [keyedLines(rule.lines, side, before[name] ?? null), keyedLines(rule.lines, side, wanted)]
    if (was === null || is === null) continue
    delete before[name]
    delete after[name]
    for (const { key, label, line } of is.values()) {
      const known = was.get(key)?.line
      if (known) tellLine(`${name}[${label}]`, known, line, before, after)
      else after[`${name}[${label}]`] = line
    }
    for (const { key, label, line } of was.values()) {
      if (is.has(key)) continue
      before[`${name}[${label}]`] = line
      after[`${name}[${label}]`] = null
    }
  }
  return { before, after }
}

function tellLine(
  place: string,
  was: Fields,
  is: Fields,
  before: Record<string, Value>,
  after: Record<string, Value>,
): void {
  for (const [field, value] of Object.entries(is)) {
    if (JSON.stringify(was[field] ?? null) === JSON.stringify(value)) continue
    before[`${place}.${field}`] = was[field] ?? null
    after[`${place}.${field}`] = value
  }
}

function keyedLines(rule: LinesRule, side: Side, value: Value): ReadonlyMap<string, KeyedLine> | null {
  try {
    return new Map(keyLines(rule, side, linesIn(value)).map((line) => [line.key, line]))
  } catch (error) {
    if (error instanceof SyncError) return null
    throw error
  }
}

/** A line, or a field of one, that is not the same on both sides. */
export interface LineDifference {
  readonly field: string
  readonly odoo: Value
  readonly external: Value
}

/** Where the lines of both sides differ; null: they cannot be told apart, so the field differs as a whole. */
export function lineDifferences(
  rule: FieldRule,
  lines: LinesRule,
  values: Readonly<Record<Side, Value>>,
  references: References,
): readonly LineDifference[] | null {
  const external = keyedLines(lines, 'external', values.external)
  const own = keyedLines(lines, 'odoo', values.odoo)
  if (external === null || own === null) return null
  const odoo = keyLinesAbroad(lines, 'odoo', linesIn(values.odoo), references)
  if (odoo.kind !== 'lines') return null
  const place = (label: string): string => `${rule.odoo}[${label}]`
  const odooKeys = new Set(odoo.lines.map(({ key }) => key))
  const found = odoo.lines.flatMap(({ key, label, line }): readonly LineDifference[] => {
    const other = external.get(key)?.line
    if (!other) return [{ field: place(label), odoo: line, external: null }]
    return lines.fields.flatMap((field) => {
      const [left, right] = [line[field.odoo], other[field.external]]
      if (left === undefined || right === undefined) return []
      if (isInStep(field, { odoo: { value: left }, external: { value: right } }, references)) return []
      return [{ field: `${place(label)}.${field.name}`, odoo: left, external: right }]
    })
  })
  const added = [...external.values()].filter(({ key }) => !odooKeys.has(key))
  return [...found, ...added.map(({ label, line }) => ({ field: place(label), odoo: null, external: line }))]
}
