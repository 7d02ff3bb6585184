import type { OdooUnderTest } from './odoo-lab.ts'

/** Cases by their title, or by how it begins where an ellipsis ends it, that do not hold for a protocol or a version, each with what is true instead. */
export type Differences = Readonly<Record<string, string>>

const JSON2 = 'about the body and the headers of JSON-2'
const RPC = 'see odoo-rpc-errors.ts'

/** JSON-RPC, XML-RPC and a web session. */
const NOT_OF_RPC: Differences = {
  'a wrong key': RPC,
  'no key': JSON2,
  'an unknown model': RPC,
  'an unknown method': RPC,
  'a body that is no JSON': JSON2,
  'a body that is a list, for its missing arguments': JSON2,
  'an empty body, for its missing arguments': JSON2,
  'create with values in place of vals_list': 'an IndexError: create looks at its first positional argument',
  'write without vals': RPC,
  'an argument that the method does not have': RPC,
  'ids for a method of the model': 'they would be taken for the first argument',
}

/** XML has no place for some characters: the connector refuses them before it sends anything. */
const NOT_OF_XML_RPC: Differences = { 'text with a NUL': 'refused as `unsupported` before it is sent' }

/** An ordinary user of 14 sees none of the attachments behind fields: what holds there is in test/real/odoo-files. */
const HIDDEN_FILES = '14 hides the attachments of fields from ordinary users'

/** 14 hands the text to PostgreSQL, which refuses it with an error of its own. */
const TO_POSTGRES = "14 leaves a date's text to PostgreSQL"

/** The currency of a monetary field that is made by hand cannot be chosen there. */
const CURRENCY_OF_14 = "14 takes currency_id for a monetary field, which invoicing adds to a contact: its company's"

/** What 14 does otherwise. */
const NOT_OF_14: Differences = {
  'a method declared private': 'its private methods are fewer',
  'store x_customer_since "" as false': TO_POSTGRES,
  'refuse x_customer_since "abc"': TO_POSTGRES,
  'refuse x_customer_since "2026-02-30"': TO_POSTGRES,
  'refuse x_last_visit "abc"': TO_POSTGRES,
  'of a record are attachments with their SHA-1 and size, which an ordinary user may read': HIDDEN_FILES,
  'of a record are hidden from a search, unless its domain names res_field or id': HIDDEN_FILES,
  'that are pictures are stored smaller where they are large, and must be pictures': HIDDEN_FILES,
  'are changed in their attachment, move the record’s write_date, and go with an empty value': HIDDEN_FILES,
  'of a record that are changed as attachments do not move the record’s write_date': HIDDEN_FILES,
  'without bytes are of size 0': HIDDEN_FILES,
  'web_save_multi with unequal lists': '14 has no web_save_multi',
  'a record that is gone, to web_save_multi': '14 has no web_save_multi',
  'writes different values and reads the stored ones back with who wrote them and when': '14 has no web_save_multi',
  'expands a relation where its specification names fields': '14 has no web_save_multi',
  'writes nothing where one record is refused': '14 has no web_save_multi',
  'writes nothing where a field to read back is unknown': '14 has no web_save_multi',
  'answers the ids alone without a specification, and applies a record named twice in order':
    '14 has no web_save_multi',
  'names the bearer scheme with a 401': '14 has neither JSON-2 nor these addresses',
  'answers 404 with HTML for a database that it does not have': '14 has neither JSON-2 nor these addresses',
  'tells its health and its version without a key': '14 has neither JSON-2 nor these addresses',
  'points to the right address below /json/2': '14 has neither JSON-2 nor these addresses',
  'names an unknown field of a contact by a KeyError on write, of another model by a ValueError': 'see odoo-14.ts',
  'tells who a key belongs to, and what that user may do': 'see odoo-14.ts',
  'lang "xx_XX" as "xx_XX"': 'see odoo-14.ts',
  'a many2one that was written as text with its id': 'see odoo-14.ts',
  'clears a many2one that is written as text': 'see odoo-14.ts',
  'clears a many2one that is written as an object': 'see odoo-14.ts',
  'leaves a computed name alone': 'see odoo-14.ts',
  'refuses, like an archive, the contact of an active user': 'see odoo-14.ts',
  'take an address that is written to a contact, company and siblings alike': 'see odoo-14.ts',
  'take a tax id that is written to a contact, all of them': 'see odoo-14.ts',
  'get a write_date each from any change of the company, and none from a change of a contact': 'see odoo-14.ts',
  "get a write_date with the company's name, archived ones too, but not a company below it": 'see odoo-14.ts',
  'a datetime with a fraction as if it had none': 'see odoo-14.ts',
  'counts, up to a limit': 'see odoo-14.ts',
  'write_date = its own second shifted by 0 → "abcde"': 'see odoo-14.ts',
  'write_date > its own second shifted by 0 → ""': 'see odoo-14.ts',
  'write_date <= its own second shifted by 0 → "abcde"': 'see odoo-14.ts',
  'write_date != its own second shifted by 0 → ""': 'see odoo-14.ts',
  'write_date in its own second shifted by 0 → "abcde"': 'see odoo-14.ts',
  '[["email","=",""]] → de (undefined)': 'see odoo-14.ts',
  '[["email","=like",""]] → de (undefined)': 'see odoo-14.ts',
  '[["color","=",false]] → de (undefined)': 'see odoo-14.ts',
  '[["country_id","any",[["code","=","FR"]]]] → c (undefined)': 'see odoo-14.ts',
  '[["country_id","not any",[["code","=","FR"]]]] → abde (undefined)': 'see odoo-14.ts',
  '[] → deabc (email nulls first, ref)': 'see odoo-14.ts',
  'a domain that is a string': 'another class of error',
  'an operator without its operands': 'another class of error',
  'a datetime that is none': 'another class of error',
  'a many2many to nothing': 'another class of error',
  'HTML …': 'the note of a contact is plain text',
  'describes comment': 'the note of a contact is plain text',
  'describes partner_latitude': 'five digits in place of seven',
  'partner_latitude 1.123456789 as 1.1234568': 'five digits in place of seven',
  'partner_latitude -1.00000005 as -1.0000001': 'five digits in place of seven',
  'partner_latitude 0.12345675 as 0.1234568': 'five digits in place of seven',
  'describes complete_name': 'another field, or none',
  'describes display_name': 'another field, or none',
  'describes type': 'another field, or none',
  'gives only the attributes asked for, and the name among them without any': 'another field, or none',
  'show the company in the name of a contact': 'another field, or none',
  'round a monetary value to its currency, also one that comes with it': CURRENCY_OF_14,
  'describe themselves as manual': CURRENCY_OF_14,
}

export function differencesOf({ protocol, series }: OdooUnderTest): Differences {
  return {
    ...(protocol === 'json2' ? {} : NOT_OF_RPC),
    ...(protocol === 'xmlrpc' ? NOT_OF_XML_RPC : {}),
    ...(series === '14' ? NOT_OF_14 : {}),
  }
}
