import { COUNTRIES } from './countries.ts'
import { type Database, install, tableOf } from './database.ts'
import type { Cell, Row } from './schema.ts'

/** The user that the daemon signs in as, and a person. The ids are those of a fresh Odoo 19 with one bot user. */
export const ADMIN_UID = 2
export const BOT_UID = 5

const PEOPLE = [
  { uid: 1, login: '__system__', name: 'OdooBot', partner: 2, active: false },
  { uid: ADMIN_UID, login: 'admin', name: 'Administrator', partner: 3, active: true },
  { uid: 3, login: 'public', name: 'Public user', partner: 4, active: false },
  { uid: 4, login: 'portaltemplate', name: 'Portal User Template', partner: 5, active: false },
  { uid: BOT_UID, login: 'tandem', name: 'Tandem', partner: 6, active: true },
] as const

const CURRENCIES = [
  ['USD', '$', 0.01],
  ['EUR', '€', 0.01],
  ['CHF', 'CHF', 0.01],
  ['GBP', '£', 0.01],
  ['JPY', '¥', 1],
] as const

/** What every database starts with: its company, users, countries and currencies. */
export function seed(database: Database): void {
  const us = database.nowUs()
  const own = { create_uid: 1, create_date: us, write_uid: 1, write_date: us }
  const add = (model: string, row: Record<string, Cell>): void => {
    const table = tableOf(database, model)
    const stored: Row = { ...own, id: table.nextId, ...row }
    database.journal?.append([{ model, id: Number(stored.id), row: stored }])
    install(table, Number(stored.id), stored)
  }
  const person = { type: 'contact', color: 0, lang: 'en_US', is_company: false, customer_rank: 0, supplier_rank: 0 }
  add('res.partner', { ...person, name: 'My Company', is_company: true, active: true })
  add('res.company', { name: 'My Company', sequence: 0, partner_id: 1 })
  for (const { partner, name, active } of PEOPLE) add('res.partner', { ...person, id: partner, name, active })
  for (const { uid, login, name, partner, active } of PEOPLE) {
    add('res.users', { id: uid, login, name, active, partner_id: partner })
  }
  for (const [name, symbol, rounding] of CURRENCIES) {
    add('res.currency', { name, symbol, rounding, active: name === 'USD' || name === 'EUR' })
  }
  for (const [code, name] of COUNTRIES) add('res.country', { code, name })
}
