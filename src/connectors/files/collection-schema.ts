import { z } from 'zod'
import { duration } from '../duration.ts'
import { compileDatePattern } from './date-pattern.ts'
import { ENCODINGS } from './encoding.ts'
import { fillName, isSafeName, isSafePath } from './file-name.ts'

/** A folder below the connection's own. */
const folder = z.string().refine(isSafePath, 'must be a path below the folder of the connection, without ".."')

/** One ASCII character: what separates fields in every encoding that is understood. */
const separator = z.string().regex(/^[\t\x20-\x7e]$/, 'must be one ASCII character')

const words = z.array(z.string()).min(1)

const timezone = z.string().refine((zone) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}, 'must be a time zone such as UTC or Europe/Berlin')

const datePattern = z.string().superRefine((pattern, context) => {
  const { problem } = compileDatePattern(pattern)
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
})

/** How values are written in the files. A column may say otherwise. */
const formats = z.strictObject({
  /** What stands before the fraction. */
  decimal: z.enum(['.', ',']).optional(),
  /** What may stand between thousands; written without. */
  thousands: z.enum(['', '.', ',', ' ', "'"]).optional(),
  /** How many digits a decimal is written with after the separator; as many as it has unless given. */
  digits: z.int().min(0).max(12).optional(),
  /** The words for yes and no, in any letter case; the first of each is the one that is written. */
  yes: words.optional(),
  no: words.optional(),
  /** Of YYYY, YY, MM, M, DD, D. */
  date: datePattern.optional(),
  /** `iso`, or of those of a date and HH, H, mm, ss, SSS. */
  datetime: z.union([z.literal('iso'), datePattern]).optional(),
  /** Of times without a zone of their own. */
  timezone: timezone.optional(),
  /** What an empty text is: `null`, or a text without characters. */
  empty: z.enum(['null', 'text']).optional(),
  /** Takes white space off the ends of values. */
  trim: z.boolean().optional(),
})

