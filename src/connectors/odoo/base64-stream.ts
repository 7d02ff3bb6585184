import { SyncError } from '../../contract/error.ts'

/** How many bytes `size` bytes are in base64. */
export function base64Length(size: number): number {
  return Math.ceil(size / 3) * 4
}

/** The bytes of `source` as base64 text in ASCII, piece by piece. */
export async function* encodeBase64(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = Buffer.alloc(0)
  for await (const piece of source) {
    const all =
      rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([rest, piece])
    const whole = all.length - (all.length % 3)
    if (whole > 0) yield Buffer.from(all.toString('base64', 0, whole), 'latin1')
    rest = Uint8Array.from(all.subarray(whole))
  }
  if (rest.length > 0) yield Buffer.from(Buffer.from(rest).toString('base64'), 'latin1')
}

/** As much text before a value as the envelope of an answer may have. */
const LONGEST_HEAD = 10_000

/** How a value stands in a text. */
interface Form {
  /** Finds where the value under a name begins; its match ends with `begin` where the value is text. */
  readonly opening: (name: string) => RegExp
  readonly begin: string
  /** The first character after the text. */
  readonly end: string
  /** What may stand between the characters of base64. */
  readonly between: RegExp
  /** What may be the first half of that, at the end of a piece. */
  readonly half: string
}

const JSON_FORM: Form = {
  opening: (name) => new RegExp(`"${name}"\\s*:\\s*(?:"|[a-z{[\\d])`),
  begin: '"',
  end: '"',
  between: /\\[nr]/g,
  half: '\\',
}

const XML_FORM: Form = {
  opening: (name) => new RegExp(`<name>${name}</name>\\s*<value>\\s*(?:<string>|<string/>|<(?!string)|[A-Za-z0-9+/])`),
  begin: '<string>',
  end: '<',
  between: /&#1[03];|[\n\r]/g,
  half: '&',
}

/**
 * The bytes of the base64 text under `name` in a JSON text, decoded piece by piece; nothing where it is false or null, or
 * not there. `name` must be the first field of that name, and nothing long may come before it.
 * @throws SyncError `network` where the text ends within the value, `unexpected` where it is no base64.
 */
export function decodeBase64Field(json: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  return decodeBase64(json, name, JSON_FORM)
}

/** The same of a member of a struct in the XML of an XML-RPC answer, as Python writes it. */
export function decodeBase64Member(xml: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  return decodeBase64(xml, name, XML_FORM)
}

async function* decodeBase64(source: AsyncIterable<Uint8Array>, name: string, form: Form): AsyncGenerator<Uint8Array> {
  const opening = form.opening(name)
  let head: string | null = ''
  let rest = ''
  for await (const piece of source) {
    let text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1')
    if (head !== null) {
      head += text
      const found = opening.exec(head)
      if (found === null) {
        if (head.length > LONGEST_HEAD) throw notBase64(name)
        continue
      }
      if (!found[0].endsWith(form.begin)) return
      text = head.slice(found.index + found[0].length)
      head = null
    }
    const all: string = rest + text
    const end = all.indexOf(form.end)
    const clean = (end < 0 ? all : all.slice(0, end)).replace(form.between, '').replaceAll('\\/', '/')
    // What may be the beginning of an escape is left for the next piece.
    const cut = end < 0 && form.half !== '' ? clean.lastIndexOf(form.half) : -1
    const known = cut < 0 || clean.length - cut > LONGEST_ESCAPE ? clean : clean.slice(0, cut)
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(known)) throw notBase64(name)
    const whole = end < 0 ? known.length - (known.length % 4) : known.length
    if (whole > 0) yield Buffer.from(known.slice(0, whole), 'base64')
    if (end >= 0) return
    rest = clean.slice(whole)
  }
  if (head === null) throw new SyncError('network', `The answer with ${name} is not whole`)
}

const LONGEST_ESCAPE = 4

function notBase64(name: string): SyncError {
  return new SyncError('unexpected', `What Odoo answers for ${name} is not a file in base64`)
}
