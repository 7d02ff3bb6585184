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
}

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
