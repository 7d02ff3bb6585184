import { SyncError, sentences } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { lineChanges } from '../line-changes.ts'
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
  const { added, changed, removed } = lineChanges(['id'], before, wanted)
  const encoded = (line: Fields): Fields => encodeLine(model, field, lines, line)
  return [
    ...added.map((line) => ({ command: [0, 0, encoded(line)], text: `adds a line (${labelOf(lines, line)})` })),
    ...changed.map(({ before: was, fields }) => ({
      command: [1, was.id ?? null, encoded(fields)],
      text: `changes ${Object.keys(fields).join(', ')} of line ${was.id} (${labelOf(lines, was)})`,
    })),
    ...removed.map((line) => ({
      command: [2, line.id ?? null, 0],
      text: `removes line ${line.id} (${labelOf(lines, line)})`,
    })),
  ]
}

function encodeLine(model: OdooModel, field: string, lines: LinesShape, line: Fields): Fields {
  const vals: Record<string, Value> = {}
  for (const [name, value] of Object.entries(line)) {
    const known = lines.fields.get(name)
    if (name === 'id') continue
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
