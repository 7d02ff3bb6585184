import type { Fields, Value } from '../../../contract/value.ts'

/** Where the work was done, and committed, and only its answer could not be written as XML. */
export interface LostAnswer {
  /** True: the method returned None and nothing else. False: its result holds something that XML-RPC has no type for. */
  readonly isNone: boolean
}

/** Odoo's own codes; 1 is everything else, with a traceback as its text. */
const NAME_OF_CODE: ReadonlyMap<number, string> = new Map([
  // The base of all errors that are meant for people: a missing record, a value that was refused, …
  [2, 'odoo.exceptions.UserError'],
  [3, 'odoo.exceptions.AccessDenied'],
  [4, 'odoo.exceptions.AccessError'],
])

/** A fault in the form of JSON-2's errors: the Python class and its message. The traceback is left behind. */
export function readXmlRpcFault(code: number, text: string): Fields {
  const name = NAME_OF_CODE.get(code)
  return name === undefined ? lastException(text) : { name, message: text }
}

/** The exception follows the last frame and its line of code. Python leaves `builtins.` out of a class's name. */
function lastException(traceback: string): Record<string, Value> {
  const lines = traceback.trim().split('\n')
  const frame = lines.findLastIndex((line) => line.startsWith('  File "'))
  const start = lines.findIndex((line, at) => at > frame && !line.startsWith('    '))
  const [, name, message] = /^([A-Za-z_][\w.]*)(?:: (.*))?$/s.exec(lines.slice(start).join('\n')) ?? []
  if (frame < 0 || name === undefined) {
    return { name: 'builtins.Exception', message: 'Odoo does not say what went wrong' }
  }
  return { name: name.includes('.') ? name : `builtins.${name}`, message: message ?? '' }
}

/**
 * Odoo writes its answer after the transaction is committed. When Python's own writer fails at that, the call has done
 * its work: its traceback, and no other one, ends in `dumps` of that writer. null: it is another fault.
 */
export function readLostAnswer(code: number, text: string): LostAnswer | null {
  if (code !== 1) return null
  const frames = text.split('\n').filter((line) => line.startsWith('  File "'))
  const writer = frames.filter((line) => /\/xmlrpc\/client\.py", line \d+, in (?:__)?dump/.test(line))
  if (writer.length === 0 || !writer.includes(frames.at(-1) ?? '')) return null
  const isNested = writer.some((line) => /in dump_(?:array|struct)$/.test(line))
  return { isNone: !isNested && writer.some((line) => /in dump_nil$/.test(line)) }
}
