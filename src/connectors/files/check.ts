import type { Problem, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { findArrivals } from './arrivals.ts'
import { countBroken } from './broken-places.ts'
import type { FilesConnection, FilesContext } from './context.ts'
import { columnFor } from './definition.ts'
import { openPublication, waitingLines } from './outbox.ts'
import { lookAtFolders, waitingNames } from './schema.ts'
import { lastNumber } from './store.ts'

/** A file that waits longer than this probably waits for ever. */
const LONG_MS = 60 * 60_000

export async function checkConnection({ folder, store }: FilesConnection, signal: AbortSignal): Promise<Report> {
  const { server, user } = await folder.look(signal)
  return {
    server: `${server} ${folder.label}`,
    user,
    clockOffsetMs: folder.sharesClock ? 0 : null,
    // What is known of the records is in the store: without it, files would be read as if nothing had ever come.
    identity: { traits: { store: store.identity() }, marks: { seq: lastNumber(store.handle(), 'seq') } },
    problems: [],
  }
}

export interface Needs {
  readonly create: boolean
  readonly update: boolean
  readonly remove: boolean
}

export async function checkCollection(
  context: FilesContext,
  needs: Needs,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  try {
    await lookAtFolders(context, signal)
    context.id()
    return [
      ...needProblems(context, needs),
      ...(await rightProblems(context, signal)),
      ...(await arrivalProblems(context, signal)),
      ...outgoingProblems(context),
    ]
  } catch (error) {
    if (error instanceof SyncError && error.disposition === 'halt') {
      return [{ severity: 'error', message: error.message, hint: error.hint }]
    }
    throw error
  }
}

function needProblems({ definition }: FilesContext, needs: Needs): readonly Problem[] {
  const { name, out, settings } = definition
  const isWriting = needs.create || needs.update || needs.remove
  if (isWriting && out === null) {
    const hint = 'Say under out: where they are to be written, or let the mapping read only (direction: to-odoo).'
    return [{ severity: 'error', message: `files collection ${name} has no outgoing files`, hint }]
  }
  if (!needs.remove || out?.content === 'everything' || settings.operation !== undefined) return []
  const hint = 'Give it operation: { column: … }, write out.content: everything, or set deletes.from_odoo: ignore.'
  return [{ severity: 'error', message: `the files of ${name} have no way to say that a record is gone`, hint }]
}

async function rightProblems(
  { connection, definition }: FilesContext,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const folders = new Set<string>()
  if (definition.in !== null && definition.in.done !== 'keep') folders.add(definition.in.folder)
  if (definition.out !== null) folders.add(definition.out.folder)
  const problems: Problem[] = []
  for (const folder of folders) {
    if (await connection.folder.isWritable(folder, signal)) continue
    problems.push({
      severity: 'error',
      message: `${connection.folder.label}: we may not write in ${folder}`,
      hint: 'Allow it; for arriving files it is enough to set done: keep.',
    })
  }
  return problems
}

async function arrivalProblems(context: FilesContext, signal: AbortSignal): Promise<readonly Problem[]> {
  const { connection, definition } = context
  if (definition.in === null) return []
  const problems: Problem[] = []
  for (const { path, file, waitsFor } of await findArrivals(context, signal)) {
    if (waitsFor === null || connection.nowMs() - file.sinceMs < LONG_MS) continue
    problems.push({ severity: 'warning', message: `${path} waits for more than an hour: ${waitsFor}`, hint: null })
  }
  const names = definition.settings.format === 'csv' ? await waitingNames(context, signal) : []
  const declared = [...definition.columns.values(), ...definition.key.map((field) => columnFor(definition, field))]
  const missing = names.length === 0 ? [] : declared.filter(({ from }) => !names.includes(from)).map(({ from }) => from)
  if (missing.length > 0) {
    problems.push({
      severity: 'error',
      message: `a file that waits for ${definition.name} has no ${[...new Set(missing)].join(', ')}`,
      hint: `Its header has ${names.join(', ')}. Correct columns, csv.delimiter or encoding.`,
    })
  }
  const broken = countBroken(connection.store.handle(), context.id())
  if (broken > 0) {
    const message = `${broken} ${broken === 1 ? 'line' : 'lines'} of ${definition.name} could not be read`
    problems.push({ severity: 'warning', message, hint: 'See them with: tandem dead-letters list' })
  }
  return problems
}

function outgoingProblems({ connection, definition, id }: FilesContext): readonly Problem[] {
  const database = connection.store.handle()
  const open = openPublication(database, id())
  if (definition.out === null || open === null || !open.isReady) return []
  const { lines } = waitingLines(database, id())
  const message = `${open.name} was not fetched yet, and ${lines} more ${lines === 1 ? 'line waits' : 'lines wait'} for that`
  return [{ severity: 'warning', message, hint: 'Have it fetched and taken away, or put {seq} into the name.' }]
}
