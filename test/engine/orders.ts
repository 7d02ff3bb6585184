import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import type { FieldSchema, FieldType } from '../../src/contract/connector.ts'
import type { Fields, Value } from '../../src/contract/value.ts'

function lineFields(fields: Readonly<Record<string, FieldType>>, readOnly: readonly string[] = []) {
  const entries = Object.entries(fields).map(([name, type]): [string, FieldSchema] => [
    name,
    {
      name,
      type,
      isRequired: false,
      isReadOnly: readOnly.includes(name),
      isAssigned: readOnly.includes(name),
      relation: null,
      maxLength: null,
      scale: null,
      options: null,
    },
  ])
  return new Map(entries)
}

/** Gives a line without an id the next one, trims its text and computes its sum, as Odoo does. */
export function odooLines(): (value: Value) => Value {
  let last = 0
  return (value) =>
    Array.isArray(value)
      ? (value as readonly Fields[]).map((line) => {
          if (typeof line.id === 'number') last = Math.max(last, line.id)
          const name = typeof line.name === 'string' ? line.name.trim() || null : (line.name ?? null)
          const qty = typeof line.qty === 'number' ? Number(line.qty.toFixed(2)) : 0
          last += line.id === undefined ? 1 : 0
          return {
            sequence: null,
            price: 10,
            ...line,
            id: line.id ?? last,
            name,
            qty,
            sum: qty * Number(line.price ?? 10),
          }
        })
      : []
}

export const ORDER_LINES = lineFields(
  { sequence: 'integer', name: 'text', qty: 'decimal', price: 'decimal', sum: 'decimal' },
  ['sum'],
)

/** An Odoo-like collection with lines: whole-second times, hints, ids for the lines, a computed field in them. */
export function orders(): CollectionOptions {
  return {
    fields: {
      ref: { type: 'text' },
      note: { type: 'text' },
      order_line: {
        type: 'lines',
        lines: ORDER_LINES,
      },
      active: { type: 'boolean' },
    },
    defaults: { active: true, order_line: [] },
    normalise: { order_line: odooLines() },
    feed: { kind: 'window' },
    deletes: 'listed',
    archive: { field: 'active', archived: false },
    storedInTransaction: true,
    rejects: 'whole',
    maxBatch: 50,
  }
}

/** A table with its lines in a JSON column: guarded writes, a change log. */
export const SHOP_ORDERS: CollectionOptions = {
  fields: {
    code: { type: 'text' },
    remark: { type: 'text' },
    lines: { type: 'json' },
    archived: { type: 'boolean' },
  },
  defaults: { archived: false, lines: [] },
  key: 'code',
  unique: ['code'],
  feed: { kind: 'log' },
  deletes: 'pushed',
  guardedWrites: true,
  archive: { field: 'archived', archived: true },
  rejects: 'whole',
  maxBatch: 50,
}

/** `lines` replaces options of the lines, `more` adds top-level lines to the file. */
export function orderMapping(lines = '', more = ''): string {
  return `
mapping: orders
odoo: { connection: erp, collection: orders, key: ref }
external: { connection: shop, collection: orders, key: code }
key: { generate: "{side}-{id}" }
fields:
  - { odoo: note, external: remark }
  - { odoo: active, external: archived, transform: not }
lines:
  - odoo: order_line
    external: lines
    key: { odoo: sequence, external: no }
    fields:
      - { odoo: name, external: text }
      - { odoo: qty, external: qty }
      - { odoo: sum, external: sum, direction: from-odoo }
${lines}
deletes: { from_odoo: archive, from_external: archive }
${more}`
}
