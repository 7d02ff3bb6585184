import { SyncError } from '../../contract/error.ts'
import type { Operation, Outcome, Sink } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { readBirths } from './births.ts'
import { modelStreaming, openContent, streamedValues, wireName } from './contents.ts'
import { createRecords } from './create-records.ts'
import { explainError } from './explain-error.ts'
import { translationOf } from './field-name.ts'
import { findRecords } from './find-records.ts'
import { findSurvivors } from './find-survivors.ts'
import type { ModelShape, OdooModel } from './model.ts'
import { readById } from './read-by-id.ts'
import { removeRecords } from './remove-records.ts'
import { updateRecords } from './update-records.ts'
import { encoderFor, encodeSetChange } from './values.ts'

export function createSink(model: OdooModel): Sink {
  return {
    async read(ids, signal) {
      try {
        return await readById(model, ids, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    async births(ids, signal) {
      try {
        return await readBirths(model, ids, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    async find(request, signal) {
      try {
        return await findRecords(model, request, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    async survivors(ids, signal) {
      try {
        return await findSurvivors(model, ids, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    async apply(operations, signal) {
      const access = ({ create: 'create', update: 'write', remove: 'unlink' } as const)[operations[0]?.kind ?? 'update']
      try {
        return await applyOperations(model, operations, signal)
      } catch (error) {
        throw await explainError(error, model, access, operations.length, signal)
      }
    },
    async *openContent(id, field, signal) {
      try {
        yield* openContent(model, id, field, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 1, signal)
      }
    },
  }
}

/**
 * Values that cannot be encoded are rejected here, each alone; the rest goes to Odoo in one call, which is one
 * transaction: when it fails, nothing of it was done.
 */
async function applyOperations(
  model: OdooModel,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const shape = await model.shape(signal)
  const contents = streamedValues(operations)
  const outcomes: Outcome[] = []
  const creates: { at: number; vals: Fields }[] = []
  const updates: { at: number; id: string; vals: Fields }[] = []
  const removes: { at: number; id: string }[] = []
  operations.forEach((operation, at) => {
    if (operation.kind === 'remove') {
      removes.push({ at, id: operation.id })
      return
    }
    const vals = encodeFields(model, shape, operation)
    if (vals instanceof SyncError) outcomes[at] = { kind: 'rejected', error: vals }
    else if (operation.kind === 'create') creates.push({ at, vals })
    else updates.push({ at, id: operation.id, vals })
  })
  const place = (items: readonly { at: number }[], results: readonly Outcome[]) => {
    items.forEach((item, index) => {
      outcomes[item.at] = results[index] as Outcome
    })
  }
  const target = contents.size > 0 ? modelStreaming(model, contents) : model
  const createVals = creates.map((item) => item.vals)
  if (creates.length > 0) place(creates, await createRecords(target, createVals, signal))
  if (updates.length > 0) place(updates, await updateRecords(target, updates, signal))
  if (removes.length > 0) place(removes, await removeRecords(model, removes, signal))
  return outcomes
}

function encodeFields(
  model: OdooModel,
  shape: ModelShape,
  operation: Exclude<Operation, { kind: 'remove' }>,
): Fields | SyncError {
  const vals: Record<string, Value> = {}
  const expected = operation.kind === 'update' ? (operation.expected ?? {}) : {}
  for (const [name, value] of Object.entries(operation.fields)) {
    const translation = translationOf(name)
    if (translation !== null && operation.kind === 'create') {
      return new SyncError(
        'unsupported',
        `${model.name}.${name} can be written once the record exists, not with its create`,
      )
    }
    const field = shape.fields.get(translation?.field ?? name)
    if (field === undefined) {
      throw new SyncError('schema', `${model.name} has no field ${name}, or our user may not see it`, {
        hint: 'Correct the mapping.',
      })
    }
    try {
      const before = expected[name]
      const where = `${model.name}.${name}`
      vals[translation === null ? wireName(model.name, name) : name] =
        field.type === 'many2many' && before !== undefined
          ? encodeSetChange(before, value, where)
          : encoderFor(field.type)(value, where)
    } catch (error) {
      if (error instanceof SyncError) return error
      throw error
    }
  }
  return vals
}
