import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { StoredChange } from '../ledger/change.ts'
import { generateKey, keyText } from '../mapping/key.ts'
import { fieldOn, otherSide, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'

/**
 * Keys for records of `side` that have none, in their order: from the mapping's template, or reserved from the other
 * side's sequence. A record is named before it is created, so that a create in doubt can be looked up.
 * @throws SyncError `key` when there is no way to get one.
 */
export async function assignKeys(
  context: Context,
  side: Side,
  changes: readonly StoredChange[],
  signal: AbortSignal,
): Promise<readonly Value[]> {
  const { mapping, sides } = context
  const { generate } = mapping.key
  if (generate !== null) return changes.map((change) => generateKey(generate, side, change.id))
  const target = otherSide(side)
  const field = fieldOn(mapping.key, target)
  const reserved = await sides[target].collection.sink?.reserve?.(field, changes.length, signal)
  if (reserved && reserved.length === changes.length) {
    const isText = sides[side].schema.fields.get(fieldOn(mapping.key, side))?.type === 'text'
    return isText ? reserved.map((value) => keyText(value)) : reserved
  }
  throw new SyncError(
    'key',
    `${side} ${changes[0]?.id} has no ${fieldOn(mapping.key, side)}, and ${field} gives none.`,
    {
      hint: `Fill in ${fieldOn(mapping.key, side)}, or let mapping ${mapping.name} make keys with key: { generate: "{side}-{id}" }.`,
    },
  )
}

export function hasKey(context: Context, side: Side, change: StoredChange): boolean {
  return keyText(change.fields[fieldOn(context.mapping.key, side)] ?? null) !== null
}
