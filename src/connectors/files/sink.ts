import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RecordId, RecordState } from '../../contract/change.ts'
import type { FindRequest, Sink } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { foldText } from '../sql/fold.ts'
import { refuseAborted } from '../sql/refuse-aborted.ts'
import { applyBatch } from './apply.ts'
import { type FilesContext, refuseUnknownFields } from './context.ts'
import { takeInAll } from './intake.ts'
import { publish } from './publish.ts'
import { recordsAfterId, recordsById, recordsLikeIds, type StoredRecord, stateOf } from './stored-records.ts'

const PAGE = 2000

/** Reads and writes the records that the files add up to; what is written goes out in files when that is due. */
export function filesSink(context: FilesContext): Sink {
  const { connection, definition } = context
  const stateFor = (record: StoredRecord): RecordState => stateOf(definition, record, context.fields)
  const ready = async (signal: AbortSignal): Promise<void> => {
    refuseAborted(signal)
    // What lies in the folder is what the other side says now.
    await takeInAll(context, signal)
    refuseUnknownFields(context)
  }
  return {
    async read(ids, signal) {
      await ready(signal)
      const found = recordsById(connection.store.handle(), context.id(), ids)
      return new Map(found.map((record): [RecordId, RecordState] => [record.id, stateFor(record)]))
    },
    async find(request, signal) {
      await ready(signal)
      const states: RecordState[] = []
      for await (const record of candidates(context, request, signal)) states.push(stateFor(record))
      return states
    },
    async apply(operations, signal) {
      await ready(signal)
      return applyBatch(context, operations)
    },
    flush: (signal) => publish(context, signal),
  }
}

/** By the key through its index; by any other field by looking at every record. */
async function* candidates(
  context: FilesContext,
  { field, values, fold }: FindRequest,
  signal: AbortSignal,
): AsyncGenerator<StoredRecord> {
  const { connection, definition } = context
  if (values.length === 0) return
  const database = connection.store.handle()
  const [onlyKey] = definition.key
  if (definition.key.length === 1 && field === onlyKey) {
    const ids = values.flatMap((value) => (value === null ? [] : [String(value)]))
    const isFolded = fold.case || fold.space
    yield* isFolded ? recordsLikeIds(database, context.id(), ids) : recordsById(database, context.id(), ids)
    return
  }
  const wanted = new Set(values.map((value) => comparable(value, fold)))
  let after = ''
  for (;;) {
    refuseAborted(signal)
    const records = recordsAfterId(database, context.id(), after, PAGE)
    for (const record of records) {
      const value = stateOf(definition, record, [field]).fields[field] ?? null
      if (value !== null && wanted.has(comparable(value, fold))) yield record
    }
    const last = records.at(-1)
    if (last === undefined) return
    after = last.id
    await nextTurn()
  }
}

/** The number 7 and the text "7" are one value here, as they are in a file. */
function comparable(value: Value, fold: FindRequest['fold']): string {
  return typeof value === 'object' ? JSON.stringify(value) : foldText(String(value), fold)
}
