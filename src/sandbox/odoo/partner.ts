import { childIds } from './database.ts'
import { type Environment, fieldOf, rowOf } from './environment.ts'
import { commercialPartner, completeName } from './names.ts'
import { OdooError, pythonError, validationError } from './odoo-error.ts'
import type { Cell, Row } from './schema.ts'
import { deleteRows, insertRows, updateRows, type Values } from './write.ts'

/**
 * What `res.partner` adds to writing: the website gets a scheme, a contact needs a name, and a company shares its
 * address and tax id with its contacts, in both directions. That last one moves the `write_date` of records that
 * nobody named.
 */
const MODEL = 'res.partner'
const ADDRESS = ['street', 'street2', 'zip', 'city', 'country_id'] as const

export function createPartners(env: Environment, valuesList: readonly Values[]): number[] {
  const prepared = valuesList.map(prepare)
  const ids = insertRows(env, MODEL, prepared)
  for (const id of ids) checkName(env, id)
  ids.forEach((id, index) => {
    syncFields(env, id, { type: 'contact', ...prepared[index] })
  })
  return ids
}

export function writePartners(env: Environment, ids: readonly number[], values: Values): void {
  const prepared = prepare(values)
  // Odoo looks at the fields of a contact before it checks that there are such fields.
  const unknown = Object.keys(prepared).find((name) => !fieldOf(env, MODEL, name))
  if (unknown !== undefined && ids.length > 0) throw pythonError('KeyError', unknown)
  const before = new Map(ids.map((id) => [id, rowOf(env, MODEL, id)]))
  refuseUsers(env, ids, values.active === false, 'archive')
  const isRenaming = ['name', 'is_company', 'parent_id', 'company_name', 'type'].some((name) => name in prepared)
  const stampRenamed = watchNames(env, isRenaming ? ids : [])
  updateRows(env, MODEL, ids, prepared)
  stampRenamed()
  for (const id of ids) {
    checkName(env, id)
    checkHierarchy(env, id)
    const updated = Object.entries(prepared).filter(
      ([name]) => !isSame(rowOf(env, MODEL, id)?.[name], before.get(id)?.[name]),
    )
    if (updated.length > 0) syncFields(env, id, Object.fromEntries(updated))
  }
}

export function unlinkPartners(env: Environment, ids: readonly number[]): void {
  refuseUsers(env, ids, true, 'delete')
  const stampRenamed = watchNames(env, ids)
  deleteRows(env, MODEL, ids)
  stampRenamed()
}

/**
 * The complete name is stored, so a contact whose company is renamed or deleted is written to as well, archived or
 * not. Call it before the change, and what it returns after it.
 */
function watchNames(env: Environment, ids: readonly number[]): () => void {
  const names = new Map<number, string>()
  for (let level = [...ids]; level.length > 0; ) {
    level = level.flatMap((id) => childIds(env.transaction, MODEL, id)).filter((id) => !names.has(id))
    for (const id of level) names.set(id, completeName(env, partner(env, id)))
  }
  return () => {
    const isRenamed = ([id, name]: [number, string]): boolean =>
      rowOf(env, MODEL, id) !== undefined && completeName(env, partner(env, id)) !== name
    updateRows(
      env,
      MODEL,
      [...names].filter(isRenamed).map(([id]) => id),
      {},
    )
  }
}

function checkHierarchy(env: Environment, id: number): void {
  let parent = partner(env, id).parent_id
  while (typeof parent === 'number') {
    if (parent === id) throw validationError('You cannot create recursive Partner hierarchies.')
    parent = partner(env, parent).parent_id
  }
}

function isSame(left: Cell | undefined, right: Cell | undefined): boolean {
  return JSON.stringify(left ?? null) === JSON.stringify(right ?? null)
}

function prepare(values: Values): Values {
  const prepared: Record<string, unknown> = { ...values }
  if (typeof prepared.website === 'string' && prepared.website !== '') prepared.website = withScheme(prepared.website)
  if (prepared.parent_id) prepared.company_name = false
  return prepared
}

