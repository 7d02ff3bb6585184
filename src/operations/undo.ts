import { SyncError } from '../contract/error.ts'
import type { Fields } from '../contract/value.ts'
import type { Context } from '../engine/context.ts'
import { fingerprint } from '../engine/fingerprint.ts'
import { readRecords } from '../engine/pull.ts'
import type { RunMemory } from '../engine/run-memory.ts'
import type { StoredChange } from '../ledger/change.ts'
import { fieldOn, otherSide, type Side } from '../mapping/mapping.ts'
import { changedError, putValues } from './put-values.ts'
import { type Replaced, undoable } from './undoable.ts'
import { leftOf, workOff } from './work-off.ts'

/** Writes back what an entry of the history replaced: the value that lost a conflict, or the values before an update. */
export interface UndoJob {
  readonly kind: 'undo'
  readonly mapping: string
  /** The entry's id, as `trace` shows it. */
  readonly entry: number
  /** Also where the record was changed since. */
  readonly force: boolean
  readonly by: string
}

export interface UndoResult {
  readonly mapping: string
  readonly side: Side
  readonly id: string
  /** What was written there; the other side follows. */
  readonly written: Fields
  /** What is still to be done about the record, and why; null: both sides have it. */
  readonly left: Pick<StoredChange, 'state' | 'fault' | 'conflicts'> | null
}

/**
 * A new change like any other: decided about, guarded and recorded. @throws SyncError `config` for an entry that is not
 * kept, `unsupported` for one that replaced nothing that is kept, `changed` where the record was changed since.
 */
export async function undo(
  context: Context,
  job: UndoJob,
  memory: RunMemory,
  signal: AbortSignal,
): Promise<UndoResult> {
  const { mapping, ledger } = context
  const entry = await ledger.historyEntry(mapping.name, job.entry)
  if (!entry) throw new SyncError('config', `The history of ${mapping.name} has no entry ${job.entry} (any more).`)
  const replaced = undoable(entry)
  if (!replaced) {
    throw new SyncError('unsupported', `Entry ${job.entry} ("${entry.event}") replaced no values that are kept.`, {
      hint: 'Values are kept of updates and lost conflicts, where history.values of the configuration is not false.',
    })
  }
  const fields = fieldsOf(context, replaced)
  if (!job.force && replaced.kind === 'pair') await checkWinner(context, replaced, signal)
  const expected = job.force || replaced.kind === 'pair' ? null : replaced.after
  const { side, id } = replaced
  await putValues(context, { side, id, fields, expected, note: { by: job.by, undoes: job.entry } }, signal)
  await workOff(context, memory, signal)
  const left = await leftOf(context, { odoo: entry.odooId, external: entry.externalId })
  const told = left && { state: left.state, fault: left.fault, conflicts: left.conflicts }
  return { mapping: mapping.name, side, id, written: fields, left: told }
}

function fieldsOf(context: Context, { kind, side, before }: Replaced): Fields {
  if (kind === 'fields') return before
  return Object.fromEntries(
    Object.entries(before).map(([name, value]) => [fieldOn(pairNamed(context, name), side), value] as const),
  )
}

function pairNamed({ mapping }: Context, name: string) {
  const rule = mapping.fields.find((each) => each.name === name)
  if (rule) return rule
  throw new SyncError('unsupported', `The mapping ${mapping.name} does not have the field pair "${name}" any more.`)
}

/** The value that won must still be there: otherwise somebody has decided again since. */
async function checkWinner(context: Context, { side, id, after }: Replaced, signal: AbortSignal): Promise<void> {
  const link = (await context.ledger.links(context.mapping.name, side, [id])).get(id)
  if (!link) return
  const winner = otherSide(side)
  const winnerId = winner === 'odoo' ? link.odooId : link.externalId
  const record = (await readRecords(context, winner, [winnerId], signal)).get(winnerId)
  for (const [name, value] of Object.entries(after)) {
    const rule = pairNamed(context, name)
    const now = record?.fields[fieldOn(rule, winner)]
    if (now === undefined || fingerprint(now) === fingerprint(value) || rule.isSame(winner, now, value)) continue
    throw changedError(context.sides[winner].schema.name, winnerId, fieldOn(rule, winner))
  }
}
