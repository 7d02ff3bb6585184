import { SyncError } from '../contract/error.ts'
import type { Fields } from '../contract/value.ts'
import type { Context } from '../engine/context.ts'
import type { RunMemory } from '../engine/run-memory.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { Side } from '../mapping/mapping.ts'
import { putValues } from './put-values.ts'
import { leftOf, workOff } from './work-off.ts'

/** Corrects the values of a dead letter where they come from, and tries it again. */
export interface EditJob {
  readonly kind: 'edit'
  readonly mapping: string
  readonly side: Side
  readonly id: string
  /** By the field names of `side`. */
  readonly fields: Fields
  readonly by: string
}

export interface EditResult {
  readonly mapping: string
  readonly side: Side
  readonly id: string
  /** What is still to be done about the record, and why; null: it is applied. */
  readonly left: Pick<StoredChange, 'state' | 'fault' | 'conflicts'> | null
}

/**
 * @throws SyncError `config` where the record has no dead letter, `changed` where it was changed since, and as `putValues`.
 */
export async function editDeadLetter(
  context: Context,
  job: EditJob,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<EditResult> {
  const { mapping, ledger } = context
  const { side, id, fields, by } = job
  const [found] = await ledger.changes(mapping.name, { state: 'dead', side, id, limit: 1 })
  if (!found) {
    throw new SyncError(
      'config',
      `${mapping.name} has no dead letter for ${side} ${id} whose values could be edited.`,
      {
        hint: `See which there are: tandem dead-letters list ${mapping.name}`,
      },
    )
  }
  if (found.change.kind === 'gone') throw new SyncError('unsupported', `${side} ${id} is deleted: it has no values.`)
  const expected = Object.fromEntries(
    Object.keys(fields).flatMap((name) => {
      const value = found.change.fields[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
  await putValues(context, { side, id, fields, expected, note: { by } }, signal)
  await workOff(context, memory, signal)
  const left = await leftOf(context, { odoo: side === 'odoo' ? id : null, external: side === 'external' ? id : null })
  return {
    mapping: mapping.name,
    side,
    id,
    left: left && { state: left.state, fault: left.fault, conflicts: left.conflicts },
  }
}
