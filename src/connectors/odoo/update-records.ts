import type { RecordState } from '../../contract/change.ts'
import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Outcome } from '../../contract/sink.ts'
import type { Fields } from '../../contract/value.ts'
import { answerMissing } from './answer-missing.ts'
import { asRows } from './connection.ts'
import { STAMPS, unnest } from './dependents.ts'
import { isPlain } from './field-name.ts'
import { loadRecords } from './load-records.ts'
import { type ModelShape, type OdooModel, readRecords } from './model.ts'
import { readRows, toOdooIds } from './records.ts'
import { type SplitUpdate, splitByLanguage, writeTranslations } from './write-translations.ts'

export interface Update {
  readonly id: string
  readonly vals: Fields
}

/**
 * Equal values go in one `write`, different ones in one `web_save_multi`: either way one call and one transaction. Where
 * Odoo has no `web_save_multi`, records with the same fields go in one `load`, and where that will not do, each distinct
 * set of values is a `write` of its own.
 */
export function updateRecords(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  return answerMissing(model, updates, signal, async (present) => {
    const split = present.map(splitByLanguage)
    if (split.every(({ byLanguage }) => byLanguage.size === 0)) return writePlain(model, present, signal)
    return writeWithTranslations(model, present, split, signal)
  })
}

async function writePlain(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  if (groupBy(updates, valuesOf).length === 1) return writeGroup(model, updates, signal)
  if (await model.connection.capabilities.canSaveMulti(signal)) return saveMulti(model, updates, signal)
  return writeInSteps(model, updates, signal)
}

/** What has no language first; a record of which that was refused gets no translations either. */
async function writeWithTranslations(
  model: OdooModel,
  updates: readonly Update[],
  split: readonly SplitUpdate[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const plain = split.map((each) => each.plain).filter(({ vals }) => Object.keys(vals).length > 0)
  const written = plain.length > 0 ? await writePlain(model, plain, signal) : []
  const failed = new Map<string, Outcome>()
  for (const [index, outcome] of written.entries()) {
    if (outcome.kind !== 'done') failed.set(plain[index]?.id ?? '', outcome)
  }
  const others = split.filter((each) => !failed.has(each.plain.id))
  await writeTranslations(model, others, plain.length > failed.size, signal)
  const outcomes = await readWritten(
    model,
    updates.filter(({ id }) => !failed.has(id)),
    signal,
  )
  const read = new Map(others.map((each, index) => [each.plain.id, outcomes[index]]))
  return updates.map(({ id }) => failed.get(id) ?? read.get(id) ?? { kind: 'gone' })
}

async function saveMulti(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  const { connection } = model
  const shape = await model.shape(signal)
  const floorMs = connection.clock.nowMs()
  const specification = Object.fromEntries(shape.readNames.map((name) => [name, specificationOf(shape, name)]))
  const args = {
    ids: toOdooIds(updates.map((update) => update.id)),
    vals_list: updates.map((update) => update.vals),
    specification,
    context: model.context,
  }
  const rows = asRows(await connection.change(model.name, 'web_save_multi', args, signal), model.name)
  if (model.fieldNames.some((name) => !isReadBack(shape, name))) return readWritten(model, updates, signal)
  const { rows: plain, dependents } = unnest(rows, shape.reader.dependents)
  const { states, newestMs } = readRows(plain, shape.reader, floorMs, dependents)
  if (newestMs !== null) connection.clock.observe(newestMs)
  const byId = new Map(states.map((state) => [state.id, state]))
  return updates.map((update) => {
    const record = byId.get(update.id)
    return record === undefined ? { kind: 'gone' } : { kind: 'done', record, isOurs: true }
  })
}

function specificationOf(shape: ModelShape, name: string): Fields {
  const lines = shape.lines.get(name)
  if (lines === undefined) return {}
  return { fields: Object.fromEntries([...lines.dependent.fields, ...STAMPS].map((each) => [each, {}])) }
}

/**
 * It reads binary fields as their sizes, nothing of other records, a one2many without what is archived in it, and cannot
 * leave out lines that are not ours to see.
 */
function isReadBack(shape: ModelShape, name: string): boolean {
  if (!isPlain(name)) return false
  const lines = shape.lines.get(name)
  if (lines === undefined) return !/^(binary|one2many)$/.test(shape.fields.get(name)?.type ?? '')
  return lines.isWhole && lines.dependent.fields.every((each) => lines.fields.get(each)?.type !== 'binary')
}

async function writeGroup(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  const ids = toOdooIds(updates.map((update) => update.id))
  const vals = updates[0]?.vals ?? {}
  await model.connection.change(model.name, 'write', { ids, vals, context: model.context }, signal)
  return readWritten(model, updates, signal)
}

/** One transaction: a `load` of different values for the same fields, or a `write` of the same values. */
interface Step {
  readonly kind: 'load' | 'write'
  readonly updates: readonly Update[]
}

/** Several transactions: what one of them did stays done, so a later failure is told for its own records only. */
async function writeInSteps(model: OdooModel, updates: readonly Update[], signal: AbortSignal): Promise<Outcome[]> {
  const outcomes = new Map<string, Outcome>()
  const pending: Step[] = groupBy(updates, namesOf).map((alike) => {
    const isOneWrite = groupBy(alike, valuesOf).length === 1
    return { kind: isOneWrite ? 'write' : 'load', updates: alike }
  })
  for (let step = pending.shift(); step !== undefined; step = pending.shift()) {
    try {
      const results = await takeStep(model, step, signal)
      if (results === null) pending.push(...singleWrites(step))
      else for (const [index, update] of step.updates.entries()) outcomes.set(update.id, results[index] as Outcome)
    } catch (error) {
      const failure = asSyncError(error)
      // With nothing done yet, the error stands for the whole call; later it must not hide what was done.
      if (outcomes.size === 0 || failure.inDoubt) throw failure
      if (failure.disposition !== 'park')
        throw new SyncError(failure.code, failure.message, { cause: failure, inDoubt: true })
      if (step.updates.length > 1)
        pending.push(...step.updates.map((one) => ({ kind: 'write', updates: [one] }) as const))
      else for (const update of step.updates) outcomes.set(update.id, { kind: 'rejected', error: failure })
    }
  }
  return updates.map((update) => outcomes.get(update.id) as Outcome)
}

/** @returns null where nothing was written, and single writes must do. */
async function takeStep(model: OdooModel, step: Step, signal: AbortSignal): Promise<Outcome[] | null> {
  if (step.kind === 'write') {
    return answerMissing(model, step.updates, signal, (present) => writeGroup(model, present, signal))
  }
  const isLoaded = await loadRecords(model, await model.shape(signal), step.updates, signal)
  return isLoaded ? readWritten(model, step.updates, signal) : null
}

function singleWrites(step: Step): Step[] {
  return groupBy(step.updates, valuesOf).map((updates) => ({ kind: 'write', updates }))
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

const valuesOf = (update: Update) => JSON.stringify(update.vals)
const namesOf = (update: Update) => JSON.stringify(Object.keys(update.vals))

function groupBy(updates: readonly Update[], keyOf: (update: Update) => string): Update[][] {
  const groups = new Map<string, Update[]>()
  for (const update of updates) {
    const key = keyOf(update)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [update])
    else group.push(update)
  }
  return [...groups.values()]
}
