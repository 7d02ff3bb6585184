import type { Side } from '../../mapping/mapping.ts'

/** Where the story of a record is told. */
export function storyHref(
  mapping: string,
  record: { readonly key?: string | null; readonly odooId?: string | null; readonly externalId?: string | null },
): string {
  const { key = null, odooId = null, externalId = null } = record
  const query = new URLSearchParams()
  if (odooId !== null) query.set('odoo', odooId)
  else if (externalId !== null) query.set('external', externalId)
  else if (key !== null) query.set('key', key)
  return `/trace/${mapping}?${query}`
}

/** `/dead-letters/customers/odoo/42`. */
export function recordHref(place: 'conflicts' | 'dead-letters', mapping: string, side: Side, id: string): string {
  return `/${place}/${mapping}/${side}/${encodeURIComponent(id)}`
}

/** How a record is called: by its key, or by its id on a side. */
export function recordName(record: { readonly key: string | null; readonly side: Side; readonly id: string }): string {
  return record.key ?? `${record.side} ${record.id}`
}
