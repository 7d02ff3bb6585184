import { z } from 'zod'
import { SyncError } from '../../contract/error.ts'
import { duration } from '../duration.ts'
import { parseTableName, type TableName } from './identifier.ts'

/** A table whose rows are the lines of a record. */
const childSchema = z.strictObject({
  table: z.string().min(1).describe('Its name, schema-qualified where needed.'),
  parent: z.string().min(1).describe('The column that holds the id of the record that a line belongs to.'),
  key: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      "The columns that name a line within its record. Without them, the primary key without the parent's column.",
    ),
  where: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A condition in SQL that a line meets; other rows are left alone. Written by the operator, used as it is.',
    ),
})

/** A table as a collection, written in full. */
export const tableSpecSchema = z
  .strictObject({
    table: z.string().min(1).describe("The table's name, schema-qualified where needed; a view's for reading only."),
    id: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('The column that names a record, or the columns that do together. Without it, the primary key.'),
    key: z
      .string()
      .min(1)
      .optional()
      .describe(
        `The column of the mapping's key. Says which unique violation of a create means "this record exists already".`,
      ),
    capture: z
      .enum(['triggers', 'cursor', 'none'])
      .default('triggers')
      .describe(
        'How changes are found. `triggers`: triggers that the daemon installs; nothing is missed, deletes are told at once. `cursor`: by a column that grows with each change. `none`: only by comparing the whole table.',
      ),
    cursor: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The column that says when a record last changed: a time, or a number that grows. A record in which it is null is seen by the first reading and by sweeps only. With `overlap`, a number counts as milliseconds do.',
      ),
    overlap: duration
      .prefault('10m')
      .describe(
        'With `capture: cursor`, how long a transaction may stay open and still be found by the next deep scan.',
      ),
    archive: z
      .strictObject({
        column: z.string().min(1).describe('The column that says it.'),
        value: z.union([z.string(), z.number(), z.boolean()]).describe('Its value for an archived record.'),
      })
      .optional()
      .describe('The column and value that archive a record.'),
    where: z
      .string()
      .min(1)
      .optional()
      .describe('A condition in SQL that a record of the collection meets. Written by the operator, used as it is.'),
    children: z
      .record(z.string().min(1), childSchema)
      .default({})
      .describe('Lines of a record in tables of their own, each as a field under a name that no column has.'),
  })
  .refine((spec) => spec.capture !== 'cursor' || spec.cursor !== undefined, {
    path: ['cursor'],
    message: 'capture: cursor needs the column, for instance cursor: updated_at',
  })

const requestSchema = z.union([
  z.string().min(1),
  z.strictObject({ collection: z.union([z.string().min(1), tableSpecSchema]), key: z.string().min(1).optional() }),
  tableSpecSchema,
])

export interface ChildSpec {
  /** The field that the lines are in their record. */
  readonly field: string
  readonly name: TableName
  readonly parent: string
  readonly key: readonly string[] | null
  readonly where: string | null
}

export interface TableSpec {
  readonly name: TableName
  /** The columns that name a record; null: those of the primary key. */
  readonly id: readonly string[] | null
  /** The columns that together name a record. */
  readonly key: readonly string[] | null
  readonly capture: 'triggers' | 'cursor' | 'none'
  readonly cursor: string | null
  readonly overlapMs: number
  readonly archive: { readonly field: string; readonly archived: string | number | boolean } | null
  readonly where: string | null
  readonly children: readonly ChildSpec[]
}

/**
 * Reads a mapping's part for a table: the table's name, the object above, or either of them under `collection`.
 * @throws SyncError `config`.
 */
export function parseTableSpec(spec: unknown): TableSpec {
  const schema = schemaFor(spec)
  const result = schema.safeParse(spec)
  if (!result.success) {
    throw new SyncError('config', `The table of the mapping is not readable: ${describeIssues(result.error)}`, {
      cause: result.error,
      hint: 'A collection is a table name, or an object with table, id, capture, cursor, overlap, archive, where and children.',
    })
  }
  const outer = result.data
  const inner = typeof outer === 'object' && 'collection' in outer ? outer.collection : outer
  const key = typeof outer === 'object' ? outer.key : undefined
  const table = typeof inner === 'string' ? tableSpecSchema.parse({ table: inner }) : inner
  return {
    name: parseTableName(table.table),
    id: table.id === undefined ? null : [table.id].flat(),
    key: keyColumns(table.key ?? key),
    capture: table.capture,
    cursor: table.cursor ?? null,
    overlapMs: table.overlap,
    archive: table.archive === undefined ? null : { field: table.archive.column, archived: table.archive.value },
    where: table.where ?? null,
    children: Object.entries(table.children).map(([field, child]) => ({
      field,
      name: parseTableName(child.table),
      parent: child.parent,
      key: child.key ?? null,
      where: child.where ?? null,
    })),
  }
}

/** The spec with the key of the mapping, where that is told. */
export function withKey(spec: TableSpec, key: string | undefined, within: string | undefined): TableSpec {
  return key === undefined ? spec : { ...spec, key: keyColumns(key, within) }
}

function keyColumns(...names: readonly (string | undefined)[]): readonly string[] | null {
  const columns = names.filter((name) => name !== undefined)
  return columns.length === 0 ? null : columns
}

/** One alternative, so that an issue is told against what was meant and not against each alternative in turn. */
function schemaFor(spec: unknown): z.ZodType<z.infer<typeof requestSchema>> {
  if (typeof spec !== 'object' || spec === null) return requestSchema.options[0]
  if (!('collection' in spec)) return requestSchema.options[2]
  if (typeof spec.collection === 'string') return requestSchema.options[1]
  return z.strictObject({ collection: tableSpecSchema, key: z.string().min(1).optional() })
}

/** "capture: Invalid option; wher: Unrecognized key". */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`))
    .join('; ')
}
