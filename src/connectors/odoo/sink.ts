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
import { applyThroughWebhook, type WebhookOperation, type WebhookSink } from './hooks/apply-webhook.ts'
import { lineCommands, namingLines } from './line-commands.ts'
import type { ModelShape, OdooModel } from './model.ts'
import { type PropertyValues, propertyValues } from './properties.ts'
import { readById } from './read-by-id.ts'
import { removeRecords } from './remove-records.ts'
import { pythonName } from './transport/odoo-fault.ts'
import { updateRecords } from './update-records.ts'
import { encoderFor, encodeSetChange } from './values.ts'
import { readWriters } from './writers.ts'

/** @param webhook where changes are sent instead of being made by calls; null: nowhere. */
export function createSink(model: OdooModel, webhook: WebhookSink | null = null): Sink {
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
        return await readBirths(model, ids, webhook !== null, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    writers: (ids, signal) => readWriters(model, ids, signal),
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
        return await applyOperations(model, webhook, operations, signal)
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
  webhook: WebhookSink | null,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const shape = await model.shape(signal)
  const contents = streamedValues(operations)
  const properties = await propertyValues(model, shape, operations, encoderFor, signal)
  const outcomes: Outcome[] = []
  const creates: { at: number; vals: Fields }[] = []
  const updates: { at: number; id: string; vals: Fields }[] = []
  const lineTexts: string[] = []
  const removes: { at: number; id: string }[] = []
  operations.forEach((operation, at) => {
    if (operation.kind === 'remove') {
      removes.push({ at, id: operation.id })
      return
    }
    const vals = encodeFields(model, shape, operation, lineTexts, properties)
    if (vals instanceof SyncError) outcomes[at] = { kind: 'rejected', error: vals }
    else if (webhook && operation.kind === 'create' && !vals[webhook.keyField]) outcomes[at] = keyless(webhook)
    else if (operation.kind === 'create') creates.push({ at, vals })
    else updates.push({ at, id: operation.id, vals })
  })
  const place = (items: readonly { at: number }[], results: readonly Outcome[]) => {
    items.forEach((item, index) => {
      outcomes[item.at] = results[index] as Outcome
    })
  }
  if (webhook) {
    if (contents.size > 0) throw filesThroughWebhook(model)
    const sent = [...creates, ...updates, ...removes]
    place(sent, await applyThroughWebhook(webhook, webhookOperations(webhook, creates, updates, removes), signal))
    return outcomes
  }
  const target = contents.size > 0 ? modelStreaming(model, contents) : model
  const createVals = creates.map((item) => item.vals)
  try {
    if (creates.length > 0) place(creates, await createRecords(target, createVals, signal))
    if (updates.length > 0) place(updates, await updateRecords(target, updates, signal))
    if (removes.length > 0) place(removes, await removeRecords(model, removes, signal))
  } catch (error) {
    if (operations.length > 1) throw error
    if (await areLinesGone(model, operations[0], error, signal)) return [{ kind: 'stale' }]
    throw namingLines(error, lineTexts)
  }
  return outcomes
}

function filesThroughWebhook(model: OdooModel): SyncError {
  return new SyncError('config', `Files of ${model.name} cannot be sent through a webhook.`, {
    hint: 'Use apply: rpc for this mapping, or leave the files to a mapping of their own.',
  })
}

/** Nobody could tell which record a webhook made of it. */
function keyless({ model, keyField }: WebhookSink): Outcome {
  const message = `A ${model.name} without ${keyField} cannot be made through a webhook.`
  const hint = 'Let the mapping make keys (key: generate), or use apply: rpc.'
  return { kind: 'rejected', error: new SyncError('key', message, { hint }) }
}

function webhookOperations(
  { keyField }: WebhookSink,
  creates: readonly { readonly vals: Fields }[],
  updates: readonly { readonly id: string; readonly vals: Fields }[],
  removes: readonly { readonly id: string }[],
): readonly WebhookOperation[] {
  return [
    ...creates.map(({ vals }): WebhookOperation => ({ kind: 'create', vals, key: vals[keyField] ?? null })),
    ...updates.map(({ id, vals }): WebhookOperation => ({ kind: 'update', id, vals })),
    ...removes.map(({ id }): WebhookOperation => ({ kind: 'remove', id })),
  ]
}

/** Whether an update was refused because a line that it was decided about is not there any more. */
async function areLinesGone(
  model: OdooModel,
  operation: Operation | undefined,
  error: unknown,
  signal: AbortSignal,
): Promise<boolean> {
  if (operation?.kind !== 'update' || pythonName(error) !== 'odoo.exceptions.MissingError') return false
  const names = Object.keys(operation.fields).filter((name) => model.lines[name] !== undefined)
  if (names.length === 0) return false
  const state = (await readById(model, [operation.id], signal)).get(operation.id)
  return names.some((name) => {
    const present = new Set(lineIds(state?.fields[name]))
    return lineIds(operation.expected?.[name]).some((id) => !present.has(id))
  })
}

function lineIds(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Fields[]).map((line) => line.id ?? null) : []
}

/** @param lineTexts takes what is asked of lines, in words. */
function encodeFields(
  model: OdooModel,
  shape: ModelShape,
  operation: Exclude<Operation, { kind: 'remove' }>,
  lineTexts: string[],
  properties: PropertyValues,
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
      if (field.type === 'properties') {
        const values = operation.kind === 'update' ? properties.get(operation.id)?.[name] : undefined
        if (values instanceof SyncError) return values
        if (values !== undefined) vals[name] = values
        continue
      }
      const lines = shape.lines.get(name)
      if (lines !== undefined) {
        const commands = lineCommands(model, name, lines, value, before ?? null)
        lineTexts.push(...commands.map(({ text }) => text))
        if (commands.length > 0) vals[name] = commands.map(({ command }) => command)
        continue
      }
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
