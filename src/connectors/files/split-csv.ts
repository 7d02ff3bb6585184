import type { CsvSettings } from './collection-schema.ts'
import { createRecordSplitter, NEWLINE, type Splitter } from './splitter.ts'

const RETURN = 0x0d
const START = 0
const PLAIN = 1
const QUOTED = 2
const CLOSED = 3
const ESCAPED = 4

/** Records of a CSV file: lines, except that a quoted value may hold line breaks. */
export function createCsvSplitter(csv: CsvSettings, maxBytes: number): Splitter {
  const quote = csv.quote === '' ? -1 : csv.quote.charCodeAt(0)
  const escaping = csv.escape.charCodeAt(0)
  const delimiter = csv.delimiter.charCodeAt(0)
  let state = START
  return createRecordSplitter(
    maxBytes,
    (buffer, from, start) => {
      if (state === START && from <= start) {
        // Most lines hold no quote at all.
        const newline = buffer.indexOf(NEWLINE, start)
        if (newline >= 0 && (quote < 0 || !buffer.subarray(start, newline).includes(quote))) {
          return { end: newline + 1, scanned: newline + 1, isOpen: false }
        }
      }
      let at = Math.max(from, start)
      for (; at < buffer.length; at++) {
        const byte = buffer[at]
        if (state === QUOTED) {
          if (byte === quote) state = CLOSED
          else if (byte === escaping) state = ESCAPED
        } else if (state === ESCAPED) state = QUOTED
        else if (byte === NEWLINE) return { end: at + 1, scanned: at + 1, isOpen: false }
        else if (byte === delimiter) state = START
        else if (byte === quote && state === START) state = QUOTED
        // A quote that is doubled stands for itself.
        else if (byte === quote && state === CLOSED && escaping === quote) state = QUOTED
        else if (byte !== RETURN || state !== CLOSED) state = PLAIN
      }
      return { end: -1, scanned: at, isOpen: state === QUOTED || state === ESCAPED }
    },
    () => {
      state = START
    },
  )
}
