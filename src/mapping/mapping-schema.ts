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
const createPolicy = z.enum(['always', 'never'])

/** What a comparison of keys ignores. */
const fold = z
  .array(z.enum(['case', 'space']))
  .transform((ignored): Fold => ({ case: ignored.includes('case'), space: ignored.includes('space') }))
const foldOrExact = fold.prefault([]).transform((how) => (how.case || how.space ? how : EXACT))

const guard = (share: string, count: number) =>
  z
    .strictObject({
      share: shareSchema.prefault(share).describe('A share of the linked records.'),
      count: z.int().min(0).default(count).describe('And so many records.'),
    })
    .prefault({})

/** What the mapping itself needs of a side; every other key belongs to the connector. */
const sideShape = {
  connection: name.describe('A connection of config.yaml.'),
  defaults: z
    .record(z.string(), z.json())
    .default({})
    .describe('Values that a record created on this side gets besides the mapped ones.'),
}
const odooSide = z.looseObject({
  ...sideShape,
  key: fieldName
    .default('ref')
    .describe('The field with the business key, by which records of both sides are recognised.'),
})
const externalSide = z.looseObject({ ...sideShape, key: fieldName.describe('The field with the business key.') })

const lookup = z.looseObject({
  by: fieldName.describe('The field that holds the natural key.'),
  side: side.default('odoo').describe('The side whose field holds ids.'),
  connection: name
    .optional()
    .describe("Where the records are looked up; that side's own connection unless it says otherwise."),
  fold: foldOrExact.describe('What a comparison ignores.'),
  create: z.boolean().default(false).describe('Makes the record where there is none with that key.'),
  defaults: z.record(z.string(), z.json()).default({}).describe('Values that a record made so gets besides its key.'),
  keyless: z
    .enum(['empty', 'refuse'])
    .default('refuse')
    .describe(
      'A record that is found and has no natural key: shown as if there were none (of a pair with one direction only), or a dead letter.',
    ),
})

const link = z.union([
  name.transform((mapping) => ({ mapping, by: 'id' as const })),
  z.strictObject({
    mapping: name.describe('The mapping that brings the other record over.'),
    by: z.enum(['id', 'key']).default('id').describe("Whether the field holds the record's id or its key."),
  }),
])

