import type { RecordId } from '../../contract/change.ts'
import { asRows } from './connection.ts'
import type { OdooModel } from './model.ts'
import { toOdooIds } from './records.ts'

/** The names of the users who wrote these records last, as Odoo shows them. */
export async function readWriters(
  model: OdooModel,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<Map<RecordId, string>> {
  const numbers = toOdooIds(ids)
  if (numbers.length === 0) return new Map()
  // Without `load: ''`: it is the name that is wanted.
  const args = { domain: [['id', 'in', numbers]], fields: ['write_uid'], context: model.searchContext }
  const rows = asRows(await model.connection.call(model.name, 'search_read', args, signal), model.name)
  return new Map(
    rows.flatMap(({ id, write_uid: user }): [RecordId, string][] =>
      Array.isArray(user) && typeof user[1] === 'string' ? [[String(id), user[1]]] : [],
    ),
  )
}
