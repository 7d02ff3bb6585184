import type { RecordId, RecordState } from '../../contract/change.ts'
import { asRows } from './connection.ts'
import { type OdooModel, readRecords, toStates } from './model.ts'
import { toOdooIds } from './records.ts'
import { pythonName } from './transport/odoo-fault.ts'

/**
 * Records by id, whatever the collection's filter says. Absent from the answer: surely does not exist. A record that a
 * rule hides from our user looks deleted in every search, and deleting its counterpart would be wrong: it is answered as
 * a state without fields, which says "it exists, and nothing is known of it".
 */
export async function readById(
  model: OdooModel,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<Map<RecordId, RecordState>> {
  const found = new Map<RecordId, RecordState>()
  const numbers = toOdooIds(ids)
  if (numbers.length === 0) return found
  for (const state of await readRecords(model, [['id', 'in', numbers]], null, signal)) found.set(state.id, state)
  const missing = numbers.filter((id) => !found.has(String(id)))
  if (missing.length > 0) await readUnsearchable(model, missing, found, signal)
  return found
}

/**
 * `read` tells three cases apart that a search does not: it leaves out what does not exist, gives what the model merely
 * keeps out of its searches, and refuses the whole call when one of the records is forbidden.
 */
async function readUnsearchable(
  model: OdooModel,
  ids: readonly number[],
  found: Map<RecordId, RecordState>,
  signal: AbortSignal,
): Promise<void> {
  const { connection } = model
  const shape = await model.shape(signal)
  const floorMs = connection.clock.nowMs()
  try {
    const args = { ids, fields: shape.readNames, load: '', context: model.context }
    const rows = asRows(await connection.call(model.name, 'read', args, signal), model.name)
    for (const state of await toStates(model, shape, rows, floorMs, signal)) found.set(state.id, state)
  } catch (error) {
    if (pythonName(error) !== 'odoo.exceptions.AccessError') throw error
    if (ids.length === 1) {
      const id = String(ids[0])
      found.set(id, { id, version: null, changedAtMs: null, byUs: null, fields: {} })
      return
    }
    const middle = ids.length >> 1
    await readUnsearchable(model, ids.slice(0, middle), found, signal)
    await readUnsearchable(model, ids.slice(middle), found, signal)
  }
}
