import { randomUUID } from 'node:crypto'
import type { Fields } from '../../contract/value.ts'
import { type StreamBody, textOf } from '../../http/stream-request.ts'
import { base64Length, encodeBase64 } from './base64-stream.ts'

/** The bytes that stand behind a value of a call: as long as said, or the iteration throws. */
export interface StreamedValue {
  readonly size: number
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** By the very object in a call's arguments that stands for the bytes. */
export type StreamedValues = ReadonlyMap<unknown, StreamedValue>

/** The JSON text of `args` as a request's body, with base64 streamed into the places of `values`. */
export function streamedBody(args: Fields, values: StreamedValues, signal: AbortSignal): StreamBody {
  const mark = randomUUID()
  const places: StreamedValue[] = []
  const text = JSON.stringify(args, (_name, value: unknown) => {
    const streamed = typeof value === 'object' ? values.get(value) : undefined
    return streamed === undefined ? value : `${mark}${places.push(streamed) - 1}`
  })
  const texts = text.split(new RegExp(`${mark}\\d+`)).map((part) => Buffer.from(part))
  const length = places.reduce((sum, { size }) => sum + base64Length(size), 0)
  return {
    length: texts.reduce((sum, part) => sum + part.length, length),
    pieces: piecesOf(texts, places, signal),
  }
}

/** `args` with the base64 in their places, for what cannot stream. */
export async function heldArgs(args: Fields, values: StreamedValues, signal: AbortSignal): Promise<Fields> {
  return JSON.parse(await textOf(streamedBody(args, values, signal).pieces)) as Fields
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
