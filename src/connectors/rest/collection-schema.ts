import { z } from 'zod'
import { FIELD_TYPES } from '../../contract/connector.ts'
import { duration } from '../duration.ts'
import { batchCall, itemCall, listCall, manyCall } from './call-schema.ts'

const jsonPath = z.string().min(1)

const field = z.union([
  z.enum(FIELD_TYPES).transform((type) => ({ type, read_only: false, required: false })),
  z.strictObject({
    type: z.enum(FIELD_TYPES),
    read_only: z.boolean().default(false),
    required: z.boolean().default(false),
    max_length: z.int().min(1).optional(),
    scale: z.int().min(0).optional(),
    options: z.array(z.string()).optional(),
  }),
])

/** How a time is written: `iso` with milliseconds, `iso_seconds` without, or a number since 1970. */
const timeFormat = z.enum(['iso', 'iso_seconds', 'sql', 'unix_s', 'unix_ms'])

/** How the API tells what changed since a moment. Without it, every scan reads the whole list. */
const changes = z.strictObject({
  /** The field that says when a record changed. */
  field: jsonPath,
  /** What is added to the list's query, with `{since}`; one list is read for each, where one filter does not see all. */
  filters: z.array(z.record(z.string(), z.json())).min(1),
  format: timeFormat.default('iso'),
  /** The steps in which the API stores times: `1s` where it cuts them to whole seconds. */
  resolution: duration.prefault('1s'),
  /** How far back a deep scan reads: the longest time after which a record appears behind a later one. */
  overlap: duration.prefault('10m'),
})

/** Another list whose entries point to records of this one: a change of a product's variant is one of the product. */
const related = z.strictObject({
  ...listCall.shape,
  /** Where an entry holds the id of our record. */
  id: jsonPath,
  changes: changes.optional(),
})

/** One kind of resource of a REST API. */
export const collectionSchema = z.strictObject({
  id: jsonPath.default('id'),
  /** The types of fields by path. Without it they are learned from a page of the list. */
  fields: z.record(z.string(), field).optional(),
  list: listCall,
  /** The list holds only ids and versions, or part of the fields: each record is read on its own. */
  partial: z.boolean().default(false),
  changes: changes.optional(),
  related: z.array(related).default([]),
  /** What names a state of a record; `changes.field` where it is fine enough, unless given. null: nothing does. */
  version: jsonPath.nullable().optional(),
  read: itemCall.optional(),
  read_many: manyCall.optional(),
  /** Looking up by a field, with `{value}`, or with `{values}` and `max`. */
  find: z.record(z.string(), manyCall).default({}),
  create: itemCall.optional(),
  update: itemCall.optional(),
  remove: itemCall.optional(),
  batch: z
    .strictObject({ create: batchCall.optional(), update: batchCall.optional(), remove: batchCall.optional() })
    .default({}),
  /** Sends the ETag of the last read with an update, so that someone else's change in between is refused. */
  if_match: z.boolean().default(false),
  /** The header with which the API recognises a create that was sent before. */
  idempotency_header: z.string().min(1).optional(),
  archive: z.strictObject({ field: jsonPath, value: z.union([z.string(), z.number(), z.boolean()]) }).optional(),
  /**
   * Lists inside of a record that an update replaces as a whole, with the properties that their elements are sent with:
   * where one element is written (`prices.[currency=eur].amount`), the others are sent as they are.
   */
  lists: z.record(z.string().min(1), z.array(jsonPath).min(1)).default({}),
  /** A list of deleted records. */
  deleted: z.strictObject({ ...listCall.shape, id: jsonPath.default('id'), changes: changes.optional() }).optional(),
})

export type RestCollection = z.output<typeof collectionSchema>
export type ChangeFilter = z.output<typeof changes>
export type TimeFormat = z.output<typeof timeFormat>
