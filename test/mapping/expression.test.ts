import { describe, expect, it } from 'vitest'
import type { FieldType } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { fieldsRead, parseExpression, type Variables } from '../../src/mapping/expression.ts'
import { EXPRESSION_FUNCTIONS } from '../../src/mapping/expression-functions.ts'

const TYPES: Readonly<Record<string, FieldType>> = {
  name: 'text',
  ref: 'text',
  qty: 'integer',
  amount: 'decimal',
  ok: 'boolean',
  at: 'datetime',
  day: 'date',
  parent_id: 'reference',
  tags: 'json',
  state: 'selection',
}
const fields = new Map(Object.entries(TYPES).map(([name, type]) => [name, { name, type }] as const))
const VARIABLES: Variables = {
  odoo: { collection: 'res.partner', fields },
  external: { collection: 'public.customers', fields },
  read: { collection: 'read', fields: new Map([['invoices', { name: 'invoices', type: 'json' as const }]]) },
}

function evaluate(source: string, odoo: Fields = {}, more: Readonly<Record<string, Fields>> = {}): Value {
  const parsed = parseExpression(source, VARIABLES)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.expression.evaluate({ odoo, ...more })
}

function problemOf(source: string): string {
  const parsed = parseExpression(source, VARIABLES)
  return 'problem' in parsed ? parsed.problem : `none, it gives ${parsed.expression.type}`
}

describe('an expression', () => {
  it.each<[string, Fields, Value]>([
    ["odoo.name + ' ' + odoo.ref", { name: 'Ann', ref: 'Lee' }, 'Ann Lee'],
    ["odoo.ref == null ? '' : odoo.ref", { ref: null }, ''],
    ["or(odoo.ref, 'none')", { ref: null }, 'none'],
    ["or(odoo.ref, 'none')", { ref: '' }, ''],
    ["'EUR'", {}, 'EUR'],
    ['odoo.qty + 1', { qty: 41 }, 42],
    ['odoo.qty * 3', { qty: '3074457345618258602' }, '9223372036854775806'],
    ['odoo.amount * 2', { amount: 1.5 }, 3],
    ['odoo.amount * odoo.qty', { amount: 0.5, qty: 3 }, 1.5],
    ['round(odoo.amount * 1.19, 2)', { amount: 10.1 }, 12.02],
    ['odoo.amount == 3', { amount: 3 }, true],
    ['odoo.amount == 3', { amount: null }, false],
    ['odoo.amount == 3', { amount: 3.5 }, false],
    ['odoo.qty == 3', { qty: 3 }, true],
    ['odoo.amount > 3', { amount: 3.5 }, true],
    ['odoo.amount', { amount: '0.1' }, 0.1],
    ['odoo.at', { at: '2026-11-21T08:30:00Z' }, '2026-11-21T08:30:00Z'],
    ["odoo.at > timestamp('2026-01-01T00:00:00Z')", { at: '2026-11-21T08:30:00Z' }, true],
    ["odoo.at + duration('36h')", { at: '2026-11-21T08:30:00Z' }, '2026-11-22T20:30:00Z'],
    ['odoo.day', { day: '2026-11-21' }, '2026-11-21'],
    ['odoo.parent_id == 7', { parent_id: 7 }, true],
    ["odoo.parent_id == 'x7'", { parent_id: 'x7' }, true],
    ['odoo.parent_id == null', { parent_id: null }, true],
    ['odoo.tags.exists(t, t == 3)', { tags: [1, 3] }, true],
    ['odoo.tags.map(t, t * 2)', { tags: [1, 3] }, [2, 6]],
    ["odoo.state in ['sale', 'done']", { state: 'sale' }, true],
    ["{'draft': 'new', 'sale': 'paid'}[odoo.state]", { state: 'sale' }, 'paid'],
    ["{'a': 1, 'b': [odoo.qty]}", { qty: 2 }, { a: 1, b: [2] }],
    ["odoo['name']", { name: 'Ann' }, 'Ann'],
    ['odoo.ok ? odoo.name : dyn(null)', { ok: false, name: 'Ann' }, null],
  ])('%s of %j is %j', (source, odoo, expected) => {
    expect(evaluate(source, odoo)).toEqual(expected)
  })

  it('knows both records and what was read beside them', () => {
    const source = "read.invoices.filter(i, i.state == 'draft' && external.ok).map(i, i.id)"
    const invoices = [
      { id: 4, state: 'draft' },
      { id: 5, state: 'posted' },
    ]
    expect(evaluate(source, {}, { external: { ok: true }, read: { invoices } })).toEqual([4])
    const parsed = parseExpression(source, VARIABLES)
    expect('expression' in parsed && parsed.expression.reads).toEqual({ read: ['invoices'], external: ['ok'] })
  })

  it('is read for its fields before anything is known of them', () => {
    expect(fieldsRead("odoo.a + external.b + odoo['c.d'] + odoo.a", 'odoo')).toEqual(['a', 'c.d'])
    expect(fieldsRead('odoo.a +', 'odoo')).toEqual([])
  })

  it.each([
    ['odoo.nam', 'res.partner has no field "nam" (did you mean "name"?) (at character 6)'],
    ['external.qtty + 1', 'public.customers has no field "qtty" (did you mean "qty"?) (at character 10)'],
    ['read.orders', 'read has no field "orders" (at character 6)'],
    ['oddo.name', 'Unknown variable: oddo in oddo (at character 1)'],
    ['nam(odoo.name)', "found no matching overload for 'nam(string)' (at character 1)"],
    ["'a' + odoo.name + 1", 'no such overload: string + int (at character 1)'],
    ["odoo.ok && odoo.name == 'x' && odoo.qty", "Logical operator requires bool operands, got 'int' (at character 1)"],
    ['odoo.name +', 'Unexpected token: EOF (at character 12)'],
    ["'x' + odoo", 'odoo stands alone: write odoo.<field> (at character 7)'],
    ['or(odoo.name, 1)', "found no matching overload for 'or(string, int)' (at character 1)"],
  ])('%s: %s', (source, problem) => {
    expect(problemOf(source)).toBe(problem)
  })

  it.each<[string, Fields, RegExp]>([
    ["odoo.name + 'x'", { name: null }, /^the expression odoo.name \+ 'x': no such overload/],
    ["{'a': 1}[odoo.name]", { name: 'b' }, /No such key: b/],
    ['odoo.amount / 0.0', { amount: 1 }, /which is no number/],
    ['odoo.amount * 2', { amount: '12345678901234567.89' }, /more digits than an expression can calculate with/],
    ['odoo.qty / 0', { qty: 1 }, /division|zero/i],
  ])('%s of %j fails for that record alone', (source, odoo, message) => {
    const failure = (() => {
      try {
        return evaluate(source, odoo)
      } catch (error) {
        return error
      }
    })()
    expect(failure).toBeInstanceOf(SyncError)
    expect(failure).toMatchObject({ code: 'invalid', message: expect.stringMatching(message) })
  })

  it.each(EXPRESSION_FUNCTIONS.map(({ example, gives }) => [example, gives] as const))(
    '%s gives %s',
    (example, gives) => {
      expect(evaluate(example, { ref: null })).toEqual(JSON.parse(gives))
    },
  )
})
