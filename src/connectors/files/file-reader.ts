import { parse } from 'csv-parse/sync'
import type { Definition } from './definition.ts'
import { createDecoder, createTranscoder, encodingOf, sourceLength } from './encoding.ts'
import type { FileEntry, Folder } from './folder.ts'
import type { Header } from './parse-records.ts'
import { createCsvSplitter } from './split-csv.ts'
import { createJsonSplitter } from './split-json.ts'
import { createLineSplitter, type Slice, SplitError, type Splitter } from './splitter.ts'

/** A file that is being read, from one page to the next. */
export interface FileReader {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly header: Header
  /** The first byte that was not handed out, and the line that it is in. */
  readonly position: number
  readonly line: number
  /** Up to `limit` records; `isEnd`: there are no more. @throws SplitError where nothing more can be read. */
  next(limit: number): Promise<{ readonly slices: readonly Slice[]; readonly isEnd: boolean }>
  close(): Promise<void>
}

/** The place up to which a file was read before, with what it said of itself. */
export interface Place {
  readonly position: number
  readonly line: number
  readonly header: Header
}

/** Opens a file at its first record, or at a place. @throws SplitError where it has no header; SyncError. */
export async function openReader(
  folder: Folder,
  definition: Definition,
  path: string,
  entry: FileEntry,
  from: Place | null,
  signal: AbortSignal,
): Promise<FileReader> {
  const start = from ?? (await readHeader(folder, definition, path, signal))
  const { encoding } = start.header
  const transcode = createTranscoder(encoding)
  const splitter = splitterFor(definition, from !== null && from.position > 0 && start.position > 0)
  const pieces = folder.read(path, start.position, signal)[Symbol.asyncIterator]()
  let { position, line } = start
  let waiting: Slice[] = []
  let isOver = false
  let fault: SplitError | null = null
  return {
    path,
    size: entry.size,
    mtimeMs: entry.mtimeMs,
    header: start.header,
    get position() {
      return position
    },
    get line() {
      return line
    },
    async next(limit) {
      while (waiting.length < limit && !isOver) {
        const piece = await pieces.next()
        if (piece.done) isOver = true
        try {
          waiting.push(...(piece.done ? splitter.end() : splitter.push(transcode(piece.value))))
        } catch (error) {
          if (!(error instanceof SplitError)) throw error
          fault = error
          isOver = true
        }
      }
      if (waiting.length === 0 && fault !== null) throw fault
      const slices = waiting.slice(0, limit)
      waiting = waiting.slice(limit)
      for (const { whole, breaks } of slices) {
        position += sourceLength(encoding, whole)
        line += breaks
      }
      return { slices, isEnd: isOver && fault === null && waiting.length === 0 }
    },
    async close() {
      await pieces.return?.()
    },
  }
}

function splitterFor({ settings, in: arriving }: Definition, isWithin: boolean): Splitter {
  const maxBytes = arriving?.max_record ?? 1_000_000
  if (settings.format === 'csv') return createCsvSplitter(settings.csv, maxBytes)
  if (settings.format === 'ndjson') return createLineSplitter(maxBytes)
  return createJsonSplitter(settings.items ?? null, isWithin, maxBytes)
}

/** What stands before the first record: a byte order mark, lines that say nothing, the names of the columns. */
async function readHeader(folder: Folder, definition: Definition, path: string, signal: AbortSignal): Promise<Place> {
  const { settings } = definition
  let head: Buffer = Buffer.alloc(0)
  const pieces = folder.read(path, 0, signal)
  const wanted = settings.format === 'csv' ? (definition.in?.max_record ?? 1_000_000) : 4
  for await (const piece of pieces) {
    head = Buffer.concat([head, piece])
    if (head.length >= wanted) break
  }
  const { name: encoding, markBytes } = encodingOf(head, settings.encoding)
  if (settings.format !== 'csv') return { position: markBytes, line: 1, header: { names: [], encoding } }
  const { csv } = settings
  const splitter = createCsvSplitter(csv, Math.max(head.length, 1))
  const slices = [...splitter.push(createTranscoder(encoding)(head.subarray(markBytes))), ...splitter.end()]
  let position = markBytes
  let line = 1
  const pass = (slice: Slice): void => {
    position += sourceLength(encoding, slice.whole)
    line += slice.breaks
  }
  for (const slice of slices.splice(0, csv.skip_lines)) pass(slice)
  if (csv.header !== true) return { position, line, header: { names: csv.header, encoding } }
  const decode = createDecoder(encoding)
  for (const slice of slices) {
    pass(slice)
    const text = decodeHeader(decode, slice.bytes)
    if (text.trim() === '' || (csv.comment !== undefined && text.startsWith(csv.comment))) continue
    return { position, line, header: { names: headerNames(definition, text), encoding } }
  }
  throw new SplitError('is empty: it has no header')
}

function decodeHeader(decode: (bytes: Uint8Array) => string, bytes: Buffer): string {
  try {
    return decode(bytes)
  } catch {
    throw new SplitError('has a header that is no text in the encoding of the collection')
  }
}

function headerNames({ settings: { csv } }: Definition, text: string): readonly string[] {
  let names: readonly string[]
  try {
    const rows: string[][] = parse(text, {
      delimiter: csv.delimiter,
      quote: csv.quote === '' ? false : csv.quote,
      escape: csv.escape,
      record_delimiter: '\n',
    })
    names = (rows[0] ?? []).map((name) => name.trim())
  } catch {
    throw new SplitError('has a header that cannot be read')
  }
  const double = names.find((name, at) => name !== '' && names.indexOf(name) !== at)
  if (double !== undefined) throw new SplitError(`has two columns ${double}`)
  return names
}
