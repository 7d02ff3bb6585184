import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { FieldType } from '../../src/contract/connector.ts'
import type { Scope } from '../../src/mapping/expression.ts'
import { parseExpression, type Variables } from '../../src/mapping/expression.ts'
import { EXPRESSION_FUNCTIONS } from '../../src/mapping/expression-functions.ts'

const PAGE = readFileSync(new URL('../../docs/expressions.md', import.meta.url), 'utf8')
const TYPES: Readonly<Record<string, FieldType>> = {
  firstname: 'text',
  lastname: 'text',
  name: 'text',
  ref: 'text',
  note: 'text',
  nickname: 'text',
  qty: 'integer',
  amount: 'decimal',
  ok: 'boolean',
  state: 'selection',
  at: 'datetime',
  day: 'date',
  tags: 'json',
  parent_id: 'reference',
  invoices: 'json',
}
const fields = new Map(Object.entries(TYPES).map(([name, type]) => [name, { name, type }] as const))
const VARIABLES: Variables = Object.fromEntries(
  ['odoo', 'external', 'read'].map((name) => [name, { collection: name, fields }]),
)

/** The rows whose cells are an expression, the fields it is given, and what it gives. */
const EXAMPLES = [...PAGE.matchAll(/^\| `(.+?)` \| `(\{.*\})` \| `(.+)` \|$/gm)].map(
  ([, source = '', scope = '', gives = '']) => [source, scope, gives] as const,
)

describe('docs/expressions.md', () => {
  it.each(EXAMPLES)('%s with %s gives %s', (source, scope, gives) => {
    const parsed = parseExpression(source, VARIABLES)
    if ('problem' in parsed) throw new Error(parsed.problem)
    expect(parsed.expression.evaluate(JSON.parse(scope) as Scope)).toEqual(JSON.parse(gives))
  })

  it('has examples', () => expect(EXAMPLES.length).toBeGreaterThan(20))

  it('lists every function of ours with its example', () => {
    for (const { says, example, gives } of EXPRESSION_FUNCTIONS) {
      expect(PAGE).toContain(`| ${says} | \`${example}\` | \`${gives}\` |`)
    }
  })
})
