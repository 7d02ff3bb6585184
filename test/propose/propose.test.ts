import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { FieldSchema, FieldType, Schema } from '../../src/contract/connector.ts'
import type { Fields } from '../../src/contract/value.ts'
import { mappingSchema } from '../../src/mapping/mapping-schema.ts'
import { mappingText } from '../../src/propose/mapping-text.ts'
import { proposeFields } from '../../src/propose/propose-fields.ts'
import { proposeKey } from '../../src/propose/propose-key.ts'

function schema(name: string, fields: Readonly<Record<string, FieldType | Partial<FieldSchema>>>): Schema {
  const plain = {
    isRequired: false,
    isReadOnly: false,
    isAssigned: false,
    relation: null,
    maxLength: null,
    scale: null,
    options: null,
  }
  const all = Object.entries(fields).map(([field, what]): [string, FieldSchema] => {
    const own = typeof what === 'string' ? { type: what } : { type: 'text' as const, ...what }
    return [field, { name: field, ...plain, ...own }]
  })
  return { name, fields: new Map(all) }
}

const PARTNER = schema('res.partner', {
  name: 'text',
  complete_name: { type: 'text', isReadOnly: true },
  ref: 'text',
  email: 'text',
  email_normalized: { type: 'text', isReadOnly: true },
  phone: 'text',
  street: 'text',
  street2: 'text',
  zip: 'text',
  city: 'text',
  color: 'integer',
  country_id: { type: 'reference', relation: 'res.country' },
  comment: 'html',
  credit_limit: 'decimal',
  active: 'boolean',
})

const propose = (external: Schema, odooRows: readonly Fields[] = [], externalRows: readonly Fields[] = []) => {
  const sights = { odoo: { schema: PARTNER, sample: odooRows }, external: { schema: external, sample: externalRows } }
  const pairs = proposeFields(sights)
  return {
    pairs,
    key: proposeKey(sights, pairs),
    sure: pairs.filter(({ isSure }) => isSure).map(({ odoo, external: there }) => `${odoo}=${there}`),
  }
}

describe('pairs of fields', () => {
  it.each([
    ['full_name', 'name'],
    ['Email Address', 'email'],
    ['e_mail', 'email'],
    ['telephone', 'phone'],
    ['postal_code', 'zip'],
    ['addressLine1', 'street'],
    ['address_2', 'street2'],
    ['street2', 'street2'],
    ['countryCode', 'country_id'],
    ['notes', 'comment'],
    ['x_studio_city', 'city'],
    ['blob', null],
  ])('%s goes with %s by its name', (external, odoo) => {
    const { sure } = propose(schema('customers', { [external]: 'text' }))
    expect(sure).toEqual(odoo === null ? [] : [`${odoo}=${external}`])
  })

  it('names the country by its code', () => {
    const { pairs } = propose(schema('customers', { country: 'text' }))
    expect(pairs).toMatchObject([{ odoo: 'country_id', lookup: { model: 'res.country', by: 'code' } }])
  })

  it('takes no field twice, and none of types that do not fit', () => {
    const { pairs } = propose(
      schema('customers', { name: 'text', title: 'text', phone: 'references', credit_limit: 'date' }),
    )
    expect(pairs.map(({ odoo, external }) => [odoo, external])).toEqual([['name', 'name']])
  })

  it('believes equal values more than names, and differing ones less', () => {
    const odoo = ['Ada', 'Bo', 'Cy', 'Di'].map((name, index) => ({ name, city: `town ${index}`, color: index + 1 }))
    const rows = ['Ada', 'Bo', 'Cy', 'Di'].map((name, index) => ({
      f1: name,
      city: `elsewhere ${index}`,
      n: index + 1,
    }))
    const { pairs, sure } = propose(schema('customers', { f1: 'text', city: 'text', n: 'integer' }), odoo, rows)
    expect(sure).toContain('name=f1')
    expect(pairs.find(({ external }) => external === 'f1')?.reason).toBe('4 of 4 values are the same')
    // Small numbers are equal by chance.
    expect(pairs.some(({ external }) => external === 'n')).toBe(false)
  })

  it('lets values flow only where they can be written', () => {
    const { pairs } = propose(schema('customers', { name: { type: 'text', isReadOnly: true } }))
    expect(pairs).toMatchObject([{ direction: 'to-odoo' }])
  })
})

describe('the key', () => {
  it('is a code where there is one, the id that the other side gives otherwise', () => {
    expect(
      propose(schema('c', { id: { type: 'integer', isAssigned: true }, code: 'text', name: 'text' })).key,
    ).toMatchObject({
      odoo: 'ref',
      external: 'code',
      generate: '{side}-{id}',
    })
    const byId = propose(schema('c', { id: { type: 'integer', isAssigned: true, isReadOnly: true }, name: 'text' })).key
    expect(byId).toMatchObject({ odoo: 'ref', external: 'id', generate: null })
  })

  it('is none that names two records', () => {
    const rows = [
      { code: 'A', number: '1' },
      { code: 'A', number: '2' },
    ]
    expect(propose(schema('c', { code: 'text', number: 'text' }), [], rows).key?.external).toBe('number')
    expect(propose(schema('c', { flag: 'boolean' })).key).toBe(null)
  })
})

describe('the mapping file', () => {
  it.each(['both', 'from-odoo', 'to-odoo'] as const)('is read back as it was meant (%s)', (direction) => {
    const external = schema('public.Kunden', {
      id: 'integer',
      code: 'text',
      full_name: 'text',
      'e mail': 'text',
      kunde: 'text',
      archived: 'boolean',
    })
    const { pairs, key } = propose(external)
    if (!key) throw new Error('no key')
    const text = mappingText({
      name: 'kunden',
      connections: { odoo: 'erp', external: 'shop' },
      odooModel: 'res.partner',
      collection: 'public.Kunden',
      externalKind: 'table',
      key,
      pairs,
      direction,
      schemas: { odoo: PARTNER, external },
      schemaFile: '../schema/mapping.json',
    })
    const read = mappingSchema.parse(parse(text))
    expect(read).toMatchObject({ mapping: 'kunden', direction, odoo: { key: 'ref' }, external: { key: 'code' } })
    expect(read.fields.map(({ odoo, external: there }) => [odoo, there])).toEqual([
      ['name', 'full_name'],
      ['email', 'e mail'],
    ])
    expect(text).toContain('# Nothing in Odoo was found for: id, kunde')
  })
})