const fieldShape = z.strictObject({
  odoo: fieldName.optional().describe('The field in Odoo.'),
  external: fieldName.optional().describe('The field on the other side.'),
  value: expression.optional().describe('Instead of one of the two: what is written to the other.'),
  direction: direction.optional().describe('Where changes of this field flow.'),
  owner: side
    .optional()
    .describe('The side whose value always counts, and is put back when the other side changes it.'),
  conflict: fieldConflict
    .optional()
    .describe('Who wins where both sides changed this field; `merge`: of a set, what each side added and took out.'),
  transform: transformListSchema
    .optional()
    .describe('How a value is changed on its way to the other side: one, or several in this order.'),
  map: valueMapSchema.optional().describe('Which value of Odoo stands for which of the other side.'),
  lookup: lookup.optional().describe('A record that is named by a natural key on the other side.'),
  link: link.optional().describe('A record that another mapping brings over: its name.'),
  watch: z.boolean().default(false).describe('Notices changes of the other record that the value is read from.'),
  separator: z
    .string()
    .min(1)
    .optional()
    .describe('Between the elements of a set that the other side holds as one text.'),
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
const field = z
  .union([fieldName.transform((same): FieldDefinition => ({ odoo: same, external: same, watch: false })), fieldPair])
  .meta({ title: 'pair of fields' })

const step = z
  .strictObject({
    name: name.describe('Its name, for messages.'),
    on: side.default('odoo').describe('The side that is called.'),
    when: expression.describe('An expression: when it is due.'),
    unless: expression.optional().describe('An expression: what is true once it was done.'),
    repeatable: z
      .boolean()
      .default(false)
      .describe('Nothing shows whether it was called: it is called once for each new set of values.'),
    read: z
      .record(
        name,
        z.strictObject({
          side: side.default('odoo').describe('The side that has the record.'),
          path: fieldName.describe('The field that refers to it.'),
          fields: z.array(fieldName).default([]).describe('What is read of it.'),
        }),
      )
      .default({})
      .describe('Records that the record refers to, for `unless` and for the call.'),
    call: z.record(z.string(), z.json()).describe("What is called, in the connector's own words."),
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
  fieldName.transform((same) => ({
    odoo: same,
    external: same,
  })),
  z.strictObject({
    odoo: fieldName.describe('The field in Odoo.'),
    external: fieldName.describe('The field on the other side.'),
  }),
])

/** Lines that are synced with their record, one by one: an order's positions. */
const linesPair = z.strictObject({
  odoo: fieldName.describe('The field with the lines in Odoo.'),
  external: fieldName.describe('The field on the other side.'),
  key: z
    .union([z.array(keyPair).min(1, 'expected at least one pair of fields'), keyPair.transform((pair) => [pair])])
    .describe('The fields that name a line within its record.'),
  fields: z.array(field).min(1, 'expected at least one pair of fields').describe('The pairs of fields of a line.'),
  direction: direction.optional().describe('Where changes of lines flow.'),
  owner: side.optional().describe('The side whose lines always count.'),
  conflict: conflict.optional().describe('Who wins where both sides changed the same field of a line.'),
  deletes: z
    .strictObject({
      from_odoo: linePolicy.default('delete').describe('A line that was taken away in Odoo.'),
      from_external: linePolicy.default('delete').describe('A line that was taken away on the other side.'),
    })
    .prefault({})
    .describe('What a line that is taken away on one side does on the other.'),
  keyless: z
    .enum(['ignore', 'refuse'])
    .default('refuse')
    .describe('Lines without a key: left alone, or the record becomes a dead letter.'),
})
export type LinesDefinition = z.output<typeof linesPair>

export const mappingSchema = z.strictObject({
  mapping: name.describe('The name of this mapping: letters, digits, - and _.'),
  odoo: odooSide.describe(
    'The Odoo side. Besides the following, what [the connector](connectors/odoo.md) takes: `model`, `domain`, …',
  ),
  external: externalSide.describe('The other side. Besides the following, what its connector takes: `collection`, …'),
  key: z
    .strictObject({
      fold: foldOrExact.describe('What a comparison of keys ignores.'),
      within: fieldName
        .optional()
        .describe(
          'The Odoo field of a pair within whose value the key names a record: the same one in two companies is two.',
        ),
      generate: z
        .string()
        .includes('{id}', { error: 'expected a template with {id}, such as ODOO-{id}' })
        .optional()
        .describe("How a record without a key gets one. Without it, the target's own sequence is asked."),
    })
    .prefault({}),
  match: z
    .array(
      z.strictObject({
        odoo: fieldName.describe('The field in Odoo.'),
        external: fieldName.describe('The field on the other side.'),
        fold: foldOrExact.describe('What a comparison ignores.'),
      }),
    )
    .default([])
    .describe(
      'How records whose key is not found are looked for, where both sides have records already: by these fields, in turn.',
    ),
  direction: direction.default('both').describe('Where changes flow.'),
  fields: z
    .array(field)
    .min(1, 'expected at least one pair of fields')
    .describe('The pairs of fields; a name alone stands for the same name on both sides.'),
  when: z
    .strictObject({
      from_odoo: expression.optional().describe('Of records from Odoo.'),
      from_external: expression.optional().describe('Of records from the other side.'),
    })
    .default({})
    .describe('Which records that have no partner yet are brought to the other side.'),
  creates: z
    .strictObject({
      from_odoo: createPolicy.default('always').describe('For a record of Odoo that has no partner on the other side.'),
      from_external: createPolicy.default('always').describe('For a record of the other side that has none in Odoo.'),
    })
    .prefault({})
    .describe('Whether a record without a partner is made on the other side; `never`: it is matched, or left alone.'),
  steps: z
    .array(step)
    .default([])
    .describe('Business methods that are called when they are due ([steps.md](steps.md)).'),
  lines: z
    .array(linesPair)
    .default([])
    .describe('Lines that belong to a record and are synced with it ([lines.md](lines.md)).'),
  conflict: conflict
    .default('newest')
    .describe('Who wins where both sides changed the same field since it was last seen.'),
  deletes: z
    .strictObject({
      from_odoo: deletePolicy
        .optional()
        .describe('What a delete in Odoo does on the other side; `archive` where that side can, unless given.'),
      from_external: deletePolicy
        .optional()
        .describe('What a delete on the other side does in Odoo; `archive` where Odoo can, unless given.'),
      guard: guard('10%', 50).describe('A run that would delete more than both waits until a person confirms.'),
    })
    .prefault({}),
  on_exit: z
    .union([
      exitPolicy.transform((policy) => ({ from_odoo: policy, from_external: policy })),
      z.strictObject({
        from_odoo: exitPolicy.default('keep').describe('Of records from Odoo.'),
        from_external: exitPolicy.default('keep').describe('Of records from the other side.'),
      }),
    ])
    .prefault('keep')
    .describe('What happens to the other side when a record leaves the filter but still exists.'),
  changes_guard: guard('50%', 1000).describe(
    'A run that would change more linked records than both waits until a person confirms.',
  ),
  schedule: scheduleSchema.prefault('every 5s').describe('How often changes are looked for.'),
  deep: scheduleSchema
    .prefault('every 1m')
    .describe('How often the last minutes are read once more, for transactions that were long.'),
  sweep: scheduleOrNeverSchema
    .prefault('every 6h')
    .describe('How often both listings are compared with the ledger, which finds deletes.'),
  compare_within: durationOrNeverSchema
    .prefault('24h')
    .describe('In how long each linked record is compared in full once; or `never`.'),
  wait_limit: durationSchema
    .prefault('7d')
    .describe('How long a change may wait for another record before it becomes a dead letter.'),
  max_attempts: z
    .int()
    .min(1)
    .max(100)
    .default(8)
    .describe('How often a change is tried before it becomes a dead letter.'),
  page_size: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Records a page; what the connector likes best unless given.'),
})

/** A mapping file as it was written, with the defaults filled in. */
export type MappingDefinition = z.output<typeof mappingSchema>
