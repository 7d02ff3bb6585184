import { describe, expect, it } from 'vitest'
import { type Fields, type Lab, PARTNER, TAG } from './odoo-lab.ts'

const ATTRIBUTES = [
  'type',
  'string',
  'required',
  'readonly',
  'store',
  'relation',
  'selection',
  'digits',
  'manual',
  'searchable',
  'sortable',
]

const plain = { required: false, readonly: false, store: true, manual: false, searchable: true, sortable: true }

const PARTNER_FIELDS: Fields = {
  id: { ...plain, type: 'integer', string: 'ID', readonly: true },
  name: { ...plain, type: 'char', string: 'Name' },
  ref: { ...plain, type: 'char', string: 'Reference' },
  email: { ...plain, type: 'char', string: 'Email' },
  phone: { ...plain, type: 'char', string: 'Phone' },
  website: { ...plain, type: 'char', string: 'Website Link' },
  street: { ...plain, type: 'char', string: 'Street' },
  street2: { ...plain, type: 'char', string: 'Street2' },
  zip: { ...plain, type: 'char', string: 'Zip' },
  city: { ...plain, type: 'char', string: 'City' },
  vat: { ...plain, type: 'char', string: 'Tax ID' },
  comment: { ...plain, type: 'html', string: 'Notes' },
  active: { ...plain, type: 'boolean', string: 'Active' },
  is_company: { ...plain, type: 'boolean', string: 'Is a Company' },
  color: { ...plain, type: 'integer', string: 'Color Index' },
  partner_latitude: { ...plain, type: 'float', string: 'Geo Latitude', digits: [10, 7] },
  country_id: { ...plain, type: 'many2one', string: 'Country', relation: 'res.country' },
  parent_id: { ...plain, type: 'many2one', string: 'Related Company', relation: PARTNER },
  category_id: { ...plain, type: 'many2many', string: 'Tags', relation: TAG, sortable: false },
  complete_name: { ...plain, type: 'char', string: 'Complete Name', readonly: true },
  display_name: { ...plain, type: 'char', string: 'Display Name', readonly: true, store: false, sortable: false },
  create_date: { ...plain, type: 'datetime', string: 'Created on', readonly: true },
  create_uid: { ...plain, type: 'many2one', string: 'Created by', readonly: true, relation: 'res.users' },
  write_date: { ...plain, type: 'datetime', string: 'Last Updated on', readonly: true },
  write_uid: { ...plain, type: 'many2one', string: 'Last Updated by', readonly: true, relation: 'res.users' },
  type: {
    ...plain,
    type: 'selection',
    string: 'Address Type',
    selection: [
      ['contact', 'Contact'],
      ['invoice', 'Invoice'],
      ['delivery', 'Delivery'],
      ['other', 'Other'],
    ],
  },
}

export function describeFields(inLab: () => Lab): void {
  describe('fields_get', () => {
    it.each(Object.keys(PARTNER_FIELDS))('describes %s', async (name) => {
      const described = await inLab().call<Fields>(PARTNER, 'fields_get', { allfields: [name], attributes: ATTRIBUTES })
      expect(described).toEqual({ [name]: PARTNER_FIELDS[name] })
    })

    it('passes over a field that it does not have', async () => {
      expect(await inLab().call(PARTNER, 'fields_get', { allfields: ['nope'] })).toEqual({})
    })

    it('gives only the attributes asked for, and the name among them without any', async () => {
      const lab = inLab()
      const few = await lab.call(TAG, 'fields_get', { allfields: ['name'], attributes: ['type', 'required'] })
      expect(few).toEqual({ name: { type: 'char', required: true } })
      const all = await lab.call<Record<string, Fields>>(TAG, 'fields_get', { allfields: ['name'] })
      expect(all.name).toMatchObject({ name: 'name', type: 'char', required: true, string: 'Name' })
    })

    it('is joined by default_get, which passes over fields without a default', async () => {
      const lab = inLab()
      const fields = ['name', 'ref', 'active', 'type', 'color', 'lang', 'category_id', 'nope']
      expect(await lab.call(PARTNER, 'default_get', { fields })).toEqual({
        active: true,
        type: 'contact',
        color: 0,
        lang: 'en_US',
        category_id: [[6, 0, []]],
      })
    })

    it('gives the languages of lang as its selection', async () => {
      const { lang } = await inLab().call<Record<string, Fields>>(PARTNER, 'fields_get', { allfields: ['lang'] })
      expect(lang).toMatchObject({
        type: 'selection',
        selection: expect.arrayContaining([['en_US', 'English (US)']]) as [],
      })
    })
  })
}
