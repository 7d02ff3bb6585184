import { stringify } from 'csv-stringify/sync'
import type { Value } from '../../contract/value.ts'
import type { Definition } from './definition.ts'
import { byteOrderMark, createEncoder } from './encoding.ts'
import type { Cells } from './parse-records.ts'

/** One line of an outgoing file. */
export interface Line {
  readonly operation: 'create' | 'update' | 'remove'
  readonly cells: Cells
}

/** The renderer of each collection: an encoder is not made anew for each line. */
const RENDERERS = new WeakMap<Definition, Renderer>()

/** Puts lines into the form of the collection's files. */
export interface Renderer {
  /** What comes before the first line. */
  head(): Buffer
  /** null: it holds characters that the encoding has not. `isFirst`: no line of the file comes before it. */
  line(line: Line, isFirst: boolean): Buffer | null
  /** What comes after the last of so many lines. */
  tail(lines: number): Buffer
}

export function rendererOf(definition: Definition): Renderer {
  const known = RENDERERS.get(definition) ?? createRenderer(definition)
  RENDERERS.set(definition, known)
  return known
}

function createRenderer(definition: Definition): Renderer {
  const { settings, columns, out } = definition
  const encode = createEncoder(settings.encoding)
  const bytes = (text: string): Buffer => encode(text) ?? Buffer.alloc(0)
  const hasMark = settings.csv.bom || settings.encoding === 'utf-16'
  const mark = hasMark ? byteOrderMark(settings.encoding) : Buffer.alloc(0)
  const lineEnd = settings.format === 'csv' && settings.csv.line_end === 'crlf' ? '\r\n' : '\n'
  const trailer = (lines: number): string =>
    out?.trailer === undefined ? '' : out.trailer.replaceAll('{lines}', String(lines)) + lineEnd
  const list = settings.items === undefined ? ['[', ']'] : [`{${JSON.stringify(settings.items)}: [`, ']}']
  const names = [...columns.values()].map(({ from }) => from)
  const operation = settings.operation
  if (operation) names.push(operation.column)
  const valuesOf = ({ operation: kind, cells }: Line): readonly Value[] => [
    ...[...columns.keys()].map((field) => cells[field] ?? null),
    ...(operation ? [operation[kind]] : []),
  ]
  if (settings.format === 'csv') {
    const isNamed = settings.csv.header === true
    return {
      head: () => Buffer.concat([mark, isNamed ? bytes(csvLine(definition, names, lineEnd)) : Buffer.alloc(0)]),
      line: (line) => encode(csvLine(definition, valuesOf(line), lineEnd)),
      tail: (lines) => bytes(trailer(lines)),
    }
  }
  const objectOf = (line: Line): string => {
    const values = valuesOf(line)
    return JSON.stringify(Object.fromEntries(names.map((name, at) => [name, values[at] ?? null])))
  }
  if (settings.format === 'ndjson') {
    return {
      head: () => mark,
      line: (line) => encode(`${objectOf(line)}\n`),
      tail: (lines) => bytes(trailer(lines)),
    }
  }
  return {
    head: () => Buffer.concat([mark, bytes(list[0] ?? '')]),
    line: (line, isFirst) => encode(`${isFirst ? '' : ','}\n${objectOf(line)}`),
    tail: () => bytes(`\n${list[1] ?? ''}\n`),
  }
}

function csvLine({ settings: { csv } }: Definition, values: readonly Value[], lineEnd: string): string {
  return stringify([values.map((value) => (value === null ? '' : String(value)))], {
    delimiter: csv.delimiter,
    quote: csv.quote === '' ? false : csv.quote,
    escape: csv.escape,
    record_delimiter: lineEnd,
    escape_formulas: csv.escape_formulas,
    // A lone carriage return would be taken for a part of the line's end.
    ...(csv.quote === '' ? {} : { quoted_match: /[\r\n]|^\s|\s$/ }),
  })
}
