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

/** As much text before a value as an envelope of JSON-2 or JSON-RPC may have. */
const LONGEST_HEAD = 10_000

/**
 * The bytes of the base64 text under `name` in a JSON text, decoded piece by piece; nothing where it is false or null, or
 * not there. `name` must be the first field of that name, and nothing long may come before it.
 * @throws SyncError `network` where the text ends within the value, `unexpected` where it is no base64.
 */
export async function* decodeBase64Field(json: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const opening = new RegExp(`"${name}"\\s*:\\s*(?:"|[a-z{[\\d])`)
  let head: string | null = ''
  let rest = ''
  for await (const piece of json) {
    let text = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('latin1')
    if (head !== null) {
      head += text
      const found = opening.exec(head)
      if (found === null) {
        if (head.length > LONGEST_HEAD) throw notBase64(name)
        continue
      }
      if (!found[0].endsWith('"')) return
      text = head.slice(found.index + found[0].length)
      head = null
    }
    const end = text.indexOf('"')
    // A backslash can only begin an escaped line end or slash; its other half may be in the next piece.
    const base64 = rest + (end < 0 ? text : text.slice(0, end))
    const clean = base64.replace(/\\[nr]/g, '').replaceAll('\\/', '/')
    if (!/^[A-Za-z0-9+/]*={0,2}\\?$/.test(clean)) throw notBase64(name)
    const whole = end < 0 ? wholeGroups(clean) : clean.length
    if (whole > 0) yield Buffer.from(clean.slice(0, whole), 'base64')
    if (end >= 0) return
    rest = clean.slice(whole)
  }
  if (head === null) throw new SyncError('network', `The answer with ${name} is not whole`)
}

/** Four characters are three bytes. What may be the beginning of an escape is left for later. */
function wholeGroups(text: string): number {
  const length = text.endsWith('\\') ? text.length - 1 : text.length
  return length - (length % 4)
}

function notBase64(name: string): SyncError {
  return new SyncError('unexpected', `What Odoo answers for ${name} is not a file in base64`)
}
