import { z } from 'zod'
import { FIELD_TYPES } from '../../contract/connector.ts'
import { duration } from '../duration.ts'
import { timezone } from '../time-zone.ts'
import { batchCall, itemCall, listCall, manyCall } from './call-schema.ts'

const jsonPath = z.string().min(1)

const field = z.union([
  z.enum(FIELD_TYPES).transform((type) => ({
    type: type,
    read_only: false,
    required: false,
  })),
  z.strictObject({
    type: z.enum(FIELD_TYPES).describe('What its values are.'),
    read_only: z.boolean().default(false).describe('It is never written.'),
    required: z.boolean().default(false).describe('A record needs it.'),
    max_length: z.int().min(1).optional().describe('The longest text that it takes.'),
    scale: z.int().min(0).optional().describe('Digits after the point.'),
    options: z.array(z.string()).optional().describe('The values that it takes.'),
  }),
])

/** How a time is written: `iso` with milliseconds, `iso_seconds` without, or a number since 1970. */
const timeFormat = z.enum(['iso', 'iso_seconds', 'sql', 'unix_s', 'unix_ms'])

/** How the API tells what changed since a moment. Without it, every scan reads the whole list. */
const changes = z
  .strictObject({
    field: jsonPath.describe('The field that says when a record changed.'),
    filters: z
      .array(z.record(z.string(), z.json()))
      .min(1)
      .describe(
        "What is added to the list's query, with `{since}`; one list is read for each, where one filter does not see all.",
      ),
    format: timeFormat
      .default('iso')
      .describe(
        'How `{since}` is written: a time with milliseconds, without, `2026-11-21 08:30:00`, or a number since 1970.',
      ),
    resolution: duration
      .prefault('1s')
      .describe('The steps in which the API stores times: `1s` where it cuts them to whole seconds.'),
    overlap: duration
      .prefault('10m')
      .describe('How far back a deep scan reads: the longest time after which a record appears behind a later one.'),
  })
  .meta({ title: 'change filter' })

/** Another list whose entries point to records of this one: a change of a product's variant is one of the product. */
const related = z
  .strictObject({
    ...listCall.shape,
    id: jsonPath.describe('Where an entry holds the id of our record.'),
    changes: changes.optional().describe('How this list tells what changed.'),
  })
  .meta({ title: 'related list' })

/** One kind of resource of a REST API. */
export const collectionSchema = z
  .strictObject({
    id: jsonPath.default('id').describe('The field that names a record.'),
    fields: z
      .record(z.string(), field)
      .optional()
      .describe('The types of fields by path. Without it they are learned from a page of the list.'),
    list: listCall.describe('Reads all records, or what changed.'),
    partial: z
      .boolean()
      .default(false)
      .describe('The list holds only ids and versions, or part of the fields: each record is read on its own.'),
    timezone: timezone
      .default('UTC')
      .describe('The zone of times that come without one, and of `format: sql`: `Europe/Berlin`.'),
    changes: changes
      .optional()
      .describe('How the API tells what changed since a moment. Without it, every scan reads the whole list.'),
    related: z
      .array(related)
      .default([])
      .describe(
        "Other lists whose entries point to records of this one: a change of a product's variant is one of the product.",
      ),
    version: jsonPath
      .nullable()
      .optional()
      .describe(
        'What names a state of a record; `changes.field` where it is fine enough, unless given. null: nothing does.',
      ),
    read: itemCall.optional().describe('Reads one record, with `{id}`.'),
    read_many: manyCall.optional().describe('Reads several, with `{ids}`.'),
    find: z
      .record(z.string(), manyCall)
      .default({})
      .describe('Looking up by a field, with `{value}`, or with `{values}` and `max`.'),
    create: itemCall.optional().describe('Makes a record from `{fields}`.'),
    update: itemCall.optional().describe('Changes the record `{id}` by `{fields}`.'),
    remove: itemCall.optional().describe('Deletes the record `{id}`.'),
    batch: z
      .strictObject({
        create: batchCall.optional().describe('Makes several from `{items}`.'),
        update: batchCall.optional().describe('Changes several.'),
        remove: batchCall.optional().describe('Deletes several.'),
      })
      .default({}),
    if_match: z
      .boolean()
      .default(false)
      .describe("Sends the ETag of the last read with an update, so that someone else's change in between is refused."),
    idempotency_header: z
      .string()
      .min(1)
      .optional()
      .describe('The header with which the API recognises a create that was sent before.'),
    archive: z
      .strictObject({
        field: jsonPath.describe('The field that says it.'),
        value: z.union([z.string(), z.number(), z.boolean()]).describe('Its value for an archived record.'),
      })
      .optional(),
    lists: z
      .record(z.string().min(1), z.array(jsonPath).min(1))
      .default({})
      .describe(
        'Lists inside of a record that an update replaces as a whole, with the properties that their elements are sent with: where one element is written (`prices.[currency=eur].amount`), the others are sent as they are.',
      ),
    deleted: z
      .strictObject({
        ...listCall.shape,
        id: jsonPath.default('id').describe('Where an entry holds the id of our record.'),
        changes: changes.optional().describe('How this list tells what is new.'),
      })
      .meta({ title: 'list of deletes' })
      .optional()
      .describe('A list of deleted records.'),
  })
  .meta({ title: 'collection' })

export type RestCollection = z.output<typeof collectionSchema>
export type ChangeFilter = z.output<typeof changes>
export type TimeFormat = z.output<typeof timeFormat>
