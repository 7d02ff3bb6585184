import { SaxesParser } from 'saxes'
import type { Value } from '../../../contract/value.ts'
import { exactNumber } from '../../../http/parse-json.ts'

/** What a server answered: the method's result, or why there is none. */
export type MethodResponse =
  | { readonly kind: 'result'; readonly value: Value }
  | { readonly kind: 'fault'; readonly code: number; readonly text: string }

/** A list or a struct that is still open; `name` is the one of the member that comes next. */
type Open = { readonly items: Value[] } | { readonly members: Record<string, Value>; name: string }

const FRAME = new Set([
  'methodResponse',
  'methodCall',
  'methodName',
  'params',
  'param',
  'fault',
  'data',
  'member',
  'value',
])

/** Odoo 14 sends them as they are stored, though XML has no place for them; later versions leave them out, as we do. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** An answer. @throws Error for anything that is not one whole answer. */
export function decodeMethodResponse(xml: string): MethodResponse {
  const { values, isFault } = decodeDocument(xml)
  const [value] = values
  if (value === undefined) throw new Error('an answer of XML-RPC without a value')
  return isFault ? decodeFault(value) : { kind: 'result', value }
}

/** A call, as a server gets it. */
export function decodeMethodCall(xml: string): { readonly method: string; readonly params: readonly Value[] } {
  const { method, values } = decodeDocument(xml)
  return { method, params: values }
}

/**
 * The values of an XML-RPC document. Numbers that a double cannot hold come as text, as `Value` says; `base64` gives its text, for
 * Odoo's bytes are base64 already.
 */
function decodeDocument(xml: string): { method: string; values: Value[]; isFault: boolean } {
  const values: Value[] = []
  let method = ''
  const open: Open[] = []
  let text = ''
  /** The value that was just closed; undefined: none yet, so bare text is a string. */
  let closed: Value | undefined
  let isFault = false
  const parser = new SaxesParser()
  parser.on('doctype', () => {
    throw new Error('a document type has no place in XML-RPC')
  })
  parser.on('opentag', ({ name }) => {
    text = ''
    if (name === 'array') open.push({ items: [] })
    else if (name === 'struct') open.push({ members: {}, name: '' })
    else if (name === 'value') closed = undefined
    else if (name === 'fault') isFault = true
  })
  parser.on('text', (part) => {
    text += part
  })
  parser.on('closetag', ({ name }) => {
    if (name === 'methodName') method = text
    else if (name === 'name') nameMember(open.at(-1), text)
    else if (name === 'array' || name === 'struct') closed = contents(open.pop())
    else if (name === 'value') {
      const value = closed ?? (closed === null ? null : text)
      const parent = open.at(-1)
      if (parent === undefined) values.push(value)
      else put(parent, value)
      closed = undefined
    } else if (!FRAME.has(name)) closed = decodePlain(name, text)
  })
  parser.write(readable(xml)).close()
  return { method, values, isFault }
}

/** Python writes a carriage return as it is, which a parser of XML must take for a line feed. */
function readable(xml: string): string {
  const clean = xml.replace(CONTROL_CHARACTERS, '')
  return clean.includes('\r') ? clean.replaceAll('\r', '&#13;') : clean
}

function nameMember(struct: Open | undefined, name: string): void {
  if (struct === undefined || !('members' in struct)) throw new Error('a name outside of a struct')
  if (name === '__proto__') throw new Error('The key "__proto__" is not accepted')
  struct.name = name
}

function put(parent: Open, value: Value): void {
  if ('items' in parent) parent.items.push(value)
  else parent.members[parent.name] = value
}

function contents(container: Open | undefined): Value {
  if (container === undefined) throw new Error('a list or struct that was not opened')
  return 'items' in container ? container.items : container.members
}

function decodePlain(type: string, text: string): Value {
  switch (type) {
    case 'nil':
      return null
    case 'string':
      return text
    case 'boolean':
      return text.trim() === '1'
    case 'int':
    case 'i4':
    case 'i8':
    case 'biginteger':
    case 'double':
      return decodeNumber(text.trim())
    case 'base64':
      return Buffer.from(text, 'base64').toString('latin1')
    case 'dateTime.iso8601':
      return text.replace(/^(\d{4})(\d\d)(\d\d)T/, '$1-$2-$3 ')
    default:
      throw new Error(`XML-RPC has no type "${type}"`)
  }
}

function decodeNumber(digits: string): Value {
  const number = exactNumber(digits)
  if (digits === '' || (typeof number === 'number' && !Number.isFinite(number))) {
    throw new Error(`"${digits}" is not a number`)
  }
  return number
}

function decodeFault(value: Value): MethodResponse {
  const { faultCode, faultString } = value as { readonly faultCode?: Value; readonly faultString?: Value }
  return { kind: 'fault', code: Number(faultCode), text: typeof faultString === 'string' ? faultString : '' }
}
