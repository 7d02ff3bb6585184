import { randomUUID } from 'node:crypto'
import type { Value } from '../../contract/value.ts'
import type { StreamBody } from '../../http/stream-request.ts'
import { base64Length, encodeBase64 } from './base64-stream.ts'

/** The bytes that stand behind a value of a call: as long as said, or the iteration throws. */
export interface StreamedValue {
  readonly size: number
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** By the very object in a call's arguments that stands for the bytes. */
export type StreamedValues = ReadonlyMap<unknown, StreamedValue>

/**
 * What `encode` makes of `value`, as a request's body, with base64 streamed into the places of `values`. `encode` must write
 * a text of letters, digits and hyphens as it is.
 */
export function streamedBody(
  encode: (value: Value) => string,
  value: Value,
  values: StreamedValues,
  signal: AbortSignal,
): StreamBody {
  const mark = randomUUID()
  const places: StreamedValue[] = []
  const marked = (part: Value): Value => {
    if (typeof part !== 'object' || part === null) return part
    const streamed = values.get(part)
    if (streamed !== undefined) return `${mark}${places.push(streamed) - 1}`
    if (isList(part)) return part.map(marked)
    return Object.fromEntries(Object.entries(part).map(([name, item]) => [name, marked(item)] as const))
  }
  const text = encode(marked(value))
  const texts = text.split(new RegExp(`${mark}\\d+`)).map((part) => Buffer.from(part))
  const length = places.reduce((sum, { size }) => sum + base64Length(size), 0)
  return {
    length: texts.reduce((sum, part) => sum + part.length, length),
    pieces: piecesOf(texts, places, signal),
  }
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

async function* piecesOf(
  texts: readonly Buffer[],
  places: readonly StreamedValue[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const [index, text] of texts.entries()) {
    yield text
    const streamed = places[index]
    if (streamed !== undefined) yield* encodeBase64(streamed.open(signal))
  }
}
