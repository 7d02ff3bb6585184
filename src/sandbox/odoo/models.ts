import type { FieldDefinition, ModelDefinition, Models } from './schema.ts'

/** The models of the stand-in, each a part of what Odoo 19 has under the same name. */

const USERS: Readonly<Record<string, FieldDefinition>> = {
  id: { type: 'integer', string: 'ID', readonly: true },
  display_name: { type: 'char', string: 'Display Name', readonly: true, store: false },
  create_uid: { type: 'many2one', string: 'Created by', readonly: true, relation: 'res.users' },
  create_date: { type: 'datetime', string: 'Created on', readonly: true },
  write_uid: { type: 'many2one', string: 'Last Updated by', readonly: true, relation: 'res.users' },
  write_date: { type: 'datetime', string: 'Last Updated on', readonly: true },
}

const LANGUAGES = [['en_US', 'English (US)']] as const

const PARTNER_TYPES = [
  ['contact', 'Contact'],
  ['invoice', 'Invoice'],
  ['delivery', 'Delivery'],
  ['other', 'Other'],
] as const

const SEGMENTS = [
  ['gold', 'Gold'],
  ['silver', 'Silver'],
] as const

const partner: ModelDefinition = {
  description: 'Contact',
  order: 'complete_name ASC, id DESC',
  writableBy: 'user',
  fields: {
    ...USERS,
    name: { type: 'char', string: 'Name' },
    complete_name: { type: 'char', string: 'Complete Name', readonly: true },
    ref: { type: 'char', string: 'Reference' },
    type: { type: 'selection', string: 'Address Type', selection: PARTNER_TYPES, default: 'contact' },
    active: { type: 'boolean', string: 'Active', default: true },
    is_company: { type: 'boolean', string: 'Is a Company', default: false },
    parent_id: { type: 'many2one', string: 'Related Company', relation: 'res.partner' },
    company_name: { type: 'char', string: 'Company Name' },
    email: { type: 'char', string: 'Email' },
    phone: { type: 'char', string: 'Phone' },
    website: { type: 'char', string: 'Website Link' },
    function: { type: 'char', string: 'Job Position' },
    street: { type: 'char', string: 'Street' },
    street2: { type: 'char', string: 'Street2' },
    zip: { type: 'char', string: 'Zip' },
    city: { type: 'char', string: 'City' },
    country_id: { type: 'many2one', string: 'Country', relation: 'res.country' },
    vat: { type: 'char', string: 'Tax ID' },
    lang: { type: 'selection', string: 'Language', selection: LANGUAGES, default: 'en_US' },
    comment: { type: 'html', string: 'Notes' },
    category_id: { type: 'many2many', string: 'Tags', relation: 'res.partner.category', default: [] },
    color: { type: 'integer', string: 'Color Index', default: 0 },
    partner_latitude: { type: 'float', string: 'Geo Latitude', digits: [10, 7] },
    partner_longitude: { type: 'float', string: 'Geo Longitude', digits: [10, 7] },
    customer_rank: { type: 'integer', string: 'Customer Rank', default: 0 },
    supplier_rank: { type: 'integer', string: 'Vendor Rank', default: 0 },
    image_1920: { type: 'binary', string: 'Image', attachment: true, maxPixels: 1920 },
    x_credit_limit: { type: 'float', string: 'Credit limit', manual: true },
    x_currency_id: { type: 'many2one', string: 'Currency', relation: 'res.currency', manual: true },
    x_turnover: { type: 'monetary', string: 'Turnover', currencyField: 'x_currency_id', manual: true },
    x_customer_since: { type: 'date', string: 'Customer since', manual: true },
    x_last_visit: { type: 'datetime', string: 'Last visit', manual: true },
    x_segment: { type: 'selection', string: 'Segment', selection: SEGMENTS, manual: true },
  },
}

const category: ModelDefinition = {
  description: 'Partner Tags',
  order: 'name, id',
  writableBy: 'user',
  fields: {
    ...USERS,
    name: { type: 'char', string: 'Name', required: true },
    color: { type: 'integer', string: 'Color', default: 0 },
    active: { type: 'boolean', string: 'Active', default: true },
    parent_id: { type: 'many2one', string: 'Category', relation: 'res.partner.category' },
  },
}

const country: ModelDefinition = {
  description: 'Country',
  order: 'name, id',
  writableBy: 'system',
  fields: {
    ...USERS,
    name: { type: 'char', string: 'Country Name', required: true },
    code: { type: 'char', string: 'Country Code', required: true },
    currency_id: { type: 'many2one', string: 'Currency', relation: 'res.currency' },
  },
}

const currency: ModelDefinition = {
  description: 'Currency',
  order: 'active desc, name',
  writableBy: 'system',
  fields: {
    ...USERS,
    name: { type: 'char', string: 'Currency', required: true },
    symbol: { type: 'char', string: 'Symbol', required: true },
    rounding: { type: 'float', string: 'Rounding Factor', digits: [12, 6], default: 0.01 },
    active: { type: 'boolean', string: 'Active', default: true },
  },
}

const user: ModelDefinition = {
  description: 'User',
  order: 'name, login',
  writableBy: 'system',
  fields: {
    ...USERS,
    name: { type: 'char', string: 'Name' },
    login: { type: 'char', string: 'Login', required: true },
    active: { type: 'boolean', string: 'Active', default: true },
    partner_id: { type: 'many2one', string: 'Related Partner', relation: 'res.partner', required: true },
  },
}

const company: ModelDefinition = {
  description: 'Companies',
  order: 'sequence, name',
  writableBy: 'system',
  fields: {
    ...USERS,
    name: { type: 'char', string: 'Company Name', required: true },
    sequence: { type: 'integer', string: 'Sequence', default: 10 },
    partner_id: { type: 'many2one', string: 'Partner', relation: 'res.partner', required: true },
  },
}

/** A wizard: Odoo throws its records away by itself, the stand-in keeps them. */
const languageExport: ModelDefinition = {
  description: 'Language Export',
  order: 'id',
  writableBy: 'user',
  fields: { ...USERS, name: { type: 'char', string: 'File Name', readonly: true } },
}

const ATTACHMENT_TYPES = [
  ['url', 'URL'],
  ['binary', 'File'],
] as const

const attachment: ModelDefinition = {
  description: 'Attachment',
  order: 'id desc',
  writableBy: 'user',
  fields: {
    ...USERS,
    name: { type: 'char', string: 'Name', required: true },
    description: { type: 'char', string: 'Description' },
    res_model: { type: 'char', string: 'Resource Model' },
    res_field: { type: 'char', string: 'Resource Field' },
    res_id: { type: 'many2one_reference', string: 'Resource ID' },
    type: { type: 'selection', string: 'Type', selection: ATTACHMENT_TYPES, required: true, default: 'binary' },
    url: { type: 'char', string: 'Url' },
    datas: { type: 'binary', string: 'File Content (base64)', store: false },
    checksum: { type: 'char', string: 'Checksum/SHA1', readonly: true },
    file_size: { type: 'integer', string: 'File Size', readonly: true },
    mimetype: { type: 'char', string: 'Mime Type', readonly: true },
  },
}

export const MODELS: Models = {
  'ir.attachment': attachment,
  'res.company': company,
  'base.language.export': languageExport,
  'res.partner': partner,
  'res.partner.category': category,
  'res.country': country,
  'res.currency': currency,
  'res.users': user,
}
