import { SyncError, sentences } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { LinesShape } from './lines.ts'
import type { OdooModel } from './model.ts'
import { encoderFor } from './values.ts'

/** One change to one line, with how a person would say it. */
export interface LineCommand {
  /** `[0, 0, vals]`, `[1, id, vals]` or `[2, id, 0]`. */
  readonly command: Value
  readonly text: string
}

/**
 * The fewest commands that make `wanted` out of `before`: lines are the same where their ids are, and only fields that
 * differ are sent. What somebody else did to a line since `before` was read is left as it is.
 * @param before null: the record is new. @throws SyncError `invalid` for what is no line, or a value a field cannot take.
 */
export function lineCommands(
  model: OdooModel,
  field: string,
  lines: LinesShape,
  wanted: Value,
  before: Value,
): readonly LineCommand[] {
  const known = new Map(asLines(model, field, before).map((line) => [line.id, line]))
  const kept = new Set<Value | undefined>()
  const commands: LineCommand[] = []
  for (const line of asLines(model, field, wanted)) {
    const was = line.id === undefined ? undefined : known.get(line.id)
    const vals = encodeLine(model, field, lines, line, was ?? {})
    if (was === undefined) {
      commands.push({ command: [0, 0, vals], text: `adds a line (${labelOf(lines, line)})` })
      continue
    }
    kept.add(line.id)
    if (Object.keys(vals).length === 0) continue
    const text = `changes ${Object.keys(vals).join(', ')} of line ${line.id} (${labelOf(lines, was)})`
    commands.push({ command: [1, line.id ?? null, vals], text })
  }
  for (const [id, line] of known) {
    if (kept.has(id)) continue
    commands.push({ command: [2, id ?? null, 0], text: `removes line ${id} (${labelOf(lines, line)})` })
  }
  return commands
}

function asLines(model: OdooModel, field: string, value: Value): readonly Fields[] {
  if (value === null) return []
  const isLine = (line: Value): boolean => typeof line === 'object' && line !== null && !Array.isArray(line)
  if (Array.isArray(value) && (value as readonly Value[]).every(isLine)) return value as readonly Fields[]
  throw new SyncError('invalid', `The field ${model.name}.${field} takes a list of lines`)
}

/** The fields of `line` that are not what `was` has. */
function encodeLine(model: OdooModel, field: string, lines: LinesShape, line: Fields, was: Fields): Fields {
  const vals: Record<string, Value> = {}
  for (const [name, value] of Object.entries(line)) {
    const known = lines.fields.get(name)
    if (name === 'id' || (was[name] !== undefined && JSON.stringify(was[name]) === JSON.stringify(value))) continue
    if (known === undefined) throw new SyncError('schema', `${lines.dependent.model} has no field ${name}`)
    vals[name] = encoderFor(known.type)(value, `${model.name}.${field}.${name}`)
  }
  return vals
}

/** What a person knows the line by: the first of its fields that were asked for. */
function labelOf(lines: LinesShape, line: Fields): string {
  const [name = 'id'] = lines.dependent.fields
  return `${name} ${JSON.stringify(line[name] ?? null)}`
}

/** Odoo's refusal of one record, with what was asked of its lines: it says which line only now and then. */
export function namingLines(error: unknown, texts: readonly string[]): unknown {
  if (!(error instanceof SyncError) || error.disposition !== 'park' || texts.length === 0) return error
  const message = sentences(error.message.trim(), `It was asked for this: ${texts.join('; ')}.`)
  return new SyncError(error.code, message, {
    cause: error.cause,
    inDoubt: error.inDoubt,
    ...(error.hint === null ? {} : { hint: error.hint }),
  })
}
