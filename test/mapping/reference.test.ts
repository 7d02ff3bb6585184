import { expect, test } from 'vitest'
import type { Value } from '../../src/contract/value.ts'
import { keyOfRecordId } from '../../src/mapping/key.ts'
import type { References } from '../../src/mapping/mapping.ts'
import { type FieldTraits, NO_REFERENCES, pairOf } from './pair.ts'

const partner: FieldTraits = { type: 'reference', relation: 'res.partner' }
const country: FieldTraits = { type: 'reference', relation: 'res.country' }
const LOOKUP = ', lookup: { model: res.country, by: code, fold: [case] }'

function links(found: Readonly<Record<string, Value>>): References {
  return { ...NO_REFERENCES, link: (_, from, value) => found[`${from} ${String(value)}`] }
}

test('a link gives the id of the other record, as the field holds ids', () => {
  const references = links({ 'odoo 7': '42', 'external 42': '7', 'odoo 8': 'a-b-c' })
  expect(pairOf(partner, { type: 'integer' }, ', link: customers').translate('odoo', 7, references)).toEqual({
    kind: 'value',
    value: 42,
  })
  const rule = pairOf(partner, { type: 'text' }, ', link: customers')
  expect(rule.reference).toEqual({ kind: 'link', mapping: 'customers', by: 'id' })
  expect(rule.translate('odoo', 7, references)).toEqual({ kind: 'value', value: '42' })
  expect(rule.translate('odoo', 8, references)).toEqual({ kind: 'value', value: 'a-b-c' })
  expect(rule.translate('external', '42', references)).toEqual({ kind: 'value', value: 7 })
  expect(rule.translate('external', null, references)).toEqual({ kind: 'value', value: null })
})

test('a record that has no link yet is waited for', () => {
  const byId = pairOf(partner, { type: 'integer' }, ', link: customers')
  expect(byId.translate('odoo', 7, NO_REFERENCES)).toEqual({
    kind: 'wait',
    for: { mapping: 'customers', side: 'odoo', id: '7' },
  })
  expect(byId.translate('external', 42, NO_REFERENCES)).toEqual({
    kind: 'wait',
    for: { mapping: 'customers', side: 'external', id: '42' },
  })
})

test('by key, a record of the external side is named by its key', () => {
  const byKey = pairOf(partner, { type: 'text' }, ', link: { mapping: customers, by: key }')
  const waits = byKey.translate('external', 'C-1', NO_REFERENCES)
  expect(waits).toEqual({ kind: 'wait', for: { mapping: 'customers', side: 'external', id: 'key:C-1' } })
  expect(keyOfRecordId('key:C-1')).toBe('C-1')
  expect(keyOfRecordId('C-1')).toBeNull()
  expect(byKey.translate('odoo', 7, links({ 'odoo 7': '007' }))).toEqual({ kind: 'value', value: '007' })
  expect(byKey.translate('external', '007', links({ 'external 007': '7' }))).toEqual({ kind: 'value', value: 7 })
})

test('a list of references is translated one by one', () => {
  const tags: FieldTraits = { type: 'json', relation: 'res.partner.category' }
  const rule = pairOf(tags, { type: 'json' }, ', link: customers')
  const references = links({ 'odoo 1': '10', 'odoo 2': 'b' })
  expect(rule.translate('odoo', [1, 2], references)).toEqual({ kind: 'value', value: [10, 'b'] })
  expect(rule.translate('odoo', [1, 3], references)).toMatchObject({ kind: 'wait', for: { id: '3' } })
  expect(rule.isSame('odoo', [2, 1], [1, 2])).toBe(true)
})

test('a lookup goes from id to natural key and back', () => {
  const rule = pairOf(country, { type: 'text', maxLength: 2 }, LOOKUP)
  expect(rule.reference).toEqual({
    kind: 'lookup',
    side: 'odoo',
    connection: 'erp',
    spec: { model: 'res.country' },
    by: 'code',
    fold: { case: true, space: false },
    beside: { model: 'res.partner' },
    create: null,
    keyless: 'refuse',
  })
  const references: References = { ...NO_REFERENCES, lookup: (_, from) => (from === 'odoo' ? 'DE' : '57') }
  expect(rule.translate('odoo', 57, references)).toEqual({ kind: 'value', value: 'DE' })
  expect(rule.translate('external', 'de', references)).toEqual({ kind: 'value', value: 57 })
  expect(rule.translate('external', null, references)).toEqual({ kind: 'value', value: null })
  expect(rule.translate('external', ' ', references)).toEqual({ kind: 'value', value: null })
})

test('a lookup that finds nothing names model, field and value', () => {
  const rule = pairOf(country, { type: 'text' }, LOOKUP)
  expect(rule.translate('external', 'XX', NO_REFERENCES)).toMatchObject({
    kind: 'error',
    error: {
      code: 'unresolved',
      message: 'customers.b → res.partner.a: no single res.country record has code = "XX"',
      hint: 'Create it, or correct the value, and make sure that only one record has it; then retry.',
    },
  })
  expect(rule.translate('odoo', 5, NO_REFERENCES)).toMatchObject({
    kind: 'error',
    error: {
      code: 'unresolved',
      message: 'res.partner.a → customers.b: res.country 5 does not exist, or our user may not see it',
    },
  })
})

test('a record without a natural key is refused, or counts as none where the pair says so', () => {
  const keyless: References = { ...NO_REFERENCES, lookup: () => null }
  expect(pairOf(country, { type: 'text' }, LOOKUP).translate('odoo', 5, keyless)).toMatchObject({
    kind: 'error',
    error: {
      code: 'unresolved',
      message: 'res.partner.a → customers.b: the code of res.country 5 is empty',
      hint: 'Give the record a code, then retry; or say keyless: empty in the lookup.',
    },
  })
  const shown = ', direction: from-odoo, lookup: { model: res.country, by: code, keyless: empty }'
  const rule = pairOf(country, { type: 'text' }, shown)
  expect(rule.translate('odoo', 5, keyless)).toEqual({ kind: 'value', value: null })
  expect(rule.translate('odoo', 5, NO_REFERENCES)).toMatchObject({ kind: 'error', error: { code: 'unresolved' } })
  const tags = pairOf({ type: 'references', relation: 'res.country' }, { type: 'json' }, shown)
  const some: References = { ...NO_REFERENCES, lookup: (_, __, value) => (value === 5 ? null : 'DE') }
  expect(tags.translate('odoo', [5, 57], some)).toEqual({ kind: 'value', value: ['DE'] })
})

test('a required reference must not be empty', () => {
  const rule = pairOf(country, { type: 'text', isRequired: true }, LOOKUP)
  expect(rule.translate('odoo', null, NO_REFERENCES)).toMatchObject({ kind: 'error', error: { code: 'invalid' } })
})

test('ids are the same as number and as text', () => {
  const rule = pairOf(partner, { type: 'integer' }, ', link: customers')
  expect(rule.isSame('odoo', 7, '7')).toBe(true)
  expect(rule.isSame('odoo', 7, 8)).toBe(false)
})
