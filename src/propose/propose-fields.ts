import type { FieldSchema, Schema } from '../contract/connector.ts'
import type { Fields, Value } from '../contract/value.ts'
import { isConvertible, isReference, isTextual } from '../mapping/coerce.ts'
import type { Side } from '../mapping/mapping.ts'
import { nameLikeness, plainName } from './field-words.ts'

/** A pair of fields that may correspond. */
export interface ProposedPair {
  readonly odoo: string
  readonly external: string
  /** One who is not sure leaves it to the person. */
  readonly isSure: boolean
  /** Why, in words: "same name", "equal values in 12 of 14 rows". */
  readonly reason: string
  readonly direction: 'both' | 'to-odoo' | 'from-odoo'
  /** A record of Odoo that the other side names by a natural key. */
  readonly lookup: { readonly model: string; readonly by: string } | null
}

/** What is known of both collections. */
export interface Sight {
  readonly schema: Schema
  /** Some records; empty: there are none, or they were not read. */
  readonly sample: readonly Fields[]
}

/** From here on, a pair is proposed as a comment; from SURE on, as it is. */
const MAYBE = 0.4
const SURE = 0.75
/** So many different values must be equal to say something. */
const MIN_VALUES = 3
/** Odoo's bookkeeping, and what is calculated from other fields. */
const LEFT_OUT =
  /^(?:id|create_(?:uid|date)|write_(?:uid|date)|display_name|__last_update|active|message_.*|activity_.*|.*_token.*|image_\d+|avatar_.*|commercial_.*|my_activity.*|signup_.*|website_message.*|has_message|rating_.*|access_.*|email_normalized|email_formatted|phone_sanitized.*|complete_name|contact_address.*|self|partner_share|is_(?:public|blacklisted|published).*)$/

/** Which records of Odoo are named by what elsewhere. */
const LOOKUPS: Readonly<Record<string, { readonly by: string; readonly isCode: (field: FieldSchema) => boolean }>> = {
  'res.country': { by: 'code', isCode: () => true },
  'res.currency': { by: 'name', isCode: () => true },
  'uom.uom': { by: 'name', isCode: () => true },
}

/** The best pairs by name, type and equal values: each field in at most one. Pure. */
export function proposeFields(sights: Readonly<Record<Side, Sight>>): readonly ProposedPair[] {
  const { odoo, external } = sights
  // What a side numbers its records with says nothing on the other.
  const others = [...external.schema.fields.values()].filter(({ name }) => name.toLowerCase() !== 'id')
  const candidates = [...odoo.schema.fields.values()]
    .filter(({ name }) => !LEFT_OUT.test(name))
    .flatMap((ours) => others.flatMap((theirs) => rate(ours, theirs, sights) ?? []))
    .sort((a, b) => b.score - a.score)
  const taken: Record<Side, Set<string>> = { odoo: new Set(), external: new Set() }
  const pairs: ProposedPair[] = []
  for (const { pair } of candidates) {
    if (taken.odoo.has(pair.odoo) || taken.external.has(pair.external)) continue
    taken.odoo.add(pair.odoo)
    taken.external.add(pair.external)
    pairs.push(pair)
  }
  const order = [...external.schema.fields.keys()]
  return pairs.sort((a, b) => order.indexOf(a.external) - order.indexOf(b.external))
}

interface Rated {
  readonly pair: ProposedPair
  readonly score: number
}

function rate(ours: FieldSchema, theirs: FieldSchema, sights: Readonly<Record<Side, Sight>>): Rated | null {
  const lookup = lookupOf(ours, theirs)
  if (!lookup && !isConvertible(ours.type, theirs.type)) return null
  const direction = directionOf(ours, theirs)
  if (direction === null) return null
  const byName = nameLikeness(ours.name, theirs.name)
  // Small numbers are equal by chance.
  const isTelling = !lookup && (byName > 0 || (isTextual(ours.type) && isTextual(theirs.type)))
  const equal = isTelling ? equalValues(valuesOf(sights.odoo, ours), valuesOf(sights.external, theirs)) : null
  const score = scoreOf(byName, equal, ours, theirs)
  if (score < MAYBE) return null
  const reasons = [
    byName === 1 ? 'same name' : byName >= 0.85 ? 'another word for it' : byName > 0 ? 'a similar name' : null,
    equal && equal.shared > 0 ? `${equal.shared} of ${equal.of} values are the same` : null,
  ]
  const reason = reasons.filter((each) => each !== null).join(', ')
  return { score, pair: { odoo: ours.name, external: theirs.name, isSure: score >= SURE, reason, direction, lookup } }
}

interface Equal {
  readonly shared: number
  readonly of: number
}

function scoreOf(byName: number, equal: Equal | null, ours: FieldSchema, theirs: FieldSchema): number {
  const sameType = ours.type === theirs.type ? 0.02 : 0
  // Of two names for one thing, the shorter is the plain one: name rather than complete_name.
  const plain = 0.01 / plainName(ours.name).length
  if (equal === null) return byName + sameType + plain
  const share = equal.shared / equal.of
  // Values that differ throughout say more than a name that is only alike.
  if (share === 0) return byName === 1 ? 0.8 : byName * 0.8
  return Math.max(byName, share * 0.7) + share * 0.3 + sameType + plain
}

function lookupOf(ours: FieldSchema, theirs: FieldSchema): ProposedPair['lookup'] {
  if (ours.type !== 'reference' || ours.relation === null || isReference(theirs.type)) return null
  const known = LOOKUPS[ours.relation]
  if (!known || theirs.type !== 'text' || !known.isCode(theirs)) return null
  return { model: ours.relation, by: known.by }
}

function directionOf(ours: FieldSchema, theirs: FieldSchema): ProposedPair['direction'] | null {
  if (ours.isReadOnly && theirs.isReadOnly) return null
  if (ours.isReadOnly) return 'from-odoo'
  return theirs.isReadOnly ? 'to-odoo' : 'both'
}

function valuesOf({ sample }: Sight, field: FieldSchema): ReadonlySet<string> {
  if (field.type === 'boolean' || field.type === 'selection') return new Set()
  return new Set(sample.flatMap((record) => textOf(record[field.name]) ?? []))
}

function textOf(value: Value | undefined): string | null {
  if (value === null || value === undefined || typeof value === 'object') return null
  const text = String(value).trim().toLowerCase()
  return text === '' || text === '0' ? null : text
}

/** null: there are too few values to compare. */
function equalValues(ours: ReadonlySet<string>, theirs: ReadonlySet<string>): Equal | null {
  const of = Math.min(ours.size, theirs.size)
  if (of < MIN_VALUES) return null
  const shared = [...theirs].filter((value) => ours.has(value)).length
  return { shared: Math.min(shared, of), of }
}
