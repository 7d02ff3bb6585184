import type { Change, RecordId } from '../../contract/change.ts'
import { type OdooModel, readRecords } from './model.ts'
import { readById } from './read-by-id.ts'
import { toOdooIds } from './records.ts'

/** What there is to say of some records now: those in the collection's filter in one call, the others in a second one. */
export async function lookAtRecords(
  model: OdooModel,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<readonly Change[]> {
  const domain = [...model.spec.domain, ['id', 'in', toOdooIds(ids)]]
  const members = new Map((await readRecords(model, domain, null, signal)).map((state) => [state.id, state]))
  const others = ids.filter((id) => !members.has(id))
  const outside = others.length === 0 ? members : await readById(model, others, signal)
  return ids.flatMap((id): Change[] => {
    const state = members.get(id)
    if (state !== undefined) return [{ kind: 'state', state }]
    return outside.has(id) ? [] : [{ kind: 'gone', id, atMs: null }]
  })
}
