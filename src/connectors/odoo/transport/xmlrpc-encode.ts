import { SyncError } from '../../../contract/error.ts'
import type { Value } from '../../../contract/value.ts'

/** A method call as XML. @throws SyncError `unsupported` for text that XML cannot hold. */
export function encodeMethodCall(method: string, params: readonly Value[]): string {
  const values = params.map((param) => `<param>${encodeValue(param)}</param>`).join('')
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values}</params></methodCall>`
}

/**
 * `nil` is an extension of XML-RPC that Python takes in every version. Whole numbers beyond 32 bits go as `i8`, which
 * Python takes too; a number that is no whole one goes as `double`.
 */
export function encodeValue(value: Value): string {
  if (value === null) return '<value><nil/></value>'
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`
  if (typeof value === 'number') return encodeNumber(value)
  if (typeof value === 'string') return `<value><string>${escapeText(value)}</string></value>`
  if (isList(value)) return `<value><array><data>${value.map(encodeValue).join('')}</data></array></value>`
  const members = Object.entries(value).map(
    ([name, member]) => `<member><name>${escapeText(name)}</name>${encodeValue(member)}</member>`,
  )
  return `<value><struct>${members.join('')}</struct></value>`
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

function encodeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) return `<value><double>${String(value)}</double></value>`
  const type = Math.abs(value) < 2 ** 31 ? 'int' : 'i8'
  return `<value><${type}>${String(value)}</${type}></value>`
}

/** What XML 1.0 has no way to write: control characters, halves of pairs, and the two that are no characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

/** A bare `\r` would be read as a line feed. */
function escapeText(text: string): string {
  const found = NOT_IN_XML.exec(text)
  if (found !== null) {
    const code = found[0].charCodeAt(0).toString(16).padStart(4, '0')
    throw new SyncError(
      'unsupported',
      `A text holds the character U+${code.toUpperCase()}, which XML-RPC cannot carry`,
      {
        hint: 'Take it out of the record, or use `protocol: jsonrpc`.',
      },
    )
  }
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? character)
}
