import { describe, expect, it } from 'vitest'
import { formatProblem } from '../../src/mapping/problem.ts'
import { compileText, type FieldTraits, NO_REFERENCES, schemaOf } from './pair.ts'

const linesOf = (fields: Readonly<Record<string, FieldTraits>>): FieldTraits => ({
  type: 'lines',
  lines: schemaOf('lines', fields).fields,
})
const SIDES = {
  odoo: {
    name: { type: 'text' },
    order_line: linesOf({
      sequence: { type: 'integer' },
      qty: { type: 'decimal' },
      product_id: { type: 'reference', relation: 'product.product' },
      sum: { type: 'decimal', isReadOnly: true },
      unit: { type: 'text', isRequired: true },
    }),
  },
  external: {
    label: { type: 'text' },
    lines: linesOf({
      no: { type: 'integer' },
      qty: { type: 'decimal', scale: 2 },
      sku: { type: 'text' },
      sum: { type: 'decimal' },
    }),
    list: { type: 'json' },
    summary: { ...linesOf({ no: { type: 'integer' }, qty: { type: 'decimal' } }), isReadOnly: true },
  },
} as const

/** A mapping with `lines`, and what is wrong in it. */
function compileLines(text: string) {
  return compileText(`fields:\n  - { odoo: name, external: label }\nlines:\n  - ${text}\n`, SIDES)
}
const problems = (text: string) => compileLines(text).problems.map((problem) => formatProblem(problem))

const MISTAKES: readonly (readonly [name: string, text: string, problem: string])[] = [
  [
    'a field that holds no lines',
    '{ odoo: name, external: lines, key: { odoo: sequence, external: no }, fields: [qty] }',
    'mappings/m.yaml:7:13: lines[0].odoo: res.partner.name (text) holds no lines',
  ],
  [
    'a field that does not exist',
    '{ odoo: order_lin, external: lines, key: { odoo: sequence, external: no }, fields: [qty] }',
    'mappings/m.yaml:7:13: lines[0].odoo: res.partner has no field "order_lin" (did you mean "order_line"?)',
  ],
  [
    'a field of a line that does not exist',
    '{ odoo: order_line, external: lines, key: { odoo: sequence, external: no }, fields: [{ odoo: qt, external: qty }] }',
    'lines[0].fields[0].odoo: res.partner.order_line has no field "qt" (did you mean "qty"?)',
  ],
  [
    'a key that does not exist',
    '{ odoo: order_line, external: lines, key: { odoo: seq, external: no }, fields: [qty] }',
    'lines[0].key[0].odoo: res.partner.order_line has no field "seq"',
  ],
  [
    'a computed field that would be written',
    '{ odoo: order_line, external: lines, key: { odoo: sequence, external: no }, fields: [sum] }',
    'lines[0].fields[0].odoo: res.partner.order_line.sum cannot be written (computed or generated): say direction: from-odoo',
  ],
  [
    'lines that cannot be written',
    '{ odoo: order_line, external: summary, key: { odoo: sequence, external: no }, fields: [qty] }',
    'lines[0].external: customers.summary cannot be written (computed or generated): say direction: to-odoo',
  ],
  [
    'a reference without a lookup',
    '{ odoo: order_line, external: lines, key: { odoo: sequence, external: no }, fields: [{ odoo: product_id, external: sku }] }',
    'a reference to product.product needs link: <mapping>',
  ],
  [
    'a direction against that of the lines',
    '{ odoo: order_line, external: lines, direction: from-odoo, key: { odoo: sequence, external: no }, fields: [{ odoo: qty, external: qty, direction: to-odoo }] }',
    'lines[0].fields[0].direction: the whole mapping has direction: from-odoo',
  ],
  [
    'what a new line lacks',
    '{ odoo: order_line, external: lines, key: { odoo: sequence, external: no }, fields: [qty] }',
    'warning: lines[0].odoo: a new line in res.partner.order_line gets no unit, which is required: map it',
  ],
]

describe('lines in a mapping', () => {
  it.each(MISTAKES)('%s is told at its place', (_name, text, problem) => {
    expect(problems(text).join('\n')).toContain(problem)
  })

  it('that are listed under fields are told to go under lines', () => {
    const { problems: found } = compileText('fields:\n  - { odoo: order_line, external: lines }\n', SIDES)
    expect(found[0]?.message).toContain('under lines:')
  })

  it('are translated with the precision of the other side, and compared by their keys', () => {
    const { mapping } = compileLines(
      '{ odoo: order_line, external: lines, key: { odoo: sequence, external: no }, fields: [qty, { odoo: unit, external: sku }] }',
    )
    const rule = mapping?.fields.find(({ lines }) => lines)
    const lines = [
      { id: 7, sequence: 20, qty: 1.005, unit: 'kg' },
      { id: 8, sequence: 10, qty: 2, unit: null },
    ]
    const translated = rule?.translate('odoo', lines, NO_REFERENCES)
    const value = [
      { no: 20, qty: 1.01, sku: 'kg' },
      { no: 10, qty: 2, sku: null },
    ]
    expect(translated).toEqual({ kind: 'value', value })
    expect(rule?.isSame('external', value, [...value].reverse())).toBe(true)
    expect(rule?.isSame('external', value, value.slice(1))).toBe(false)
    expect(rule?.isSame('odoo', lines, [lines[0] ?? null, { ...lines[1], qty: 3 }])).toBe(false)
  })

  it.each([
    ['{ "no": 1 }', '{"no":1} is not a list of lines'],
    ['[5]', '5 is not a line'],
    ['[{ "qty": 5 }]', 'line 1 on the external side has no no, which is its key'],
  ])('refuse %s', (json, message) => {
    const { mapping } = compileLines(
      '{ odoo: order_line, external: list, key: { odoo: sequence, external: no }, fields: [qty, { odoo: unit, external: u }] }',
    )
    const rule = mapping?.fields.find(({ lines }) => lines)
    const result = rule?.translate('external', JSON.parse(json), NO_REFERENCES)
    expect(result?.kind === 'error' ? result.error.message : result).toContain(message)
  })
})
