import { describe, expect, it } from 'vitest'
import { parseHook } from '../../src/connectors/odoo/hooks/parse-hook.ts'
import { desiredRules, type RuleOptions } from '../../src/connectors/odoo/hooks/rules.ts'
import { odooSpec } from '../../src/connectors/odoo/spec.ts'

const TARGET = { token: 'a-token', url: 'https://sync.example/hooks/customers/odoo/a-token' }

function rules(spec: Readonly<Record<string, unknown>>, more: Partial<RuleOptions> = {}) {
  return desiredRules({
    spec: odooSpec.parse({ model: 'res.partner', ...spec }),
    mapping: 'customers',
    fields: ['name', 'country_id.code', 'country_id', 'id', 'active'],
    keyField: 'ref',
    pushTo: TARGET,
    userId: 7,
    canArchive: true,
    busHasTypes: true,
    ...more,
  })
}

describe('the rules in Odoo', () => {
  it('are asked about mapped fields alone, and not about our own writes', () => {
    const [write, unlink, ...others] = rules({})
    expect(others).toEqual([])
    expect(write).toMatchObject({
      trigger: 'on_create_or_write',
      triggerFields: ['active', 'country_id', 'name'],
      filterDomain: '[("write_uid", "!=", 7), ("active", "in", [True, False])]',
      action: { state: 'webhook', webhook_url: TARGET.url },
    })
    expect(unlink).toMatchObject({
      trigger: 'on_unlink',
      triggerFields: [],
      filterDomain: false,
      action: { state: 'webhook', webhook_url: `${TARGET.url}?event=gone` },
    })
  })

  it('of a model whose records cannot be archived do not speak of that', () => {
    expect(rules({}, { canArchive: false })[0]?.filterDomain).toBe('[("write_uid", "!=", 7)]')
  })

  it('feed a channel that only the token names, where Odoo cannot reach us', () => {
    const codes = rules({ push: 'bus' }, { pushTo: { token: 'a-token', url: null } }).map(({ action }) => action)
    expect(codes).toEqual([
      { state: 'code', code: expect.stringContaining('_sendone("a-token", "tandem", {"model": record._name,') },
      { state: 'code', code: expect.stringContaining('"event": "gone"}') },
    ])
  })

  it('have marks of their own for each mapping and model', () => {
    const marks = ['webhook', 'bus'].flatMap((push) => rules({ push, apply: 'webhook' }).map(({ mark }) => mark))
    expect(new Set(marks).size).toBe(3)
    expect(rules({}, { mapping: 'orders' })[0]?.mark).not.toBe(rules({})[0]?.mark)
  })

  it('take changes in a savepoint and as our user', () => {
    const [rule, ...others] = rules({ push: 'none', apply: 'webhook' }, { pushTo: undefined, keyField: 'x_"key' })
    expect(others).toEqual([])
    expect(rule).toMatchObject({ trigger: 'on_webhook', recordGetter: 'user' })
    const code = rule?.action.state === 'code' ? rule.action.code : ''
    for (const part of ['.with_user(7)', 'env.cr.savepoint()', 'close(rollback=True)', 'search([("x_\\"key", "=",']) {
      expect(code).toContain(part)
    }
  })

  it.each([
    ['no secret', {}, { pushTo: undefined }, 'hook_secret'],
    ['no address', {}, { pushTo: { token: 'a', url: null } }, 'public_url'],
    ['no key', { push: 'none', apply: 'webhook' }, { keyField: null }, ''],
  ])('cannot be made with %s, which is said', (_, spec, more, hint) => {
    expect(() => rules(spec, more)).toThrow(expect.objectContaining({ code: 'config' }))
    if (hint === '') return
    expect(() => rules(spec, more)).toThrow(expect.objectContaining({ hint: expect.stringContaining(hint) }))
  })
})

describe('what Odoo posts', () => {
  it.each([
    [{ _model: 'res.partner', _id: 42, _action: 'x', name: 'Ada' }, null, { kind: 'hint', id: '42', version: null }],
    [{ _model: 'res.partner', _id: 42 }, 'gone', { kind: 'gone', id: '42', atMs: null }],
    [{ _model: 'res.partner', _id: 42 }, 'else', { kind: 'hint', id: '42', version: null }],
  ])('%o with event %s', (body, event, change) => {
    expect(parseHook('res.partner', { body, event })).toEqual([change])
  })

  it.each([
    [{ _model: 'sale.order', _id: 1 }],
    [{ _id: 1 }],
    [{ _model: 'res.partner', _id: 0 }],
    [{ _model: 'res.partner', _id: 1.5 }],
    [{ _model: 'res.partner', _id: '1' }],
    [[]],
    [null],
    ['text'],
  ])('is refused where it is %o', (body) => {
    expect(() => parseHook('res.partner', { body, event: null })).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})
