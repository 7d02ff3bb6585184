import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'

/** Every type of field, with a value each way and what each side's emptiness is on the other. */
export interface TypeCase {
  readonly type: string
  readonly odoo: string
  readonly sql: string
  /** More of the pair's line in the mapping. */
  readonly pair?: string
  /** What a person writes in Odoo, and what is in the table then. */
  readonly fromOdoo: readonly [written: unknown, column: unknown]
  /** What the shop writes, and what Odoo reads then; null: the pair goes one way only. */
  readonly fromShop: readonly [written: unknown, field: unknown] | null
  /** What an empty field of Odoo reads as, and what is in the table for a new record that has nothing there. */
  readonly empty: readonly [odoo: unknown, column: unknown]
  /** Where not every version has it, or it is otherwise there. */
  readonly only?: OdooSeries
  /** Over which protocols, where not over each. */
  readonly over?: readonly Protocol[]
}

/** For each version, one case of each type. */
export const TYPE_CASES: readonly TypeCase[] = [
  {
    type: 'char',
    odoo: 'x_t_char',
    sql: 'text',
    fromOdoo: ['  Ünï "x" ', '  Ünï "x" '],
    fromShop: ['😀 x', '😀 x'],
    empty: [false, null],
  },
  {
    type: 'text',
    odoo: 'x_t_text',
    sql: 'text',
    fromOdoo: ['one\ntwo\n', 'one\ntwo\n'],
    fromShop: ['a\tb', 'a\tb'],
    empty: [false, null],
  },
  {
    type: 'html',
    odoo: 'x_t_html',
    sql: 'text',
    fromOdoo: ['<p>a <b>b</b></p>', '<p>a <b>b</b></p>'],
    fromShop: ['plain<script>x</script>', '<p>plain</p>'],
    empty: [false, null],
  },
  {
    type: 'integer',
    odoo: 'x_t_integer',
    sql: 'int',
    fromOdoo: [-7, -7],
    fromShop: [2147483647, 2147483647],
    empty: [0, 0],
  },
  {
    type: 'float',
    odoo: 'x_t_float',
    sql: 'double precision',
    fromOdoo: [0.1, 0.1],
    fromShop: [1e-7, 1e-7],
    empty: [0, 0],
  },
  {
    type: 'float with digits',
    odoo: 'partner_latitude',
    sql: 'numeric',
    fromOdoo: [12.34567891, '12.3456789'],
    fromShop: ['48.85837009', 48.8583701],
    empty: [0, '0'],
    only: '19',
  },
  {
    type: 'float with digits',
    odoo: 'partner_latitude',
    sql: 'numeric',
    fromOdoo: [12.34567891, '12.34568'],
    fromShop: ['48.85837009', 48.85837],
    empty: [0, '0'],
    only: '14',
  },
  {
    type: 'monetary',
    odoo: 'x_t_monetary',
    sql: 'numeric(12,2)',
    fromOdoo: [10.456, '10.46'],
    fromShop: ['99.95', 99.95],
    empty: [0, '0.00'],
  },
  {
    type: 'boolean',
    odoo: 'is_company',
    sql: 'boolean',
    fromOdoo: [true, true],
    fromShop: [true, true],
    empty: [false, false],
  },
  {
    type: 'date',
    odoo: 'x_t_date',
    sql: 'date',
    fromOdoo: ['2028-02-29', '2028-02-29'],
    fromShop: ['1999-12-31', '1999-12-31'],
    empty: [false, null],
  },
  {
    type: 'datetime',
    odoo: 'x_t_datetime',
    sql: 'timestamptz',
    fromOdoo: ['2026-03-29 00:30:00', '2026-03-29T00:30:00.000Z'],
    fromShop: ['2026-10-25 02:30:00+02', '2026-10-25 00:30:00'],
    empty: [false, null],
  },
  {
    type: 'datetime without a zone',
    odoo: 'x_t_datetime2',
    sql: 'timestamp',
    fromOdoo: ['2026-03-29 00:30:00', '2026-03-29 00:30:00'],
    fromShop: ['2026-10-25 02:30:00.750', '2026-10-25 02:30:00'],
    empty: [false, null],
  },
  {
    type: 'selection',
    odoo: 'type',
    sql: 'text',
    fromOdoo: ['delivery', 'delivery'],
    fromShop: ['invoice', 'invoice'],
    empty: ['contact', 'contact'],
  },
  {
    type: 'many2one',
    odoo: 'country_id',
    sql: 'text',
    pair: 'lookup: { model: res.country, by: code }',
    fromOdoo: ['BE', 'BE'],
    fromShop: ['FR', 'FR'],
    empty: [false, null],
  },
  {
    type: 'many2many',
    odoo: 'category_id',
    sql: 'text[]',
    pair: 'lookup: { model: res.partner.category, by: name, create: true }',
    fromOdoo: [
      ['x', 'y'],
      ['x', 'y'],
    ],
    fromShop: [['z'], ['z']],
    empty: [[], []],
  },
  {
    type: 'one2many',
    odoo: 'child_ids',
    sql: 'jsonb',
    pair: 'direction: from-odoo',
    fromOdoo: ['a child', 'its id'],
    fromShop: null,
    empty: [[], []],
  },
  {
    type: 'reference',
    odoo: 'x_t_reference',
    sql: 'text',
    fromOdoo: ['res.country,20', 'res.country,20'],
    fromShop: ['res.country,21', 'res.country,21'],
    empty: [false, null],
  },
  {
    type: 'binary',
    odoo: 'x_t_binary',
    sql: 'bytea',
    fromOdoo: ['AP8QIA==', 'AP8QIA=='],
    fromShop: ['aGk=', 'aGk='],
    empty: [false, null],
  },
  {
    type: 'properties',
    odoo: 'properties',
    sql: 'jsonb',
    pair: 'direction: from-odoo',
    fromOdoo: [undefined, null],
    fromShop: null,
    empty: [[], null],
    only: '19',
  },
  {
    type: 'json',
    odoo: 'x_t_json',
    sql: 'jsonb',
    fromOdoo: [
      { a: [1, 'x', null], b: { c: 1.5 } },
      { a: [1, 'x', null], b: { c: 1.5 } },
    ],
    fromShop: [{ d: { e: [true, 'é'] } }, { d: { e: [true, 'é'] } }],
    empty: [false, null],
    only: '19',
    over: ['json2', 'jsonrpc', 'session'],
  },
  {
    // XML-RPC has no null inside of a value.
    type: 'json',
    odoo: 'x_t_json',
    sql: 'jsonb',
    fromOdoo: [
      { a: [1, 'x'], b: { c: 1.5 } },
      { a: [1, 'x'], b: { c: 1.5 } },
    ],
    fromShop: [{ d: { e: [true, 'é'] } }, { d: { e: [true, 'é'] } }],
    empty: [false, null],
    only: '19',
    over: ['xmlrpc'],
  },
]
