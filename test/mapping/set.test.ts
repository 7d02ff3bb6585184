import { describe, expect, it, test } from 'vitest'
import type { Value } from '../../src/contract/value.ts'
import type { References } from '../../src/mapping/mapping.ts'
import { compileText, type FieldTraits, NO_REFERENCES, pairOf } from './pair.ts'

const tags: FieldTraits = { type: 'references', relation: 'res.partner.category' }
const LOOKUP = ', lookup: { model: res.partner.category, by: name }'

/** Ids by name. */
function named(ids: Readonly<Record<string, number>>): References {
  const names = new Map(Object.entries(ids).map(([name, id]) => [String(id), name]))
  return {
    ...NO_REFERENCES,
    lookup: (_, from, value) => (from === 'odoo' ? names.get(String(value)) : ids[String(value)]),
  }
}
const SOME = named({ gold: 2, silver: 11, bronze: 1 })

describe('a set in a list', () => {
  const rule = pairOf(tags, { type: 'json' }, LOOKUP)
  it.each<[Value, Value]>([
    [
      [11, 2],
      ['gold', 'silver'],
    ],
    [['2'], ['gold']],
    [[], []],
    [null, []],
  ])('%j in Odoo is %j', (ids, names) => {
    expect(rule.translate('odoo', ids, SOME)).toEqual({ kind: 'value', value: names })
  })
  it.each<[Value, Value]>([
    [
      ['silver', 'gold', 'silver', '', null],
      [2, 11],
    ],
    [[], []],
    [null, []],
  ])('%j over there is %j', (names, ids) => {
    expect(rule.translate('external', names, SOME)).toEqual({ kind: 'value', value: ids })
  })
  it.each<Value>([7, true, { a: 1 }, [['gold']], 'gold'])('%j is no set', (value) => {
    expect(rule.translate('external', value, SOME)).toMatchObject({ kind: 'error', error: { code: 'invalid' } })
    expect(rule.referred('external', value)).toEqual([])
  })
  it('is the same whatever its order', () => {
    expect(rule.isSame('external', ['a', 'b', 'a'], ['b', 'a'])).toBe(true)
    expect(rule.isSame('external', null, [])).toBe(true)
    expect(rule.isSame('odoo', [2, 11], ['11', '2'])).toBe(true)
    expect(rule.isSame('odoo', [2], [])).toBe(false)
  })
  it('names each element that it refers to, once', () => {
    expect(rule.referred('external', ['b', 'a', 'b'])).toEqual(['b', 'a'])
    expect(rule.referred('odoo', [3])).toEqual([3])
    expect(rule.referred('odoo', null)).toEqual([])
  })
  it('with an element that is not found is an error, or is to be made', () => {
    expect(rule.translate('external', ['gold', 'new'], SOME)).toMatchObject({
      kind: 'error',
      error: { code: 'unresolved' },
    })
    const making = pairOf(
      tags,
      { type: 'json' },
      LOOKUP.replace('name }', 'name, create: true, defaults: { color: 3 } }'),
    )
    expect(making.translate('external', ['new', 'gold', 'newer'], SOME)).toMatchObject({
      kind: 'missing',
      missing: { keys: ['new', 'newer'], reference: { create: { color: 3 } } },
      error: { code: 'unresolved', message: expect.stringContaining('"new"') },
    })
    // An id whose record is gone is never made.
    expect(making.translate('odoo', [99], SOME)).toMatchObject({ kind: 'error' })
  })
})

