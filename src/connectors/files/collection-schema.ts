import { z } from 'zod'
import { duration } from '../duration.ts'
import { timezone } from '../time-zone.ts'
import { compileDatePattern } from './date-pattern.ts'
import { ENCODINGS } from './encoding.ts'
import { fillName, isSafeName, isSafePath } from './file-name.ts'

/** A folder below the connection's own. */
const folder = z.string().refine(isSafePath, 'must be a path below the folder of the connection, without ".."')

/** One ASCII character: what separates fields in every encoding that is understood. */
const separator = z.string().regex(/^[\t\x20-\x7e]$/, 'must be one ASCII character')

const words = z.array(z.string()).min(1)

const datePattern = z.string().superRefine((pattern, context) => {
  const { problem } = compileDatePattern(pattern)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})

/** How values are written in the files. A column may say otherwise. */
const formats = z.strictObject({
  decimal: z.enum(['.', ',']).optional().describe('What stands before the fraction.'),
  thousands: z.enum(['', '.', ',', ' ', "'"]).optional().describe('What may stand between thousands; written without.'),
  digits: z
    .int()
    .min(0)
    .max(12)
    .optional()
    .describe('How many digits a decimal is written with after the separator; as many as it has unless given.'),
  yes: words
    .optional()
    .describe('The words for yes and no, in any letter case; the first of each is the one that is written.'),
  no: words.optional().describe('See `yes`.'),
  date: datePattern.optional().describe('Of YYYY, YY, MM, M, DD, D.'),
  datetime: z
    .union([z.literal('iso'), datePattern])
    .optional()
    .describe('`iso`, or of those of a date and HH, H, mm, ss, SSS.'),
  timezone: timezone.optional().describe('Of times without a zone of their own.'),
  empty: z.enum(['null', 'text']).optional().describe('What an empty text is: `null`, or a text without characters.'),
  trim: z.boolean().optional().describe('Takes white space off the ends of values.'),
})

