/** The bytes of one record, as they are in the (transcoded) file. */
export interface Slice {
  /** Without the end of the line. */
  readonly bytes: Buffer
  /** All bytes up to the next record, the end of the line included. */
  readonly whole: Buffer
  /** Line breaks in `whole`. */
  readonly breaks: number
  /** Line breaks before the record itself begins. */
  readonly breaksBefore: number
  /** Why it is no record; null: it may be one. */
  readonly problem: string | null
}

/** Cuts a stream of bytes into records. Begins between two records, wherever that is in the file. */
export interface Splitter {
  push(piece: Buffer): readonly Slice[]
  /** What is left when there are no more bytes. @throws SplitError where the file ends too early. */
  end(): readonly Slice[]
}

/** The file as a whole is not what it should be; nothing after this place can be read. */
export class SplitError extends Error {}

export const NEWLINE = 0x0a
const RETURN = 0x0d

export function countBreaks(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count += 1
  return count
}

/** A slice of one line or more, with its end. */
export function lineSlice(whole: Buffer, problem: string | null = null): Slice {
  let end = whole.length
  if (whole[end - 1] === NEWLINE) end -= 1
  if (whole[end - 1] === RETURN) end -= 1
  return { bytes: whole.subarray(0, end), whole, breaks: countBreaks(whole), breaksBefore: 0, problem }
}

/** Records that are lines: NDJSON. */
export function createLineSplitter(maxBytes: number): Splitter {
  return createRecordSplitter(maxBytes, (buffer, from, start) => {
    const at = buffer.indexOf(NEWLINE, Math.max(from, start))
    return { end: at < 0 ? -1 : at + 1, scanned: buffer.length, isOpen: false }
  })
}

/** Where the record that begins at `start` ends (-1: not within the buffer), and how far was looked. */
export type FindEnd = (
  buffer: Buffer,
  from: number,
  start: number,
) => { readonly end: number; readonly scanned: number; readonly isOpen: boolean }

/** What lines of text have in common: what is too long, or never ends, costs one line and not the rest of the file. */
export function createRecordSplitter(maxBytes: number, findEnd: FindEnd, restart: () => void = () => {}): Splitter {
  let rest: Buffer = Buffer.alloc(0)
  let scanned = 0
  /** Within a line that is too long: everything up to its end belongs to it. */
  let isSkipping = false
  const tooLong = `is longer than ${maxBytes} bytes`

  function cut(isOver: boolean): readonly Slice[] {
    const slices: Slice[] = []
    let start = 0
    while (start < rest.length) {
      if (isSkipping) {
        const at = rest.indexOf(NEWLINE, start)
        const end = at < 0 ? rest.length : at + 1
        slices.push({ ...lineSlice(rest.subarray(start, end)), bytes: Buffer.alloc(0) })
        isSkipping = at < 0
        start = end
        scanned = start
        continue
      }
      const found = findEnd(rest, scanned, start)
      scanned = found.scanned
      let end = found.end
      let problem: string | null = null
      if (end < 0 && (rest.length - start > maxBytes || (isOver && found.isOpen))) {
        const at = rest.indexOf(NEWLINE, start)
        const isQuote = found.isOpen && at >= 0 && at - start <= maxBytes
        problem = found.isOpen && (isQuote || isOver) ? 'has a quote that is never closed' : tooLong
        end =
          at >= 0 && at - start <= maxBytes
            ? at + 1
            : at < 0 && isOver
              ? rest.length
              : Math.min(start + maxBytes, rest.length)
        isSkipping = problem === tooLong && rest[end - 1] !== NEWLINE
      } else if (end >= 0 && end - start > maxBytes) problem = tooLong
      if (end < 0) {
        if (!isOver) break
        end = rest.length
      }
      slices.push(lineSlice(rest.subarray(start, end), problem))
      start = end
      scanned = start
      restart()
    }
    rest = rest.subarray(start)
    scanned -= start
    return slices
  }

  return {
    push(piece) {
      rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
      return cut(false)
    },
    end: () => cut(true),
  }
}
