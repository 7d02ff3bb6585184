import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { roundedTo, sanitised, trimmed } from '../../src/connectors/memory/stored-form.ts'

/** An Odoo-like collection: whole-second times, hints, sanitised HTML, no guarded writes, archived by `active`. */
export const PARTNERS: CollectionOptions = {
  fields: {
    name: { type: 'text' },
    ref: { type: 'text' },
    email: { type: 'text' },
    phone: { type: 'text' },
    comment: { type: 'html' },
    credit: { type: 'decimal', scale: 2 },
    parent_id: { type: 'reference', relation: 'partners' },
    active: { type: 'boolean' },
    confirmed: { type: 'integer' },
  },
  defaults: { active: true },
  normalise: { name: trimmed, comment: sanitised, credit: roundedTo(2) },
  feed: { kind: 'window' },
  deletes: 'listed',
  archive: { field: 'active', archived: false },
  storedInTransaction: false,
  rejects: 'whole',
  maxBatch: 50,
  onReferencedRemove: 'clear',
  // Counts its calls, so that a test sees each one that was too many.
  methods: { confirm: ({ confirmed }) => ({ fields: { confirmed: Number(confirmed ?? 0) + 1 } }) },
}

/** For the end of a mapping: partners are confirmed when the shop knows them by this phone number. */
export const CONFIRM_STEP = `
steps:
  - name: confirm
    when: "external.phone == '2'"
    unless: "or(odoo.confirmed, 0) > 0"
    call: { method: confirm }
`

/** A value that depends on both sides. */
export const LABEL = `{ external: label, value: "or(odoo.name, '') + ' ' + or(external.phone, '-')" }`

/** A table with triggers: a change log, guarded writes, deletes told at once. */
export const CUSTOMERS: CollectionOptions = {
  fields: {
    full_name: { type: 'text' },
    code: { type: 'text' },
    email: { type: 'text' },
    phone: { type: 'text' },
    notes: { type: 'text' },
    credit: { type: 'decimal' },
    parent: { type: 'integer' },
    archived: { type: 'boolean' },
    label: { type: 'text' },
  },
  defaults: { archived: false },
  key: 'code',
  unique: ['code'],
  normalise: { email: trimmed },
  feed: { kind: 'log' },
  deletes: 'pushed',
  guardedWrites: true,
  archive: { field: 'archived', archived: true },
  rejects: 'whole',
  maxBatch: 50,
  onReferencedRemove: 'clear',
}

/** `more` replaces or adds top-level lines of the file. */
export function customers(more = ''): string {
  return `
mapping: customers
odoo: { connection: erp, collection: partners, key: ref }
external: { connection: shop, collection: customers, key: code }
key: { generate: "{side}-{id}" }
fields:
  - { odoo: name, external: full_name }
  - { odoo: email, external: email }
  - { odoo: phone, external: phone }
  - { odoo: comment, external: notes }
  - { odoo: credit, external: credit }
  - { odoo: parent_id, external: parent, link: customers }
  - { odoo: active, external: archived, transform: not }
deletes: { from_odoo: archive, from_external: archive }
${more}`
}
