import { type Environment, rowOf } from './environment.ts'
import type { Row } from './schema.ts'

/** What a record is called: `display_name`, and the second half of a many2one as it is read. */
export function displayName(env: Environment, model: string, id: number): string {
  const row = rowOf(env, model, id)
  if (!row) return `${model},${id}`
  if (model === 'res.partner') return completeName(env, row)
  const name = String(row.name ?? '')
  if (model !== 'res.partner.category' || typeof row.parent_id !== 'number') return name
  return `${displayName(env, model, row.parent_id)} / ${name}`
}

const TYPE_NAMES: Readonly<Record<string, string>> = { invoice: 'Invoice', delivery: 'Delivery', other: 'Other' }

/** A contact of a company carries the company's name before its own. */
export function completeName(env: Environment, row: Row): string {
  const name = String(row.name ?? '') || ''
  const parent = typeof row.parent_id === 'number' ? rowOf(env, 'res.partner', row.parent_id) : undefined
  if (!parent && !row.company_name) return name.trim()
  const shown = name || (TYPE_NAMES[String(row.type)] ?? '')
  if (row.is_company === true) return shown.trim()
  return `${commercialCompanyName(env, row) || String(parent?.name ?? '')}, ${shown}`.trim()
}

function commercialCompanyName(env: Environment, row: Row): string {
  const commercial = commercialPartner(env, row)
  return String((commercial.is_company === true ? commercial.name : row.company_name) ?? '')
}

/** The company at the top of a contact, or the contact itself: the one that owns the tax id. */
export function commercialPartner(env: Environment, row: Row): Row {
  let current = row
  for (let depth = 0; depth < 100; depth++) {
    if (current.is_company === true || typeof current.parent_id !== 'number') return current
    const parent = rowOf(env, 'res.partner', current.parent_id)
    if (!parent) return current
    current = parent
  }
  return current
}
