import { localTimeText } from '../time-zone.ts'
import type { Leaving } from './collection-schema.ts'
import type { FilesContext } from './context.ts'
import { fillName, joinPath, markerOf } from './file-name.ts'
import {
  beginPublication,
  endPublication,
  linesOf,
  markReady,
  openPublication,
  type Publication,
  waitingLines,
} from './outbox.ts'
import { type Line, rendererOf } from './render-lines.ts'
import { inTransaction, nextNumber } from './store.ts'
import { recordsAfterId } from './stored-records.ts'

const PIECE_BYTES = 64 * 1024
const PAGE = 2000

/**
 * Writes files of the lines that are due. A file is written under a temporary name and gets its own when it is whole. That
 * it is whole is stored before it gets its name: after a crash, a temporary file that is there is given its name, and one
 * that is not there has it already. So no line is in two files, and none in no file.
 */
export function publish(context: FilesContext, signal: AbortSignal): Promise<void> {
  const { connection, definition } = context
  const { out } = definition
  if (out === null) return Promise.resolve()
  return connection.exclusively(`${definition.name} out`, async () => {
    const database = connection.store.handle()
    for (;;) {
      signal.throwIfAborted()
      const open = openPublication(database, context.id())
      if (open && !(await finish(context, out, open, signal))) return
      if (!isDue(context, out)) return
      inTransaction(database, () => {
        const limit = out.content === 'everything' ? -1 : out.max_lines
        beginPublication(database, context.id(), nextName(context, out), limit)
      })
    }
  })
}

function isDue({ connection, id }: FilesContext, out: Leaving): boolean {
  const { lines, sinceMs } = waitingLines(connection.store.handle(), id())
  if (lines === 0) return false
  return (out.content === 'changes' && lines >= out.max_lines) || connection.nowMs() - sinceMs >= out.every
}

function nextName({ connection, definition, id }: FilesContext, out: Leaving): string {
  return fillName(out.file, {
    collection: definition.name,
    seq: nextNumber(connection.store.handle(), `files:${id()}`),
    localTime: localTimeText(connection.nowMs(), definition.settings.timezone ?? 'UTC'),
  })
}

/** Writes a file, or finishes what was begun before a crash. False: the last one was not fetched yet. */
async function finish(
  context: FilesContext,
  out: Leaving,
  { id, name, isReady }: Publication,
  signal: AbortSignal,
): Promise<boolean> {
  const { folder, store } = context.connection
  const database = store.handle()
  const temporary = joinPath(out.folder, temporaryName(name))
  const final = joinPath(out.folder, name)
  if (!isReady) {
    await folder.write(temporary, pieces(fileOf(context, out, id)), signal)
    markReady(database, id)
  }
  const isThere = (await folder.stat(temporary, signal)) !== null
  if (isThere && (await folder.move(temporary, final, out.replace, signal)) === 'taken') return false
  if (out.marker !== undefined && (await folder.stat(final, signal)) !== null) {
    await folder.write(joinPath(out.folder, markerOf(out.marker, name)), [], signal)
  }
  inTransaction(database, () => endPublication(database, context.id(), id))
  return true
}

/** Begins with a dot, as what nobody should fetch does. */
export function temporaryName(name: string): string {
  return `.${name}.tandem-part`
}

function* fileOf(context: FilesContext, out: Leaving, publication: number): Generator<Buffer> {
  const { connection, definition } = context
  const renderer = rendererOf(definition)
  const database = connection.store.handle()
  yield renderer.head()
  let lines = 0
  const all = out.content === 'everything' ? everyRecord(context) : linesOf(database, publication)
  for (const line of all) {
    yield renderer.line(line, lines === 0) ?? Buffer.alloc(0)
    lines += 1
  }
  yield renderer.tail(lines)
}

function* everyRecord({ connection, id }: FilesContext): Generator<Line> {
  let after = ''
  for (;;) {
    const records = recordsAfterId(connection.store.handle(), id(), after, PAGE)
    for (const { cells } of records) yield { operation: 'update', cells: cells ?? {} }
    const last = records.at(-1)
    if (last === undefined) return
    after = last.id
  }
}

/** Lines in pieces that are worth a write. */
function* pieces(lines: Iterable<Buffer>): Generator<Buffer> {
  let waiting: Buffer[] = []
  let size = 0
  for (const line of lines) {
    waiting.push(line)
    size += line.length
    if (size < PIECE_BYTES) continue
    yield Buffer.concat(waiting)
    waiting = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(waiting)
}
