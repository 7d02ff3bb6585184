import { z } from 'zod'
import type { Change } from '../../../contract/change.ts'
import { SyncError } from '../../../contract/error.ts'
import type { HookCall } from '../../../contract/hooks.ts'

/** What a server action "Send Webhook Notification" posts; the fields of the record, if any, are left aside. */
const payload = z.looseObject({ _model: z.string(), _id: z.int().min(1) })

/** The `event` in the address of the hook that tells of deletes. */
export const GONE = 'gone'

/** Odoo tells which record, after its transaction. @throws SyncError `invalid` */
export function parseHook(model: string, { body, event }: HookCall): readonly Change[] {
  const parsed = payload.safeParse(body)
  if (!parsed.success) throw new SyncError('invalid', 'This is not what a webhook of Odoo sends: _model, _id.')
  const { _model, _id } = parsed.data
  if (_model !== model) throw new SyncError('invalid', `This address is told of ${model}, not of ${_model}.`)
  const id = String(_id)
  return [event === GONE ? { kind: 'gone', id, atMs: null } : { kind: 'hint', id, version: null }]
}
