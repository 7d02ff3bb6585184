import { z } from 'zod'
import { bundleName } from './bundle.ts'
import { durationOrNeverSchema, durationSchema, shareSchema } from './duration.ts'
import { EXACT } from './key.ts'
import type { Fold } from './mapping.ts'
import { scheduleOrNeverSchema, scheduleSchema } from './schedule.ts'
import { transformListSchema, valueMapSchema } from './transform-schema.ts'

/** Told as what it is: see `config/issues`. */
export const MISSING = 'is missing'

const name = z.string().regex(/^[A-Za-z][\w-]*$/, 'expected a name of letters, digits, - and _')
const fieldName = z.string().min(1, 'expected the name of a field')
const side = z.enum(['odoo', 'external'])
/** In CEL: see docs/expressions.md. */
const expression = z.string().min(1, 'expected an expression')
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

const fieldShape = z.strictObject({
  odoo: fieldName.optional(),
  external: fieldName.optional(),
  /** Instead of one of the two: what is written to the other. */
  value: expression.optional(),
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

/** Told also where something else is wrong. */
const isMissing = (path: 'odoo' | 'external') => ({ path: [path], error: MISSING, when: () => true })

const fieldPair = fieldShape
  .refine(({ odoo, value }) => odoo !== undefined || value !== undefined, isMissing('odoo'))
  .refine(({ external, value }) => external !== undefined || value !== undefined, isMissing('external'))
  .refine(({ odoo, external, value }) => value === undefined || (odoo === undefined) !== (external === undefined), {
    path: ['value'],
    error: 'a calculated value is written to one field: give odoo or external, not both',
    when: ({ issues }) => issues.length === 0,
  })
  .refine((pair) => pair.value === undefined || (Object.keys(pair).length === 3 && !pair.watch), {
    path: ['value'],
    error: 'a calculated value flows one way and is put back when it is changed: it takes no other keys',
    when: ({ issues }) => issues.length === 0,
  })
  .transform(({ odoo, external, ...pair }): FieldDefinition => {
    const bundle = bundleName(odoo === undefined ? `external.${external}` : `odoo.${odoo}`)
    return { ...pair, odoo: odoo ?? bundle, external: external ?? bundle }
  })

/** With `value` the pair is calculated, and its source is the bundle of the fields that the expression reads there. */
export type FieldDefinition = z.output<typeof fieldShape> & { readonly odoo: string; readonly external: string }

/** `email` alone is short for `{ odoo: email, external: email }`. */
const field = z.union([
  fieldName.transform((same): FieldDefinition => ({ odoo: same, external: same, watch: false })),
  fieldPair,
])

const step = z
  .strictObject({
    name,
    /** The side that is called. */
    on: side.default('odoo'),
    when: expression,
    unless: expression.optional(),
    /** Nothing shows whether it was called: it is called once for each new set of values. */
    repeatable: z.boolean().default(false),
    /** Records that the record refers to, for `unless` and for the call. */
    read: z
      .record(
        name,
        z.strictObject({ side: side.default('odoo'), path: fieldName, fields: z.array(fieldName).default([]) }),
      )
      .default({}),
    call: z.record(z.string(), z.json()),
  })
  .refine((one) => one.unless !== undefined || one.repeatable, {
    error:
      'a step needs unless: what is true once it was done; or repeatable: true, where calling it twice does no harm',
    when: ({ issues }) => issues.length === 0,
  })
  .refine((one) => one.unless === undefined || !one.repeatable, {
    path: ['repeatable'],
    error: 'unless says already whether it is called again: leave one of them out',
    when: ({ issues }) => issues.length === 0,
  })
export type StepDefinition = z.output<typeof step>
const linePolicy = z.enum(['delete', 'ignore'])
const keyPair = z.union([
  fieldName.transform((same) => ({ odoo: same, external: same })),
  z.strictObject({ odoo: fieldName, external: fieldName }),
])

/** Lines that are synced with their record, one by one: an order's positions. */
const linesPair = z.strictObject({
  odoo: fieldName,
  external: fieldName,
  /** The fields that name a line within its record. */
  key: z.union([z.array(keyPair).min(1, 'expected at least one pair of fields'), keyPair.transform((pair) => [pair])]),
  fields: z.array(field).min(1, 'expected at least one pair of fields'),
  direction: direction.optional(),
  owner: side.optional(),
  conflict: conflict.optional(),
  /** What a line that is taken away on one side does on the other. */
  deletes: z
    .strictObject({ from_odoo: linePolicy.default('delete'), from_external: linePolicy.default('delete') })
    .prefault({}),
  /** Lines without a key: left alone, or the record becomes a dead letter. */
  keyless: z.enum(['ignore', 'refuse']).default('refuse'),
})
export type LinesDefinition = z.output<typeof linesPair>

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
  /** Which records that have no partner yet are brought to the other side. */
  when: z.strictObject({ from_odoo: expression.optional(), from_external: expression.optional() }).default({}),
  steps: z.array(step).default([]),
  lines: z.array(linesPair).default([]),
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
