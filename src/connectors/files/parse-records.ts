import { parse } from 'csv-parse/sync'
import type { Value } from '../../contract/value.ts'
import { parseJsonText } from '../sql/json-text.ts'
import { columnFor, type Definition, idOf } from './definition.ts'
import { createDecoder, type Encoding } from './encoding.ts'
import { createCsvSplitter } from './split-csv.ts'
import type { Slice } from './splitter.ts'
import { parseCell, ValueProblem } from './values.ts'

/** A record's cells by field, as the file has them. A field that is missing was not told. */
export type Cells = Readonly<Record<string, Value>>

export type Parsed =
  | {
      readonly kind: 'record'
      readonly id: string
      readonly cells: Cells
      readonly isRemoved: boolean
      readonly line: number
    }
  | {
      readonly kind: 'bad'
      readonly line: number
      readonly problem: string
      /** The bytes in base64; null: too many to keep. */
      readonly raw: string | null
      /** The record that it was to be, where that much could be read. */
      readonly id: string | null
    }

/** What a file says about itself before its first record. */
export interface Header {
  /** The names of a CSV file's columns. */
  readonly names: readonly string[]
  readonly encoding: Encoding
}

/** A longer line is not kept to be tried again. */
const MAX_RAW = 64_000

/** The records of some slices; `firstLine` is that of the first slice. Blank lines and comments are no records. */
export function parseSlices(
  definition: Definition,
  header: Header,
  slices: readonly Slice[],
  firstLine: number,
): readonly Parsed[] {
  const numbered: { readonly slice: Slice; readonly line: number }[] = []
  let line = firstLine
  for (const slice of slices) {
    if (slice.problem !== null || !isBlank(slice.bytes)) numbered.push({ slice, line: line + slice.breaksBefore })
    line += slice.breaks
  }
  return definition.settings.format === 'csv'
    ? parseCsv(definition, header, numbered)
    : numbered.map(({ slice, line: at }) => parseJsonSlice(definition, header, slice, at))
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a)
}

interface Numbered {
  readonly slice: Slice
  readonly line: number
}

/** All at once, since that is several times faster; one by one where that shows a bad one. */
function parseCsv(definition: Definition, header: Header, numbered: readonly Numbered[]): readonly Parsed[] {
  const { comment } = definition.settings.csv
  const decode = createDecoder(header.encoding)
  const records = numbered.filter(({ slice }) => comment === undefined || !startsWith(slice.bytes, comment))
  const whole = records.every(({ slice }) => slice.problem === null) ? rowsOf(definition, decode, records) : null
  if (whole !== null)
    return records.map(({ slice, line }, at) => rowToRecord(definition, header, whole[at] ?? [], slice, line))
  return records.flatMap((each) => parseAlone(definition, header, decode, each))
}

function startsWith(bytes: Buffer, text: string): boolean {
  return bytes.subarray(0, text.length).toString('latin1') === text
}

function rowsOf(
  { settings: { csv } }: Definition,
  decode: (bytes: Uint8Array) => string,
  records: readonly Numbered[],
): readonly (readonly string[])[] | null {
  try {
    const text = decode(Buffer.concat(records.flatMap(({ slice }) => [slice.bytes, LINE_END])))
    const rows: string[][] = parse(text, {
      delimiter: csv.delimiter,
      quote: csv.quote === '' ? false : csv.quote,
      escape: csv.escape,
      record_delimiter: '\n',
      relax_column_count: true,
    })
    return rows.length === records.length ? rows : null
  } catch {
    return null
  }
}

const LINE_END = Buffer.from('\n')

function parseAlone(
  definition: Definition,
  header: Header,
  decode: (bytes: Uint8Array) => string,
  { slice, line }: Numbered,
): readonly Parsed[] {
  const bad = (problem: string): Parsed => ({ kind: 'bad', line, problem, raw: rawText(slice.bytes), id: null })
  if (slice.problem !== null) return [bad(slice.problem)]
  const rows = rowsOf(definition, decode, [{ slice, line }])
  const [row] = rows ?? []
  if (row !== undefined) return [rowToRecord(definition, header, row, slice, line)]
  const breakAt = slice.bytes.indexOf(LINE_END)
  if (breakAt < 0)
    return [bad(isDecodable(decode, slice.bytes) ? 'has a quote in the wrong place' : `is no ${header.encoding} text`)]
  // A quote that nobody meant swallowed the lines after it: only the first is bad.
  const first = slice.bytes.subarray(0, breakAt)
  const splitter = createCsvSplitter(definition.settings.csv, slice.bytes.length)
  const others = [...splitter.push(slice.bytes.subarray(breakAt + 1)), ...splitter.end()]
  return [
    { kind: 'bad', line, problem: 'has a quote in the wrong place', raw: rawText(first), id: null },
    ...parseSlices(definition, header, others, line + 1),
  ]
}

