import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { CONFIRM_STEP, CUSTOMERS, customers, LABEL } from './customers.ts'
import { CHECKED } from './history.ts'

export interface Variant {
  readonly name: string
  readonly mapping: string
  /** The fields whose value must be one that somebody wrote: not those that an owner puts back. */
  readonly checked: readonly string[]
  readonly shop: CollectionOptions
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
