import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import {
  CONFIRM_STEP,
  CUSTOMERS,
  CUSTOMERS_WITH_LINES,
  customerLines,
  customers,
  LABEL,
  PARTNERS_WITH_LINES,
} from './customers.ts'
import { CHECKED } from './history.ts'
import { odooLines } from './orders.ts'

export interface Variant {
  readonly name: string
  readonly mapping: string
  /** The fields whose value must be one that somebody wrote: not those that an owner puts back. */
  readonly checked: readonly string[]
  readonly shop: CollectionOptions
  /** The Odoo side, made anew for each history; the plain one unless given. */
  readonly partners?: () => CollectionOptions
}

function withDeletes(policy: string, more: string): string {
  return customers(more).replace(/from_(odoo|external): archive/g, `from_$1: ${policy}`)
}

export const ARCHIVES: Variant = {
  name: 'newest wins, archives',
  mapping: customers(CONFIRM_STEP),
  checked: CHECKED,
  shop: CUSTOMERS,
}

export const DELETES: Variant = {
  name: 'odoo wins, deletes',
  mapping: withDeletes('delete', 'conflict: odoo').replace('fields:', `fields:\n  - ${LABEL}`),
  checked: CHECKED,
  shop: CUSTOMERS,
}

export const HINTS: Variant = {
  name: 'the shop wins and only hints, deletes are ignored',
  mapping: withDeletes('ignore', `conflict: external\n${CONFIRM_STEP}`).replace('fields:', `fields:\n  - ${LABEL}`),
  checked: CHECKED,
  shop: { ...CUSTOMERS, feed: { kind: 'log', tells: 'hint' }, guardedWrites: false },
}

export const PEOPLE: Variant = {
  name: 'people decide, each side owns a field',
  mapping: customers('conflict: manual')
    .replace('external: email }', 'external: email, owner: external }')
    .replace('external: phone }', 'external: phone, owner: odoo }'),
  checked: ['name', 'credit'],
  shop: CUSTOMERS,
}

/** Nothing refers to anything, so that a page of new records is planned while the one before is being sent. */
export const PAGES: Variant = {
  name: 'pages of two records, the shop keeps no keys apart',
  mapping: customers('page_size: 2').replace(/.*link: customers.*\n/, ''),
  checked: CHECKED,
  shop: { ...CUSTOMERS, unique: [], key: '' },
}

/** Records with lines: people add, edit and take away lines on both sides. */
export const LINES: Variant = {
  name: 'lines, the newest wins',
  mapping: customers(customerLines()),
  checked: CHECKED,
  shop: CUSTOMERS_WITH_LINES,
  partners: () => ({ ...PARTNERS_WITH_LINES, normalise: { ...PARTNERS_WITH_LINES.normalise, line_ids: odooLines() } }),
}

export const HINTED_LINES: Variant = {
  ...LINES,
  name: 'lines, the shop wins and only hints',
  mapping: customers(customerLines('conflict: external')),
  shop: { ...CUSTOMERS_WITH_LINES, feed: { kind: 'log', tells: 'hint' } },
}
