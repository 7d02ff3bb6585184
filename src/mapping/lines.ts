import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { invalid, preview } from './coerce.ts'
import { keyText } from './key.ts'
import {
  type FieldRule,
  fieldOn,
  flows,
  type LinesRule,
  otherSide,
  type RecordRef,
  type References,
  type Side,
  type Translation,
} from './mapping.ts'

/** A line with what names it within its record. */
export interface KeyedLine {
  /** Equal for equal keys: a key value that comes again counts its occurrences. */
  readonly key: string
  /** The same for people: "10", "A-1/2". */
  readonly label: string
  readonly line: Fields
}

export type KeyedLines =
  | { readonly kind: 'lines'; readonly lines: readonly KeyedLine[] }
  /** The key of a line refers to a record that has no link yet. */
  | { readonly kind: 'wait'; readonly for: RecordRef }
  | { readonly kind: 'error'; readonly error: SyncError }

/** A field's value as lines; null is none. @throws SyncError `invalid` where it is no list of objects. */
export function linesIn(value: Value): readonly Fields[] {
  if (value === null) return []
  if (!Array.isArray(value)) throw invalid(`${preview(value)} is not a list of lines`)
  for (const line of value as readonly Value[]) {
    if (typeof line !== 'object' || line === null || Array.isArray(line))
      throw invalid(`${preview(line)} is not a line: a line is an object with fields`)
  }
  return value as readonly Fields[]
}

/** Lines by their own keys, in their order, without those that have none. */
export function keyLines(rule: LinesRule, side: Side, lines: readonly Fields[]): readonly KeyedLine[] {
  const keyed = keyedBy(rule, lines, (line) => rule.fields.slice(0, rule.keys).map((key) => line[fieldOn(key, side)]))
  return keyed
}

/** Lines of `from` by the keys that the other side would give them. */
export function keyLinesAbroad(
  rule: LinesRule,
  from: Side,
  lines: readonly Fields[],
  references: References,
): KeyedLines {
  let obstacle: Exclude<Translation, { kind: 'value' }> | null = null
  const keyed = keyedBy(rule, lines, (line) =>
    rule.fields.slice(0, rule.keys).map((key) => {
      const value = line[fieldOn(key, from)] ?? null
      if (keyText(value) === null) return null
      const translated = key.translate(from, value, references)
      if (translated.kind === 'value') return translated.value
      obstacle ??= translated
      return null
    }),
  )
  return obstacle ?? { kind: 'lines', lines: keyed }
}

function keyedBy(
  rule: LinesRule,
  lines: readonly Fields[],
  valuesOf: (line: Fields) => readonly (Value | undefined)[],
): readonly KeyedLine[] {
  const counts = new Map<string, number>()
  return lines.flatMap((line) => {
    const texts = valuesOf(line).map((value) => keyText(value ?? null))
    if (texts.length !== rule.keys || texts.every((text) => text === null)) return []
    const label = texts.map((text) => text ?? '').join('/')
    const count = (counts.get(label) ?? 0) + 1
    counts.set(label, count)
    const name = count === 1 ? label : `${label}#${count}`
    return [{ key: `${JSON.stringify(texts)}#${count}`, label: name, line }]
  })
}

/** Why these lines cannot be synced: one has no key, and the mapping does not say to leave it alone. null: they can. */
export function keylessLine(rule: LinesRule, side: Side, lines: readonly Fields[]): SyncError | null {
  if (rule.keyless === 'ignore') return null
  const names = rule.fields.slice(0, rule.keys).map((key) => fieldOn(key, side))
  const at = lines.findIndex((line) => names.every((name) => keyText(line[name] ?? null) === null))
  if (at < 0) return null
  return new SyncError('invalid', `line ${at + 1} on the ${side} side has no ${names.join(', ')}, which is its key`, {
    hint: 'Fill it in, or let such lines alone with keyless: ignore in the mapping.',
  })
}

/** One line of `from` as the other side would create it: the fields that flow there. */
export function translateLine(rule: LinesRule, from: Side, { line, label }: KeyedLine, references: References) {
  const to = otherSide(from)
  const fields: Record<string, Value> = {}
  for (const field of rule.fields) {
    const value = line[fieldOn(field, from)]
    if (value === undefined || !flows(field.direction, from) || !field.writable[to].create) continue
    const translated = field.translate(from, value, references)
    if (translated.kind === 'wait' || translated.kind === 'missing') return translated
    if (translated.kind === 'error') return { kind: 'error' as const, error: atLine(label, translated.error) }
    fields[fieldOn(field, to)] = translated.value
  }
  return { kind: 'value' as const, value: fields }
}

/** The same failure with the line in front. */
export function atLine(label: string, error: SyncError): SyncError {
  return new SyncError(error.code, `line ${label}: ${error.message}`, {
    cause: error,
    ...(error.hint === null ? {} : { hint: error.hint }),
  })
}

/** All lines of `from` as the other side would create them. */
export function translateLines(rule: LinesRule, from: Side, value: Value, references: References): Translation {
  try {
    const lines = linesIn(value)
    const keyless = keylessLine(rule, from, lines)
    if (keyless) return { kind: 'error', error: keyless }
    const translated: Fields[] = []
    for (const keyed of keyLines(rule, from, lines)) {
      const line = translateLine(rule, from, keyed, references)
      if (line.kind !== 'value') return line
      translated.push(line.value)
    }
    return { kind: 'value', value: translated }
  } catch (error) {
    if (error instanceof SyncError) return { kind: 'error', error }
    throw error
  }
}

/** Whether two values of `side` hold the same lines. A field that one of two lines lacks is not compared. */
export function isSameLines(rule: LinesRule, side: Side, a: Value, b: Value): boolean {
  try {
    const [left, right] = [keyLines(rule, side, linesIn(a)), keyLines(rule, side, linesIn(b))]
    if (left.length !== right.length) return false
    const byKey = new Map(right.map(({ key, line }) => [key, line]))
    return left.every(({ key, line }) => {
      const other = byKey.get(key)
      return other !== undefined && rule.fields.every((field) => isSameCell(field, side, line, other))
    })
  } catch (error) {
    if (error instanceof SyncError) return false
    throw error
  }
}

function isSameCell(field: FieldRule, side: Side, a: Fields, b: Fields): boolean {
  const [left, right] = [a[fieldOn(field, side)], b[fieldOn(field, side)]]
  return left === undefined || right === undefined || field.isSame(side, left, right)
}
