import { z } from 'zod'
import { durationOrNeverSchema, durationSchema, shareSchema } from './duration.ts'
import { EXACT } from './key.ts'
import type { Fold } from './mapping.ts'
import { scheduleOrNeverSchema, scheduleSchema } from './schedule.ts'
import { transformListSchema, valueMapSchema } from './transform-schema.ts'

const name = z.string().regex(/^[A-Za-z][\w-]*$/, 'expected a name of letters, digits, - and _')
const fieldName = z.string().min(1, 'expected the name of a field')
const side = z.enum(['odoo', 'external'])
const direction = z.enum(['both', 'to-odoo', 'from-odoo'])
const conflict = z.enum(['odoo', 'external', 'newest', 'manual'])
/** `merge`: of a set, what each side added and took out. */
const fieldConflict = z.enum([...conflict.options, 'merge'])
const deletePolicy = z.enum(['ignore', 'archive', 'delete'])
const exitPolicy = z.enum(['keep', 'archive', 'delete'])

/** What a comparison of keys ignores. */
const fold = z
  .array(z.enum(['case', 'space']))
  .transform((ignored): Fold => ({ case: ignored.includes('case'), space: ignored.includes('space') }))
const foldOrExact = fold.prefault([]).transform((how) => (how.case || how.space ? how : EXACT))

const guard = (share: string, count: number) =>
  z.strictObject({ share: shareSchema.prefault(share), count: z.int().min(0).default(count) }).prefault({})

/** What the mapping itself needs of a side; every other key belongs to the connector. */
const sideShape = {
  connection: name,
  /** Values that a record created on this side gets besides the mapped ones. */
  defaults: z.record(z.string(), z.json()).default({}),
}
const odooSide = z.looseObject({ ...sideShape, key: fieldName.default('ref') })
const externalSide = z.looseObject({ ...sideShape, key: fieldName })

const lookup = z.looseObject({
  /** The field that holds the natural key. */
  by: fieldName,
  /** The side whose field holds ids. */
  side: side.default('odoo'),
  /** Where the records are looked up; that side's own connection unless it says otherwise. */
  connection: name.optional(),
  fold: foldOrExact,
  /** Makes the record where there is none with that key. */
  create: z.boolean().default(false),
  /** Values that a record made so gets besides its key. */
  defaults: z.record(z.string(), z.json()).default({}),
})

const link = z.union([
  name.transform((mapping) => ({ mapping, by: 'id' as const })),
  z.strictObject({ mapping: name, by: z.enum(['id', 'key']).default('id') }),
])

const fieldPair = z.strictObject({
  odoo: fieldName,
  external: fieldName,
  direction: direction.optional(),
  owner: side.optional(),
  conflict: fieldConflict.optional(),
  transform: transformListSchema.optional(),
  map: valueMapSchema.optional(),
  lookup: lookup.optional(),
  link: link.optional(),
  /** Notices changes of the other record that the value is read from. */
  watch: z.boolean().default(false),
  /** Between the elements of a set that the other side holds as one text. */
  separator: z.string().min(1).optional(),
})
export type FieldDefinition = z.output<typeof fieldPair>

/** `email` alone is short for `{ odoo: email, external: email }`. */
const field = z.union([
  fieldName.transform((same): FieldDefinition => ({ odoo: same, external: same, watch: false })),
  fieldPair,
])

export const mappingSchema = z.strictObject({
  mapping: name,
  odoo: odooSide,
  external: externalSide,
  key: z
    .strictObject({
      fold: foldOrExact,
      /** The Odoo field of a pair within whose value the key names a record: the same one in two companies is two. */
      within: fieldName.optional(),
      /** How a record without a key gets one. Without it, the target's own sequence is asked. */
      generate: z.string().includes('{id}', { error: 'expected a template with {id}, such as ODOO-{id}' }).optional(),
    })
    .prefault({}),
  match: z.array(z.strictObject({ odoo: fieldName, external: fieldName, fold: foldOrExact })).default([]),
  direction: direction.default('both'),
  fields: z.array(field).min(1, 'expected at least one pair of fields'),
  conflict: conflict.default('newest'),
  deletes: z
    .strictObject({
      from_odoo: deletePolicy.optional(),
      from_external: deletePolicy.optional(),
      guard: guard('10%', 50),
    })
    .prefault({}),
  on_exit: z
    .union([
      exitPolicy.transform((policy) => ({ from_odoo: policy, from_external: policy })),
      z.strictObject({ from_odoo: exitPolicy.default('keep'), from_external: exitPolicy.default('keep') }),
    ])
    .prefault('keep'),
  changes_guard: guard('50%', 1000),
  schedule: scheduleSchema.prefault('every 5s'),
  deep: scheduleSchema.prefault('every 1m'),
  sweep: scheduleOrNeverSchema.prefault('every 6h'),
  compare_within: durationOrNeverSchema.prefault('24h'),
  wait_limit: durationSchema.prefault('7d'),
  max_attempts: z.int().min(1).max(100).default(8),
  page_size: z.int().min(1).max(100_000).optional(),
})

/** A mapping file as it was written, with the defaults filled in. */
export type MappingDefinition = z.output<typeof mappingSchema>
