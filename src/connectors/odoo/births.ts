import type { RecordId } from '../../contract/change.ts'
import type { Birth } from '../../contract/sink.ts'
import { type OdooModel, searchRows } from './model.ts'
import { parseWriteDate } from './record-version.ts'
import { isByUser, toOdooIds } from './records.ts'

/**
 * `create_date` is the start of the creating transaction, in whole seconds over RPC, and nobody can write it there.
 * @param isIndirect our records are made by a webhook, which may do that as whatever user it likes.
 */
export async function readBirths(
  model: OdooModel,
  ids: readonly RecordId[],
  isIndirect: boolean,
  signal: AbortSignal,
): Promise<Map<RecordId, Birth>> {
  const births = new Map<RecordId, Birth>()
  const numbers = toOdooIds(ids)
  if (numbers.length === 0) return births
  const ownUserId = await model.connection.ownUserId(signal)
  const names = ['create_date', 'create_uid', 'write_date']
  const rows = await searchRows(model, [['id', 'in', numbers]], names, null, 'id', signal)
  for (const row of rows) {
    const createdAtMs = parseWriteDate(row.create_date)
    const changedAtMs = parseWriteDate(row.write_date)
    if (Number.isNaN(createdAtMs)) continue
    const isOurs = isByUser(row.create_uid, ownUserId)
    births.set(String(row.id), {
      createdAtMs,
      changedAtMs: Number.isNaN(changedAtMs) ? null : changedAtMs,
      byUs: isIndirect && !isOurs ? null : isOurs,
    })
  }
  return births
}
