import type { Change, RecordId } from '../../contract/change.ts'
import { type BrokenPlace, brokenAsChange, brokenAt, mendPlace } from './broken-places.ts'
import type { FilesContext } from './context.ts'
import { SNAPSHOT } from './intake.ts'
import { type Header, parseSlices } from './parse-records.ts'
import { lineSlice } from './splitter.ts'
import { inTransaction } from './store.ts'
import { recordsById, recordWriter, removeUnlisted, stateOf } from './stored-records.ts'

const CHUNK = 2000

/** What there is to say of records, and of lines that could not be read, now. */
export function lookAt(context: FilesContext, ids: readonly RecordId[]): readonly Change[] {
  const { connection, definition, fields } = context
  const database = connection.store.handle()
  return ids.flatMap((id): readonly Change[] => {
    const broken = brokenAt(database, context.id(), id)
    if (broken) return lookAtPlace(context, broken)
    const [record] = recordsById(database, context.id(), [id])
    return [record ? { kind: 'state', state: stateOf(definition, record, fields) } : { kind: 'gone', id, atMs: null }]
  })
}

/** Tries a line again: with the columns of the collection as they are now it may well be a record. */
function lookAtPlace(context: FilesContext, broken: BrokenPlace): readonly Change[] {
  if (broken.isGone) return [brokenAsChange(broken)]
  const { connection, definition, fields } = context
  const database = connection.store.handle()
  const gone: Change = { kind: 'gone', id: broken.place, atMs: null }
  if (broken.header === SNAPSHOT) {
    agreeToSnapshot(context, broken)
    return [gone]
  }
  if (broken.raw === null || broken.header === '') return [brokenAsChange(broken)]
  const slice = lineSlice(Buffer.from(broken.raw, 'base64'))
  const [parsed] = parseSlices(definition, JSON.parse(broken.header) as Header, [slice], broken.line)
  if (parsed?.kind === 'bad') return [brokenAsChange({ ...broken, problem: parsed.problem })]
  inTransaction(database, () => {
    mendPlace(database, context.id(), broken.place)
    if (parsed === undefined) return
    const [known] = recordsById(database, context.id(), [parsed.id])
    // What was told of the record since then is newer.
    if (known && known.seq > broken.seq) return
    const writer = recordWriter(database, context.id())
    const how = { changedAtMs: null, byUs: false, listed: broken.generation }
    if (parsed.isRemoved) writer.remove(parsed.id, how)
    else writer.put(parsed.id, parsed.cells, how)
  })
  const [record] = parsed ? recordsById(database, context.id(), [parsed.id]) : []
  return record ? [{ kind: 'state', state: stateOf(definition, record, fields) }, gone] : [gone]
}

/** A person says that what a full list lacks is gone. A list that came later has said so by itself, or not. */
function agreeToSnapshot(context: FilesContext, broken: BrokenPlace): void {
  const { connection } = context
  const database = connection.store.handle()
  inTransaction(database, () => {
    while (removeUnlisted(database, context.id(), broken.generation, connection.nowMs(), CHUNK) === CHUNK);
    mendPlace(database, context.id(), broken.place)
  })
}
