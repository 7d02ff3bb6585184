import { setImmediate as nextTurn } from 'node:timers/promises'
import { beginNext } from './arrivals.ts'
import { addBroken, mendBefore, mendGeneration } from './broken-places.ts'
import type { FilesContext } from './context.ts'
import { columnFor, type Definition } from './definition.ts'
import { type FileReader, openReader } from './file-reader.ts'
import { type Header, type Parsed, parseSlices } from './parse-records.ts'
import { refuseFile } from './put-away.ts'
import { reasonNotToRemove } from './snapshot.ts'
import { type Slice, SplitError } from './splitter.ts'
import { inTransaction } from './store.ts'
import {
  addKnownFields,
  advance,
  fileAt,
  filesIn,
  noteArrival,
  type Progress,
  type StoredFile,
  setFileState,
} from './stored-files.ts'
import { recordWriter, removeUnlisted } from './stored-records.ts'
import { type Trailer, trailerOf } from './trailer.ts'

/** So many lines are stored in one transaction. */
const CHUNK = 2000

/**
 * Takes up to `limit` lines of the files that have arrived into the store. True: there are no more. Each chunk is stored
 * with the place in its file in one transaction, so that it goes on there, whatever happens.
 */
export function takeIn(context: FilesContext, limit: number, signal: AbortSignal): Promise<boolean> {
  const { connection, definition } = context
  if (definition.in === null) return Promise.resolve(true)
  return connection.exclusively(definition.name, async () => {
    let left = limit
    while (left > 0) {
      // A full list of a million records is stored without a pause otherwise.
      await nextTurn()
      signal.throwIfAborted()
      const database = connection.store.handle()
      const [begun] = filesIn(database, context.id(), 'reading')
      const [ending] = filesIn(database, context.id(), 'ending')
      if (ending) {
        endSnapshot(context, ending)
        continue
      }
      const file = begun ?? (await beginNext(context, signal))
      if (file === null) return true
      left -= 1 + (await readOn(context, file, Math.min(left, CHUNK), signal))
    }
    return false
  })
}

/** Everything that has arrived. */
export async function takeInAll(context: FilesContext, signal: AbortSignal): Promise<void> {
  while (!(await takeIn(context, CHUNK, signal)));
}

/** Reads the next lines of a file that was begun. The answer is how many. */
async function readOn(context: FilesContext, file: StoredFile, limit: number, signal: AbortSignal): Promise<number> {
  const { connection } = context
  const before = await lookAgain(context, file, signal)
  if (before === 'other') return 0
  try {
    const reader = await readerOf(context, file, signal)
    if (file.header === null) refuseHeader(context, reader.header)
    const { slices, isEnd } = await reader.next(limit)
    if (!storeSlices(context, file, reader, slices)) {
      await dropReader(context)
      return 0
    }
    if (isEnd) {
      await dropReader(context)
      if ((await lookAgain(context, file, signal)) === 'same') endFile(context, file)
    }
    return slices.length
  } catch (error) {
    await dropReader(context)
    if (!(error instanceof SplitError)) throw error
    // What is cut off by an upload that goes on is no fault of the file.
    if ((await lookAgain(context, file, signal)) === 'same') {
      const current = fileAt(connection.store.handle(), context.id(), file.path) ?? file
      refuseFile(context, current, error.message)
    }
    return 0
  }
}

/** Whether the file is still the one that was begun. Another one in its place is read from its own start, once it rests. */
async function lookAgain(context: FilesContext, file: StoredFile, signal: AbortSignal): Promise<'same' | 'other'> {
  const { connection } = context
  const entry = await connection.folder.stat(file.path, signal)
  if (entry?.size === file.size && entry.mtimeMs === file.mtimeMs) return 'same'
  await dropReader(context)
  const database = connection.store.handle()
  inTransaction(database, () => {
    if (entry !== null) {
      mendGeneration(database, context.id(), file.generation)
      noteArrival(database, context.id(), { path: file.path, ...entry }, connection.nowMs())
      return
    }
    const current = fileAt(database, context.id(), file.path) ?? file
    const problem = `was taken away while it was read: what follows line ${current.line - 1} is missing`
    addBroken(database, context.id(), file, {
      line: 0,
      header: '',
      raw: null,
      problem,
      hint: 'Have it delivered again.',
    })
    setFileState(database, file, 'ended', problem)
  })
  return 'other'
}

async function readerOf(context: FilesContext, file: StoredFile, signal: AbortSignal): Promise<FileReader> {
  const { connection, definition } = context
  const known = connection.readers.get(definition.name)
  const isSame = known?.path === file.path && known.size === file.size && known.mtimeMs === file.mtimeMs
  if (known && isSame && (file.header === null ? false : known.position === file.position)) return known
  await dropReader(context)
  const place =
    file.header === null
      ? null
      : { position: file.position, line: file.line, header: JSON.parse(file.header) as Header }
  const entry = { name: file.path, size: file.size, mtimeMs: file.mtimeMs }
  // The file stays open from page to page: it must not end with the call that opened it.
  const reader = await openReader(connection.folder, definition, file.path, entry, place, NEVER)
  connection.readers.set(definition.name, reader)
  signal.throwIfAborted()
  return reader
}

const NEVER = new AbortController().signal

async function dropReader({ connection, definition }: FilesContext): Promise<void> {
  const reader = connection.readers.get(definition.name)
  connection.readers.delete(definition.name)
  await reader?.close()
}