describe('a set in a text', () => {
  const rule = pairOf(tags, { type: 'text' }, `${LOOKUP}, separator: ", "`)
  it('is joined and split by its separator', () => {
    expect(rule.translate('odoo', [11, 2], SOME)).toEqual({ kind: 'value', value: 'gold, silver' })
    expect(rule.translate('odoo', [], SOME)).toEqual({ kind: 'value', value: null })
    expect(rule.translate('external', ' silver,gold ,,', SOME)).toEqual({ kind: 'value', value: [2, 11] })
    expect(rule.translate('external', null, SOME)).toEqual({ kind: 'value', value: [] })
    expect(rule.referred('external', 'a, b')).toEqual(['a', 'b'])
    expect(rule.isSame('external', 'b,a', 'a, b')).toBe(true)
  })
  it('cannot hold a key with the separator in it', () => {
    expect(rule.translate('odoo', [5], named({ 'salt, pepper': 5 }))).toMatchObject({
      kind: 'error',
      error: { code: 'invalid', message: expect.stringContaining('"salt, pepper" holds the separator') },
    })
  })
})

test('a set of links waits for the first that has none', () => {
  const rule = pairOf(tags, { type: 'json' }, ', link: customers')
  const references: References = {
    ...NO_REFERENCES,
    link: (_, from, value) => (from === 'odoo' && value === 1 ? 'g1' : undefined),
  }
  expect(rule.translate('odoo', [1], references)).toEqual({ kind: 'value', value: ['g1'] })
  expect(rule.translate('odoo', [1, 2], references)).toEqual({
    kind: 'wait',
    for: { mapping: 'customers', side: 'odoo', id: '2' },
  })
})

test('a set is merged unless its line says otherwise', () => {
  expect(pairOf(tags, { type: 'json' }, LOOKUP).set).toEqual({ side: 'odoo', isMerged: true })
  expect(pairOf(tags, { type: 'json' }, `${LOOKUP}, conflict: merge`).set?.isMerged).toBe(true)
  for (const more of [', conflict: newest', ', owner: odoo', ', direction: to-odoo']) {
    expect(pairOf(tags, { type: 'json' }, LOOKUP + more).set?.isMerged).toBe(false)
  }
  expect(pairOf({ type: 'reference', relation: 'x' }, { type: 'text' }, LOOKUP).set).toBeNull()
})

describe('what cannot work is told at its place', () => {
  const complaints = (pair: string, odoo: FieldTraits, external: FieldTraits, more = ''): readonly string[] =>
    compileText(`fields:\n  - { odoo: a, external: b${pair} }\n${more}`, {
      odoo: { a: odoo },
      external: { b: external },
    }).problems.map(({ message }) => message)
  it.each<[string, FieldTraits, FieldTraits, string]>([
    ['', tags, { type: 'json' }, 'a reference to res.partner.category needs link'],
    [LOOKUP, tags, { type: 'text' }, 'holds a set as one text: say separator'],
    [LOOKUP, tags, { type: 'integer' }, 'cannot hold a set'],
    [`${LOOKUP}, separator: ","`, { type: 'reference' }, { type: 'text' }, 'separator is for a set of records'],
    [', conflict: merge', { type: 'text' }, { type: 'text' }, 'conflict: merge is for a set of records'],
    [', lookup: { model: x, by: name, side: external }', tags, { type: 'json' }, 'it needs side: odoo'],
    [', lookup: { model: x, by: name, defaults: { a: 1 } }', tags, { type: 'json' }, 'add create: true'],
    [', watch: true', { type: 'text' }, { type: 'text' }, 'watch is for a value of another record'],
  ])('%s', (pair, odoo, external, message) => {
    expect(complaints(pair, odoo, external)).toEqual([expect.stringContaining(message)])
  })
  it('a key within no pair', () => {
    const text: FieldTraits = { type: 'text' }
    expect(complaints('', text, text, 'key: { within: company_id }\n')).toEqual([
      expect.stringContaining('"company_id" is none'),
    ])
    expect(complaints('', text, text, 'key: { within: a }\n')).toEqual([])
  })
  it('a field of which the collection knows why it is not there', () => {
    const { problems } = compileText('fields:\n  - { odoo: a@xx, external: b }\n', {
      odoo: {},
      external: { b: { type: 'text' } },
    })
    expect(problems[0]?.message).toContain('has no field "a@xx"')
  })
})