export const COLUMN_TYPES = ['text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'json'] as const

const column = z.strictObject({
  /** The name in the file, where it is another than the field's. */
  from: z.string().min(1).optional(),
  type: z.enum(COLUMN_TYPES).default('text'),
  /** A line without a value is a bad line. */
  required: z.boolean().default(false),
  ...formats.shape,
})

const complete = z
  .strictObject({
    /** Size and time have not changed for so long. */
    stable: duration.optional(),
    /** A file beside it is there: `{name}.done`. */
    marker: z.string().includes('{name}').refine(isSafePath, 'must be a file name').optional(),
    /** Its last line is this; `{lines}` stands for the number of records. */
    trailer: z.string().min(1).optional(),
  })
  .refine((rules) => Object.keys(rules).length > 0, 'needs stable, marker or trailer; or write: complete: rename')

const share = z
  .string()
  .regex(/^(?:100|\d{1,2})%$/, 'must be a share such as 50%')
  .transform((text) => Number.parseInt(text, 10) / 100)

const arriving = z.strictObject({
  folder: folder.default('.'),
  /** Which files, with * and ?; or several such patterns. */
  files: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** Which of them are never taken: what uploads are called before they are complete. */
  ignore: z.array(z.string().min(1)).default(['.*', '*.tmp', '*.temp', '*.part', '*.partial', '*.filepart', '*~']),
  /** When a file is complete. `rename`: as soon as it has its name. */
  complete: z.union([z.literal('rename'), complete]).prefault({ stable: '10s' }),
  /** In which order files are read that are there together. */
  order: z.enum(['name', 'time']).default('name'),
  /** `changes`: what is not in a file stays as it is. `everything`: a record that a file lacks is deleted. */
  content: z.enum(['changes', 'everything']).default('changes'),
  /** With `everything`: a file with fewer of the known records than this deletes nothing. */
  min_share: share.prefault('50%'),
  /** What becomes of a file that was read. Without it, it goes to the folder `done` beside it. */
  done: z
    .union([
      z.enum(['delete', 'keep']),
      z.strictObject({ archive: folder }),
      z.strictObject({ rename: z.string().includes('{name}') }),
    ])
    .optional(),
  /** Where files go that cannot be read. Without it, the folder `failed` beside them. */
  failed: folder.optional(),
  /** What happens when a file cannot be read: it is set aside, or everything waits until a person looks. */
  bad_file: z.enum(['set_aside', 'stop']).default('set_aside'),
  /** What a column means that the mapping reads and the file has not: a bad file, or "unchanged". */
  missing_columns: z.enum(['refuse', 'unchanged']).default('refuse'),
  /** The largest record, in bytes. */
  max_record: z.int().min(1000).max(64_000_000).default(1_000_000),
})

const leaving = z.strictObject({
  folder: folder.default('.'),
  /** The name, with {collection}, {date}, {time}, {seq} or {seq:5}. */
  file: z
    .string()
    .min(1)
    .refine((file) => isSafeName(fillName(file, { collection: 'x', seq: 1, localTime: '2026-11-21T08:30:05' })), {
      message: 'must be a file name, with {collection}, {date}, {time}, {seq} or {seq:5}',
    }),
  /** `changes`: a line for each record that changed. `everything`: all records, each time. */
  content: z.enum(['changes', 'everything']).default('changes'),
  /** A file is sent when it has so many lines, and has no more. */
  max_lines: z.int().min(1).max(1_000_000).default(100_000),
  /** A file with fewer lines is sent when its first line is so old. */
  every: duration.prefault('0s'),
  /** Written beside the file once it is there: `{name}.done`. */
  marker: z.string().includes('{name}').refine(isSafePath, 'must be a file name').optional(),
  /** The last line; `{lines}` stands for the number of records. */
  trailer: z.string().min(1).optional(),
  /** Puts the file in the place of one that was not fetched yet. Without it, it waits until that one is gone. */
  replace: z.boolean().default(false),
})

const csv = z.strictObject({
  delimiter: separator.default(','),
  quote: z.union([separator, z.literal('')]).default('"'),
  /** What stands before a quote within quotes. */
  escape: separator.default('"'),
  /** `true`: the first line names the columns. A list: there is no such line, and these are they. */
  header: z.union([z.literal(true), z.array(z.string().min(1)).min(1)]).default(true),
  /** Lines before the header that say nothing. */
  skip_lines: z.int().min(0).max(1000).default(0),
  /** Lines that begin with this are comments. */
  comment: z.string().min(1).optional(),
  /** A line with fewer fields than the header: a bad line, or the others are empty. */
  short_lines: z.enum(['refuse', 'fill']).default('refuse'),
  line_end: z.enum(['lf', 'crlf']).default('lf'),
  /** Puts a byte order mark in front, as some spreadsheets want it. */
  bom: z.boolean().default(false),
  /** Puts a ' before what a spreadsheet would take for a formula. */
  escape_formulas: z.boolean().default(false),
})

/** Words in a column that say what happened to the record. */
const operation = z.strictObject({
  column: z.string().min(1),
  create: z.string().min(1).default('I'),
  update: z.string().min(1).default('U'),
  remove: z.string().min(1).default('D'),
})

/** One kind of records in files. */
export const collectionSchema = z
  .strictObject({
    format: z.enum(['csv', 'ndjson', 'json']).default('csv'),
    encoding: z.enum(ENCODINGS).default('utf-8'),
    csv: csv.prefault({}),
    /** With `format: json`: the property that holds the list. Without it, the file is the list. */
    items: z.string().min(1).optional(),
    ...formats.shape,
    /** The fields by name. A column that is not among them is text. */
    columns: z.record(z.string().min(1), column.prefault({})).default({}),
    /** What names a record; the mapping's key unless given. */
    key: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
    operation: operation.optional(),
    /** The field that says when a record changed; the file's time unless given. */
    changed_at: z.string().min(1).optional(),
    /** The field and value that archive a record. */
    archive: z
      .strictObject({ field: z.string().min(1), value: z.union([z.string(), z.number(), z.boolean()]) })
      .optional(),
    in: arriving.optional(),
    out: leaving.optional(),
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

function hasTrailer(arriving: Arriving | undefined, out: Leaving | undefined): boolean {
  const isAwaited = arriving !== undefined && arriving.complete !== 'rename' && arriving.complete.trailer !== undefined
  return isAwaited || out?.trailer !== undefined
}

export type FilesCollectionSettings = z.output<typeof collectionSchema>
export type ColumnSettings = z.output<typeof column>
export type Arriving = z.output<typeof arriving>
export type Leaving = z.output<typeof leaving>
export type CsvSettings = z.output<typeof csv>
