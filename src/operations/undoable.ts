import type { Fields } from '../contract/value.ts'
import type { HistoryEntry } from '../ledger/history.ts'
import type { Side } from '../mapping/mapping.ts'

/** What an entry of the history replaced, so that it can be written back. */
export interface Replaced {
  readonly side: Side
  readonly id: string
  /** By the mapping's name of the pair (`pair`) or by the side's own field names (`fields`). */
  readonly kind: 'pair' | 'fields'
  /** The values to write back. */
  readonly before: Fields
  /** What the record holds if nobody changed it since; for `pair`, in the other side's terms. */
  readonly after: Fields
}

/** null: this entry replaced nothing that is kept. */
export function undoable({ event, side, odooId, externalId, detail }: HistoryEntry): Replaced | null {
  const id = side === 'odoo' ? odooId : externalId
  if (id === null) return null
  if (event === 'lost' && typeof detail.field === 'string' && 'value' in detail) {
    const [before, after] = [{ [detail.field]: detail.value }, { [detail.field]: detail.winner ?? null }] as Fields[]
    return { side, id, kind: 'pair', before: before ?? {}, after: after ?? {} }
  }
  const isWrite = event === 'updated' || event === 'archived' || event === 'edited'
  const { before, after } = detail
  if (!isWrite || !isFields(before) || !isFields(after)) return null
  const names = Object.keys(after)
  // Lines are told one by one ("order_line[10].qty"), and cannot be put together again from that.
  if (names.length === 0 || names.some((name) => name.includes('['))) return null
  return { side, id, kind: 'fields', before, after }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
