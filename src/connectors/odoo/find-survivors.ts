import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import { asRows, type OdooRow } from './connection.ts'
import type { OdooModel } from './model.ts'
import { readById } from './read-by-id.ts'
import { toOdooIds } from './records.ts'

/** Merged into one that was merged in turn, and so on. */
const MAX_MERGERS = 5
/** Patterns in one search. */
const CHUNK = 50

/**
 * Where records went that a person merged into others. Odoo deletes them by SQL and keeps no list; but its wizard for
 * contacts leaves a note in the survivor's chatter, "Merged with the following partners: Ann <a@x> (ID 42)", in the
 * language of that person, with the id always in this form. Without the mail module, or the right to read its messages,
 * nothing is known.
 */
export async function findSurvivors(
  model: OdooModel,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordId, RecordId>> {
  const survivors = new Map<RecordId, RecordId>()
  let open = new Map(toOdooIds(ids).map((id) => [String(id), String(id)]))
  for (let hop = 0; hop < MAX_MERGERS && open.size > 0; hop++) {
    const merged = await readNotes(model, [...new Set(open.values())], signal)
    const existing = await readById(model, [...merged.values()], signal)
    const further = new Map<RecordId, RecordId>()
    for (const [id, at] of open) {
      const next = merged.get(at)
      if (next === undefined || next === id) continue
      if (existing.has(next)) survivors.set(id, next)
      else further.set(id, next)
    }
    open = further
  }
  return survivors
}

/** The record in whose chatter each of these is named as merged. */
async function readNotes(
  model: OdooModel,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<RecordId, RecordId>> {
  const found = new Map<RecordId, RecordId>()
  for (let start = 0; start < ids.length; start += CHUNK) {
    const some = ids.slice(start, start + CHUNK)
    for (const row of await searchNotes(model, some, signal)) {
      for (const id of some) if (isMergeNote(String(row.body), id)) found.set(id, String(row.res_id))
    }
  }
  return found
}

/** 14 does not mask the address, so that its own clean-up of HTML takes it for a tag and leaves two spaces. */
function isMergeNote(body: string, id: RecordId): boolean {
  return ['&gt;', '>', ' '].some((before) => body.includes(`${before} (ID ${id})`))
}

async function searchNotes(
  model: OdooModel,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  const domain = [
    ['model', '=', model.name],
    ['message_type', '=', 'notification'],
    ...Array<string>(ids.length - 1).fill('|'),
    ...ids.map((id) => ['body', 'like', `(ID ${id})`]),
  ]
  const args = { domain, fields: ['res_id', 'body'], order: 'id', context: model.searchContext }
  try {
    return asRows(await model.connection.call('mail.message', 'search_read', args, signal), 'mail.message')
  } catch (error) {
    if (error instanceof SyncError && /^(forbidden|forbidden_record|schema)$/.test(error.code)) return []
    throw error
  }
}
