import { countBreaks, type Slice, SplitError, type Splitter } from './splitter.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/**
 * Records of a JSON list, one by one, without holding the list. The list is the file itself, or the value of the property
 * `items` of the file's object. `isWithin`: begins behind a record of the list.
 */
export function createJsonSplitter(items: string | null, isWithin: boolean, maxBytes: number): Splitter {
  let rest: Buffer = Buffer.alloc(0)
  let at = 0
  /** Where the record began; -1: between records. */
  let start = -1
  let depth = 0
  let isText = false
  let isEscaped = false
  let place: 'before' | 'object' | 'list' | 'after' = isWithin ? 'list' : 'before'
  /** In front of the list: whether the next text at depth 1 is a property's name, and the last of these. */
  let keyAt = -1
  let key = ''
  let fault: SplitError | null = null
  const wanted = items

  function before(byte: number): void {
    if (byte === OPEN_LIST && wanted === null) place = 'list'
    else if (byte === OPEN_OBJECT && wanted !== null) {
      place = 'object'
      depth = 1
    } else if (!isSpace(byte)) {
      throw new SplitError(wanted === null ? 'is not a JSON list' : 'is not a JSON object')
    }
  }

  /** Looks for the property in the object around the list. */
  function inObject(byte: number): void {
    if (byte === QUOTE) {
      isText = true
      keyAt = at
    } else if (byte === OPEN_LIST && depth === 1 && key === wanted) {
      place = 'list'
      depth = 0
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth -= 1
      if (depth === 0) throw new SplitError(`has no list "${wanted ?? ''}"`)
    } else if (byte === COMMA && depth === 1) key = ''
  }

  function endText(): void {
    isText = false
    if (place !== 'object' || depth !== 1 || key !== '') return
    key = textOf(rest.subarray(keyAt, at + 1))
  }

  function inList(byte: number, slices: Slice[]): void {
    if (start < 0) {
      if (isSpace(byte) || byte === COMMA) return
      if (byte === CLOSE_LIST) {
        place = 'after'
        return
      }
      if (byte === CLOSE_OBJECT || byte === COLON) throw new SplitError('is not a JSON list any more')
      start = at
    }
    if (byte === QUOTE) isText = true
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      // The end of the list ends a record that is a mere number or word, too.
      if (depth === 0) finish(at, slices)
      else if (depth === 1) finish(at + 1, slices)
      else depth -= 1
    } else if (depth === 0 && byte === COMMA) finish(at, slices)
  }

  function finish(end: number, slices: Slice[]): void {
    const whole = rest.subarray(0, end)
    const problem = end - start > maxBytes ? `is longer than ${maxBytes} bytes` : null
    const breaksBefore = countBreaks(rest.subarray(0, start))
    slices.push({ bytes: rest.subarray(start, end), whole, breaks: countBreaks(whole), breaksBefore, problem })
    rest = rest.subarray(end)
    at = -1
    start = -1
    depth = 0
  }

  function scan(slices: Slice[]): void {
    for (; at < rest.length; at++) {
      const byte = rest[at] ?? 0
      if (isText) {
        if (isEscaped) isEscaped = false
        else if (byte === BACKSLASH) isEscaped = true
        else if (byte === QUOTE) endText()
      } else if (place === 'list') inList(byte, slices)
      else if (place === 'object') inObject(byte)
      else if (place === 'before') before(byte)
    }
    if (place !== 'after' && rest.length > maxBytes * 2)
      throw new SplitError(`holds a record of more than ${maxBytes} bytes`)
    if (place === 'after') {
      rest = Buffer.alloc(0)
      at = 0
    }
  }

  /** What was found before the fault is handed out first. */
  function scanToFault(): readonly Slice[] {
    const slices: Slice[] = []
    try {
      scan(slices)
    } catch (error) {
      if (!(error instanceof SplitError)) throw error
      fault = error
    }
    return slices
  }

  return {
    push(piece) {
      if (fault !== null) throw fault
      rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
      return scanToFault()
    },
    end() {
      if (fault !== null) throw fault
      if (place !== 'after') throw new SplitError('ends before its list does: it is not complete')
      return []
    },
  }
}

function textOf(bytes: Buffer): string {
  try {
    return String(JSON.parse(bytes.toString('utf8')))
  } catch {
    return ''
  }
}