function withScheme(website: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(website) ? website : `http://${website.replace(/^\/\//, '')}`
}

function checkName(env: Environment, id: number): void {
  const row = rowOf(env, MODEL, id)
  if (row?.type === 'contact' && (row.name ?? null) === null) {
    throw validationError('The operation cannot be completed: Contacts require a name')
  }
}

/** A contact that is somebody's user account can be neither archived nor deleted. */
function refuseUsers(env: Environment, ids: readonly number[], applies: boolean, verb: 'archive' | 'delete'): void {
  if (!applies) return
  const wanted = new Set(ids)
  for (const row of env.transaction.database.tables.get('res.users')?.rows.values() ?? []) {
    if (row.active === false || !wanted.has(Number(row.partner_id))) continue
    const message = `You cannot ${verb} contacts linked to an active user.`
    // Someone who could archive the user is shown the way there: a warning that Odoo's API does not expect.
    throw env.user.isSystem ? new OdooError('odoo.exceptions.RedirectWarning', 500, message) : validationError(message)
  }
}

function partner(env: Environment, id: number): Row {
  return rowOf(env, MODEL, id) ?? {}
}

function addressOf(row: Row): Record<string, Cell> {
  return Object.fromEntries(ADDRESS.map((name) => [name, row[name] ?? null]))
}

function hasAddress(row: Row): boolean {
  return ADDRESS.some((name) => Boolean(row[name]))
}

/** Follows Odoo's `_fields_sync`: from the parent, to the parent, to the children. */
function syncFields(env: Environment, id: number, values: Values): void {
  if (values.parent_id || values.type === 'contact') syncFromParent(env, id, values)
  syncToParent(env, id, values)
  syncToChildren(env, id, values)
}

function syncFromParent(env: Environment, id: number, values: Values): void {
  const row = partner(env, id)
  if (typeof row.parent_id !== 'number') return
  const commercial = commercialPartner(env, row)
  if (values.parent_id && commercial.id !== id && commercial.vat) writePartners(env, [id], { vat: commercial.vat })
  const parent = partner(env, row.parent_id)
  if (row.type === 'contact' && hasAddress(parent)) updateRows(env, MODEL, [id], addressOf(parent))
}

function syncToParent(env: Environment, id: number, values: Values): void {
  const row = partner(env, id)
  if (typeof row.parent_id !== 'number') return
  const isMoved = 'parent_id' in values
  const parent = partner(env, row.parent_id)
  const addressChanged = isMoved || ADDRESS.some((name) => name in values)
  if (row.type === 'contact' && addressChanged && ADDRESS.some((name) => !isSame(row[name], parent[name]))) {
    writePartners(env, [row.parent_id], hasAddress(row) ? addressOf(row) : {})
  }
  const isOwnCompany = commercialPartner(env, row).id === id
  if (!isOwnCompany && (isMoved || 'vat' in values) && !isSame(row.vat, partner(env, row.parent_id).vat)) {
    writePartners(env, [row.parent_id], row.vat ? { vat: row.vat } : {})
  }
}

function syncToChildren(env: Environment, id: number, values: Values): void {
  const children = childIds(env.transaction, MODEL, id).filter((child) => partner(env, child).active !== false)
  if (children.length === 0) return
  const row = partner(env, id)
  if (commercialPartner(env, row).id === id) syncTaxId(env, id, 'vat' in values ? { vat: row.vat ?? null } : {})
  if (!ADDRESS.some((name) => name in values)) return
  const address = Object.fromEntries(
    Object.entries(values).filter(([name]) => (ADDRESS as readonly string[]).includes(name)),
  )
  updateRows(
    env,
    MODEL,
    children.filter((child) => partner(env, child).type === 'contact'),
    address,
  )
}

/** Odoo writes to the contacts of a company even where nothing they share has changed. */
function syncTaxId(env: Environment, id: number, values: Values): void {
  const children = childIds(env.transaction, MODEL, id).filter(
    (child) => partner(env, child).active !== false && partner(env, child).is_company !== true,
  )
  for (const child of children) syncTaxId(env, child, values)
  writePartners(env, children, values)
}
