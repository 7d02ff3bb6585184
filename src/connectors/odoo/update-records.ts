import type { RecordState } from '../../contract/change.ts'
import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Outcome } from '../../contract/sink.ts'
import type { Fields } from '../../contract/value.ts'
import { answerMissing } from './answer-missing.ts'
import { asRows } from './connection.ts'
import { type OdooModel, readRecords } from './model.ts'
import { pythonName } from './odoo-fault.ts'
import { readRows, toOdooIds } from './records.ts'

export interface Update {
  readonly id: string
  readonly vals: Fields
}

/** Connections whose Odoo has no `web_save_multi`, seen when it said so. */
const withoutSaveMulti = new WeakSet<object>()

/**
 * Equal values go in one `write`, different ones in one `web_save_multi`: either way one call and one transaction. Where
 * Odoo has no `web_save_multi`, each distinct set of values is a `write` of its own.
 */
export function updateRecords(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  return answerMissing(model, updates, signal, async (present) => {
    const groups = groupByValues(present)
    if (groups.length === 1) return writeGroup(model, present, signal)
    if (!withoutSaveMulti.has(model.connection)) {
      try {
        return await saveMulti(model, present, signal)
      } catch (error) {
        if (pythonName(error) !== 'werkzeug.exceptions.NotFound') throw error
        withoutSaveMulti.add(model.connection)
      }
    }
    return writeGroups(model, present, groups, signal)
  })
}

async function saveMulti(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  const { connection } = model
  const shape = await model.shape(signal)
  const floorMs = connection.clock.nowMs()
  const specification = Object.fromEntries(shape.readNames.map((name) => [name, {}]))
  const args = {
    ids: toOdooIds(updates.map((update) => update.id)),
    vals_list: updates.map((update) => update.vals),
    specification,
    context: model.context,
  }
  const rows = asRows(await connection.change(model.name, 'web_save_multi', args, signal), model.name)
  // It reads binary fields as their sizes.
  if (model.fieldNames.some((name) => shape.fields.get(name)?.type === 'binary')) {
    return readWritten(model, updates, signal)
  }
  const { states, newestMs } = readRows(rows, shape.reader, floorMs)
  if (newestMs !== null) connection.clock.observe(newestMs)
  const byId = new Map(states.map((state) => [state.id, state]))
  return updates.map((update) => {
    const record = byId.get(update.id)
    return record === undefined ? { kind: 'gone' } : { kind: 'done', record, isOurs: true }
  })
}

async function writeGroup(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  const ids = toOdooIds(updates.map((update) => update.id))
  const vals = updates[0]?.vals ?? {}
  await model.connection.change(model.name, 'write', { ids, vals, context: model.context }, signal)
  return readWritten(model, updates, signal)
}

/** Several transactions: what one of them did stays done, so a later failure is told for its own records only. */
async function writeGroups(
  model: OdooModel,
  updates: readonly Update[],
  groups: readonly (readonly Update[])[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>()
  const pending = [...groups]
  for (let group = pending.shift(); group !== undefined; group = pending.shift()) {
    try {
      const results = await answerMissing(model, group, signal, (present) => writeGroup(model, present, signal))
      for (const [index, update] of group.entries()) outcomes.set(update.id, results[index] as Outcome)
    } catch (error) {
      const failure = asSyncError(error)
      // With nothing done yet, the error stands for the whole call; later it must not hide what was done.
      if (outcomes.size === 0 || failure.inDoubt) throw failure
      if (failure.disposition !== 'park')
        throw new SyncError(failure.code, failure.message, { cause: failure, inDoubt: true })
      if (group.length > 1) pending.push(...group.map((update) => [update]))
      else for (const update of group) outcomes.set(update.id, { kind: 'rejected', error: failure })
    }
  }
  return updates.map((update) => outcomes.get(update.id) as Outcome)
}

/** What Odoo stores after a write, in a transaction of its own: ours only where we are still the last writer. */
async function readWritten(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  let states: RecordState[]
  try {
    const ids = toOdooIds(updates.map((update) => update.id))
    states = await readRecords(model, [['id', 'in', ids]], null, signal)
  } catch (cause) {
    const { code, message } = asSyncError(cause)
    throw new SyncError(code, `The records were written, but could not be read back: ${message}`, {
      cause,
      inDoubt: true,
    })
  }
  const byId = new Map(states.map((state) => [state.id, state]))
  return updates.map((update) => {
    const record = byId.get(update.id)
    return record === undefined ? { kind: 'gone' } : { kind: 'done', record, isOurs: record.byUs === true }
  })
}

function groupByValues(updates: readonly Update[]): Update[][] {
  const groups = new Map<string, Update[]>()
  for (const update of updates) {
    const key = JSON.stringify(update.vals)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [update])
    else group.push(update)
  }
  return [...groups.values()]
}