/** @throws SplitError where a column is missing without which the file would be misunderstood. */
function refuseHeader({ definition, fields }: FilesContext, { names }: Header): void {
  const { settings, key, columns, in: arriving } = definition
  if (settings.format !== 'csv') return
  const needed = arriving?.missing_columns === 'refuse' ? [...key, ...columns.keys(), ...fields] : key
  const wanted = [...needed.map((field) => columnFor(definition, field).from), ...operationColumn(definition)]
  const missing = [...new Set(wanted)].filter((name) => !names.includes(name))
  if (missing.length === 0) return
  const count = missing.length === 1 ? 'column' : 'columns'
  throw new SplitError(`lacks the ${count} ${missing.join(', ')}; its header has ${names.join(', ')}`)
}

function operationColumn({ settings, in: arriving }: Definition): readonly string[] {
  return settings.operation && arriving?.missing_columns === 'refuse' ? [settings.operation.column] : []
}

/** Stores what some slices say, with the place behind them. False: somebody else was faster, and nothing is stored. */
function storeSlices(context: FilesContext, file: StoredFile, reader: FileReader, slices: readonly Slice[]): boolean {
  const { connection, definition } = context
  const { header } = reader
  const firstLine = reader.line - slices.reduce((sum, { breaks }) => sum + breaks, 0)
  const template = trailerTemplate(definition)
  const trailer = template === null ? null : trailerOf(template)
  const parsed = parseSlices(definition, header, trailer ? withoutTrailer(slices, trailer) : slices, firstLine)
  const bad = parsed.filter((each) => each.kind === 'bad')
  const database = connection.store.handle()
  const headerText = JSON.stringify(header)
  return inTransaction(database, () => {
    const progress: Progress = {
      position: reader.position,
      line: reader.line,
      records: file.records + parsed.length - bad.length,
      bad: file.bad + bad.length,
      unnamed: file.unnamed + bad.filter(({ id }) => id === null).length,
      header: headerText,
    }
    if (!advance(database, file, progress)) return false
    const promised = trailer
      ? slices.map(({ bytes }) => linesPromised(trailer, bytes)).find((lines) => lines !== null)
      : null
    const lines = progress.records + progress.bad
    if (typeof promised === 'number' && promised !== lines) {
      noteShortFile(context, file, `has ${lines} lines, and its trailer says ${promised}`)
    }
    storeParsed(context, file, parsed, headerText)
    return true
  })
}

function storeParsed(context: FilesContext, file: StoredFile, parsed: readonly Parsed[], header: string): void {
  const database = context.connection.store.handle()
  const writer = recordWriter(database, context.id())
  const how = { changedAtMs: Math.round(file.mtimeMs), byUs: false, listed: file.generation }
  const names = new Set<string>()
  for (const each of parsed) {
    if (each.kind === 'bad') {
      const { line, raw, problem } = each
      addBroken(database, context.id(), file, { line, header, raw, problem, hint: null })
      if (each.id !== null) writer.list(each.id, file.generation)
    } else if (each.isRemoved) writer.remove(each.id, how)
    else {
      writer.put(each.id, each.cells, how)
      for (const name in each.cells) names.add(name)
    }
  }
  if (names.size > 0) addKnownFields(database, context.id(), [...names])
}

function noteShortFile(context: FilesContext, file: StoredFile, problem: string): void {
  const database = context.connection.store.handle()
  addBroken(database, context.id(), file, { line: 0, header: '', raw: null, problem, hint: 'Have it delivered again.' })
  setFileState(database, file, 'reading', problem)
}

function linesPromised(trailer: Trailer, bytes: Buffer): number | null {
  return bytes.length < LONGEST_TRAILER ? (trailer(bytes.toString('utf8'))?.lines ?? null) : null
}

const LONGEST_TRAILER = 1000

export function trailerTemplate({ in: arriving }: Definition): string | null {
  return arriving && arriving.complete !== 'rename' ? (arriving.complete.trailer ?? null) : null
}

function withoutTrailer(slices: readonly Slice[], trailer: Trailer): readonly Slice[] {
  return slices.map((slice) =>
    slice.bytes.length < LONGEST_TRAILER && trailer(slice.bytes.toString('utf8')) ? { ...slice, bytes: EMPTY } : slice,
  )
}

const EMPTY = Buffer.alloc(0)

/** All of a file is stored. What a full list lacks is removed next, unless that cannot be right. */
function endFile(context: FilesContext, begun: StoredFile): void {
  const database = context.connection.store.handle()
  inTransaction(database, () => {
    const file = fileAt(database, context.id(), begun.path)
    if (file?.state !== 'reading') return
    if (context.definition.in?.content !== 'everything') return setFileState(database, file, 'read')
    mendBefore(database, context.id(), file.generation)
    const reason = reasonNotToRemove(context, file)
    if (reason === null) return setFileState(database, file, 'ending')
    const hint =
      'Nothing was called deleted. Where the file is right all the same, retry this, and what it lacks is gone.'
    addBroken(database, context.id(), file, { line: 0, header: SNAPSHOT, raw: null, problem: reason, hint })
    setFileState(database, file, 'read', reason)
  })
}

/** Stands in place of a header where the deletes of a full list were held back. */
export const SNAPSHOT = 'snapshot'

function endSnapshot(context: FilesContext, file: StoredFile): void {
  const database = context.connection.store.handle()
  inTransaction(database, () => {
    const removed = removeUnlisted(database, context.id(), file.generation, Math.round(file.mtimeMs), CHUNK)
    if (removed < CHUNK) setFileState(database, file, 'read')
  })
}
