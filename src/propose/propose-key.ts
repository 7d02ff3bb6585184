import type { FieldSchema } from '../contract/connector.ts'
import type { Fields } from '../contract/value.ts'
import type { Side } from '../mapping/mapping.ts'
import { nameLikeness, plainName } from './field-words.ts'
import type { ProposedPair, Sight } from './propose-fields.ts'

/** The pair of fields by which a record is known on both sides. */
export interface ProposedKey {
  readonly odoo: string
  readonly external: string
  /** How a record without a key gets one; null: the external side gives it. */
  readonly generate: string | null
  readonly reason: string
}

/** Odoo's fields that are made to name a record, best first. */
const ODOO_KEYS = ['ref', 'default_code', 'barcode', 'code', 'name']
/** What names a record elsewhere. */
const KEY_WORDS = /(?:code|sku|number|ref|key|no|ean|barcode|externalid|uuid|guid)$/

/** A key that fits, or null: no field of one of the sides can name a record. Pure. */
export function proposeKey(sights: Readonly<Record<Side, Sight>>, pairs: readonly ProposedPair[]): ProposedKey | null {
  const ours = ODOO_KEYS.map((name) => sights.odoo.schema.fields.get(name)).find((field) => field && !field.isReadOnly)
  if (!ours) return null
  const theirs = [...sights.external.schema.fields.values()]
    .filter((field) => mayBeKey(field, sights.external.sample))
    .map((field) => ({ field, score: keyScore(field, ours, pairs, sights.external.sample) }))
    .sort((a, b) => b.score - a.score)[0]?.field
  if (!theirs) return null
  const paired = pairs.find((pair) => pair.odoo === ours.name && pair.external === theirs.name)
  const isGiven = theirs.isAssigned || theirs.isReadOnly
  const reason = paired?.reason ?? (isGiven ? 'the other side gives it to each record' : 'its name says so')
  const generate = theirs.isReadOnly ? null : theirs.type === 'text' ? '{side}-{id}' : null
  return { odoo: ours.name, external: theirs.name, generate, reason }
}

function mayBeKey(field: FieldSchema, sample: readonly Fields[]): boolean {
  if (field.type !== 'text' && field.type !== 'integer') return false
  const values = sample.map((record) => record[field.name]).filter((value) => value !== null && value !== undefined)
  // Where two records have the same value, it names neither.
  return new Set(values.map(String)).size === values.length
}

function keyScore(
  field: FieldSchema,
  ours: FieldSchema,
  pairs: readonly ProposedPair[],
  sample: readonly Fields[],
): number {
  const pair = pairs.find(({ external }) => external === field.name)
  const isOurs = pair?.odoo === ours.name ? 2 : pair ? -1 : 0
  const isWord = KEY_WORDS.test(plainName(field.name)) ? 1 : 0
  const isId = plainName(field.name) === 'id' ? 0.8 : 0
  const isFull = sample.length > 0 && sample.every((record) => record[field.name] != null) ? 0.5 : 0
  return isOurs + isWord + isId + isFull + nameLikeness(ours.name, field.name) + (field.type === 'text' ? 0.1 : 0)
}