function isDecodable(decode: (bytes: Uint8Array) => string, bytes: Buffer): boolean {
  try {
    decode(bytes)
    return true
  } catch {
    return false
  }
}

function rowToRecord(
  definition: Definition,
  header: Header,
  row: readonly string[],
  slice: Slice,
  line: number,
): Parsed {
  const { names } = header
  const { csv } = definition.settings
  if (row.length > names.length || (row.length < names.length && csv.short_lines === 'refuse')) {
    const problem = `has ${row.length} fields, and there are ${names.length} columns`
    return { kind: 'bad', line, problem, raw: rawText(slice.bytes), id: null }
  }
  const told: Record<string, Value> = {}
  names.forEach((name, at) => {
    told[name] = row[at] ?? ''
  })
  return toRecord(definition, told, slice, line)
}

function parseJsonSlice(definition: Definition, header: Header, slice: Slice, line: number): Parsed {
  const bad = (problem: string): Parsed => ({ kind: 'bad', line, problem, raw: rawText(slice.bytes), id: null })
  if (slice.problem !== null) return bad(slice.problem)
  let text: string
  try {
    text = createDecoder(header.encoding)(slice.bytes)
  } catch {
    return bad(`is no ${header.encoding} text`)
  }
  let told: Value
  try {
    told = parseJsonText(text)
  } catch (error) {
    return bad(`is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return bad('is no JSON object')
  return toRecord(definition, told as Readonly<Record<string, Value>>, slice, line)
}

/** Names in the file become fields, and every declared column is read once, so that what is stored can be read. */
function toRecord(definition: Definition, told: Readonly<Record<string, Value>>, slice: Slice, line: number): Parsed {
  const { columns, settings } = definition
  const bad = (problem: string, id: string | null): Parsed => ({
    kind: 'bad',
    line,
    problem,
    raw: rawText(slice.bytes),
    id,
  })
  if (slice.bytes.includes(0)) return bad('holds a NUL character', null)
  const { operation } = settings
  const word = operation === undefined ? null : (told[operation.column] ?? null)
  const cells: Record<string, Value> = {}
  const renamed = fieldsByName(definition)
  for (const [name, cell] of Object.entries(told)) {
    if (name !== operation?.column && name !== '__proto__') cells[renamed.get(name) ?? name] = cell
  }
  let id: string
  try {
    id = idOfCells(definition, cells)
  } catch (error) {
    if (error instanceof ValueProblem) return bad(error.message, null)
    throw error
  }
  if (operation && word !== null && word !== '' && !isWord(operation, word)) {
    return bad(
      `${operation.column} "${String(word)}" is none of ${operation.create}, ${operation.update}, ${operation.remove}`,
      id,
    )
  }
  const isRemoved = operation !== undefined && sameWord(word, operation.remove)
  if (isRemoved) return { kind: 'record', id, cells, isRemoved, line }
  try {
    for (const column of columns.values()) {
      const cell = cells[column.field]
      if (cell !== undefined) parseCell(column, cell)
      else if (column.isRequired) throw new ValueProblem(`${column.field} is missing`)
    }
  } catch (error) {
    if (error instanceof ValueProblem) return bad(error.message, id)
    throw error
  }
  return { kind: 'record', id, cells, isRemoved, line }
}

const NAMES = new WeakMap<Definition, ReadonlyMap<string, string>>()

function fieldsByName(definition: Definition): ReadonlyMap<string, string> {
  let names = NAMES.get(definition)
  if (names === undefined) {
    names = new Map([...definition.columns.values()].map((column) => [column.from, column.field]))
    NAMES.set(definition, names)
  }
  return names
}

/** @throws ValueProblem where a part of the key is missing or empty. */
export function idOfCells(definition: Definition, cells: Cells): string {
  return idOf(
    definition.key.map((field) => {
      const value = parseCell(columnFor(definition, field), cells[field] ?? null)
      if (value === null || value === '') throw new ValueProblem(`has no ${field}, which names the record`)
      return String(value)
    }),
  )
}

function isWord(operation: NonNullable<Definition['settings']['operation']>, word: Value): boolean {
  return [operation.create, operation.update, operation.remove].some((each) => sameWord(word, each))
}

function sameWord(word: Value, expected: string): boolean {
  return typeof word === 'string' && word.trim().toLowerCase() === expected.toLowerCase()
}

function rawText(bytes: Buffer): string | null {
  return bytes.length > MAX_RAW ? null : bytes.toString('base64')
}
