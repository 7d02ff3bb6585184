import type { RecordState } from '../../contract/change.ts'
import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Outcome } from '../../contract/sink.ts'
import type { Fields } from '../../contract/value.ts'
import { type OdooModel, readRecords } from './model.ts'

/** One `create` for all, then one read: `create` answers with ids only. */
export async function createRecords(
  model: OdooModel,
  valsList: readonly Fields[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const args = { vals_list: valsList, context: model.context }
  const ids = await model.connection.change(model.name, 'create', args, signal)
  if (!Array.isArray(ids) || ids.length !== valsList.length) {
    throw new SyncError(
      'unexpected',
      `Odoo's answer to the create of ${valsList.length} ${model.name} is not their ids`,
      {
        inDoubt: true,
      },
    )
  }
  const stored = await readCreated(model, ids, signal)
  return ids.map((id) => {
    const record = stored.get(String(id))
    if (record !== undefined) return { kind: 'done', record, isOurs: record.byUs === true }
    // Hidden from us by a rule, or gone again. The id is worth keeping all the same.
    const bare: RecordState = { id: String(id), version: null, changedAtMs: null, byUs: null, fields: {} }
    return { kind: 'done', record: bare, isOurs: false }
  })
}

/** @throws SyncError always in doubt: the records are there, whatever happens to the read. */
async function readCreated(
  model: OdooModel,
  ids: readonly number[],
  signal: AbortSignal,
): Promise<Map<string, RecordState>> {
  try {
    const states = await readRecords(model, [['id', 'in', ids]], null, signal)
    return new Map(states.map((state) => [state.id, state]))
  } catch (cause) {
    const { code, message } = asSyncError(cause)
    throw new SyncError(code, `The records were created, but could not be read back: ${message}`, {
      cause,
      inDoubt: true,
    })
  }
}