export const COLUMN_TYPES = ['text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'json'] as const

const column = z
  .strictObject({
    from: z.string().min(1).optional().describe("The name in the file, where it is another than the field's."),
    type: z.enum(COLUMN_TYPES).default('text').describe('What its values are.'),
    required: z.boolean().default(false).describe('A line without a value is a bad line.'),
    ...formats.shape,
  })
  .meta({ title: 'column' })

const complete = z
  .strictObject({
    stable: duration.optional().describe('Size and time have not changed for so long.'),
    marker: z
      .string()
      .includes('{name}')
      .refine(isSafePath, 'must be a file name')
      .optional()
      .describe('A file beside it is there: `{name}.done`.'),
    trailer: z
      .string()
      .min(1)
      .optional()
      .describe('Its last line is this; `{lines}` stands for the number of records.'),
  })
  .refine((rules) => Object.keys(rules).length > 0, 'needs stable, marker or trailer; or write: complete: rename')

const share = z
  .string()
  .regex(/^(?:100|\d{1,2})%$/, 'must be a share such as 50%')
  .transform((text) => Number.parseInt(text, 10) / 100)
  .meta({ title: 'percentage' })

const arriving = z.strictObject({
  folder: folder.default('.').describe("Where they arrive, below the connection's folder; sub-folders are not read."),
  files: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe('Which files, with * and ?; or several such patterns.'),
  ignore: z
    .array(z.string().min(1))
    .default(['.*', '*.tmp', '*.temp', '*.part', '*.partial', '*.filepart', '*~'])
    .describe('Which of them are never taken: what uploads are called before they are complete.'),
  complete: z
    .union([z.literal('rename'), complete])
    .prefault({ stable: '10s' })
    .describe('When a file is complete. `rename`: as soon as it has its name.'),
  order: z.enum(['name', 'time']).default('name').describe('In which order files are read that are there together.'),
  content: z
    .enum(['changes', 'everything'])
    .default('changes')
    .describe('`changes`: what is not in a file stays as it is. `everything`: a record that a file lacks is deleted.'),
  min_share: share
    .prefault('50%')
    .describe('With `everything`: a file with fewer of the known records than this deletes nothing.'),
  done: z
    .union([
      z.enum(['delete', 'keep']),
      z.strictObject({
        archive: folder.describe('It is moved to this folder; a name that is taken there gets a number.'),
      }),
      z.strictObject({ rename: z.string().includes('{name}').describe('It gets this name: `{name}.ok`.') }),
    ])
    .optional()
    .describe('What becomes of a file that was read. Without it, it goes to the folder `done` beside it.'),
  failed: folder
    .optional()
    .describe('Where files go that cannot be read. Without it, the folder `failed` beside them.'),
  bad_file: z
    .enum(['set_aside', 'stop'])
    .default('set_aside')
    .describe('What happens when a file cannot be read: it is set aside, or everything waits until a person looks.'),
  missing_columns: z
    .enum(['refuse', 'unchanged'])
    .default('refuse')
    .describe('What a column means that the mapping reads and the file has not: a bad file, or "unchanged".'),
  max_record: z.int().min(1000).max(64_000_000).default(1_000_000).describe('The largest record, in bytes.'),
})

const leaving = z.strictObject({
  folder: folder.default('.').describe("Where they are put, below the connection's folder."),
  file: z
    .string()
    .min(1)
    .refine((file) => isSafeName(fillName(file, { collection: 'x', seq: 1, localTime: '2026-11-21T08:30:05' })), {
      message: 'must be a file name, with {collection}, {date}, {time}, {seq} or {seq:5}',
    })
    .describe('The name, with {collection}, {date}, {time}, {seq} or {seq:5}.'),
  content: z
    .enum(['changes', 'everything'])
    .default('changes')
    .describe('`changes`: a line for each record that changed. `everything`: all records, each time.'),
  max_lines: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(100_000)
    .describe('A file is sent when it has so many lines, and has no more.'),
  every: duration.prefault('0s').describe('A file with fewer lines is sent when its first line is so old.'),
  marker: z
    .string()
    .includes('{name}')
    .refine(isSafePath, 'must be a file name')
    .optional()
    .describe('Written beside the file once it is there: `{name}.done`.'),
  trailer: z.string().min(1).optional().describe('The last line; `{lines}` stands for the number of records.'),
  replace: z
    .boolean()
    .default(false)
    .describe(
      'Puts the file in the place of one that was not fetched yet. Without it, it waits until that one is gone.',
    ),
})

const csv = z.strictObject({
  delimiter: separator.default(',').describe('Between two fields.'),
  quote: z
    .union([separator, z.literal('')])
    .default('"')
    .describe('Around a field that holds what else would end it; `""`: there is none.'),
  escape: separator.default('"').describe('What stands before a quote within quotes.'),
  header: z
    .union([z.literal(true), z.array(z.string().min(1)).min(1)])
    .default(true)
    .describe('`true`: the first line names the columns. A list: there is no such line, and these are they.'),
  skip_lines: z.int().min(0).max(1000).default(0).describe('Lines before the header that say nothing.'),
  comment: z.string().min(1).optional().describe('Lines that begin with this are comments.'),
  short_lines: z
    .enum(['refuse', 'fill'])
    .default('refuse')
    .describe('A line with fewer fields than the header: a bad line, or the others are empty.'),
  line_end: z.enum(['lf', 'crlf']).default('lf').describe('At the end of lines that are written.'),
  bom: z.boolean().default(false).describe('Puts a byte order mark in front, as some spreadsheets want it.'),
  escape_formulas: z.boolean().default(false).describe("Puts a ' before what a spreadsheet would take for a formula."),
})

/** Words in a column that say what happened to the record. */
const operation = z.strictObject({
  column: z.string().min(1).describe('Its name in the file.'),
  create: z.string().min(1).default('I').describe('The word for a new record.'),
  update: z.string().min(1).default('U').describe('The word for a changed one.'),
  remove: z.string().min(1).default('D').describe('The word for a deleted one.'),
})

/** One kind of records in files. */
export const collectionSchema = z
  .strictObject({
    format: z.enum(['csv', 'ndjson', 'json']).default('csv').describe('`ndjson`: an object a line; `json`: a list.'),
    encoding: z.enum(ENCODINGS).default('utf-8').describe('A byte order mark counts more.'),
    csv: csv.prefault({}),
    items: z
      .string()
      .min(1)
      .optional()
      .describe('With `format: json`: the property that holds the list. Without it, the file is the list.'),
    ...formats.shape,
    columns: z
      .record(z.string().min(1), column.prefault({}))
      .default({})
      .describe('The fields by name. A column that is not among them is text.'),
    key: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe("What names a record; the mapping's key unless given."),
    operation: operation.optional().describe('A column that says what happened to the record, in both directions.'),
    changed_at: z
      .string()
      .min(1)
      .optional()
      .describe("The field that says when a record changed; the file's time unless given."),
    archive: z
      .strictObject({
        field: z.string().min(1).describe('The field that says it.'),
        value: z.union([z.string(), z.number(), z.boolean()]).describe('Its value for an archived record.'),
      })
      .optional()
      .describe('The field and value that archive a record.'),
    in: arriving.optional().describe('Files that arrive.'),
    out: leaving.optional().describe('Files that are written.'),
  })
  .refine((collection) => collection.in !== undefined || collection.out !== undefined, 'needs in: or out:')
  .refine((collection) => collection.out === undefined || Object.keys(collection.columns).length > 0, {
    path: ['columns'],
    message: 'are needed for outgoing files: they are written in this order',
  })
  .refine(
    ({ out }) =>
      out === undefined || out.content === 'everything' || !out.replace || /\{(?:seq(?::\d)?)\}/.test(out.file),
    {
      path: ['out', 'file'],
      message: 'needs {seq} with replace: true, or lines that were not fetched yet would be overwritten',
    },
  )
  .refine(({ format, in: arriving, out }) => format !== 'json' || !hasTrailer(arriving, out), {
    path: ['format'],
    message: 'json has no trailer: a list that is cut off shows as such',
  })
  .meta({ title: 'collection' })

function hasTrailer(arriving: Arriving | undefined, out: Leaving | undefined): boolean {
  const isAwaited = arriving !== undefined && arriving.complete !== 'rename' && arriving.complete.trailer !== undefined
  return isAwaited || out?.trailer !== undefined
}

export type FilesCollectionSettings = z.output<typeof collectionSchema>
export type ColumnSettings = z.output<typeof column>
export type Arriving = z.output<typeof arriving>
export type Leaving = z.output<typeof leaving>
export type CsvSettings = z.output<typeof csv>
