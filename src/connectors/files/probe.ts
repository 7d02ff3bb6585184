import type { Finding } from '../../contract/connector.ts'
import type { Value } from '../../contract/value.ts'
import { type Arrival, findArrivals } from './arrivals.ts'
import type { FilesContext } from './context.ts'
import { columnFor, type Definition } from './definition.ts'
import { openReader } from './file-reader.ts'
import { waitingLines } from './outbox.ts'
import { type Header, type Parsed, parseSlices } from './parse-records.ts'
import { lookAtFolders } from './schema.ts'
import { type Slice, SplitError } from './splitter.ts'
import { countRecords } from './stored-records.ts'

const SAMPLE_LINES = 500
const TOLD_FILES = 5
const DELIMITERS = [',', ';', '\t', '|']

/** What the folder and the first file in it show: for whoever describes them. */
export async function probeFiles(context: FilesContext, signal: AbortSignal): Promise<readonly Finding[]> {
  const { connection, definition } = context
  await lookAtFolders(context, signal)
  const findings: Finding[] = []
  const stored = countRecords(connection.store.handle(), context.id())
  if (definition.in !== null) {
    const arrivals = await findArrivals(context, signal)
    findings.push(waitingFinding(arrivals))
    const [first] = arrivals
    if (first) findings.push(...(await sampleFindings(context, first, signal)))
    findings.push({ topic: 'deletes', found: deletesOf(definition), hint: null })
  }
  if (definition.out !== null) {
    const { lines } = waitingLines(connection.store.handle(), context.id())
    findings.push({ topic: 'outgoing', found: `${lines} lines are in no file yet`, hint: null })
  }
  return [...findings, { topic: 'known', found: `${stored} records, from files that were read or written`, hint: null }]
}

function waitingFinding(arrivals: readonly Arrival[]): Finding {
  if (arrivals.length === 0) {
    return { topic: 'files', found: null, hint: 'None waits. Put one into the folder to see what is understood of it.' }
  }
  const told = arrivals
    .slice(0, TOLD_FILES)
    .map(({ entry, waitsFor }) => `${entry.name} (${entry.size} bytes${waitsFor === null ? '' : `; ${waitsFor}`})`)
  const more = arrivals.length > TOLD_FILES ? `, and ${arrivals.length - TOLD_FILES} more` : ''
  return { topic: 'files', found: `${told.join(', ')}${more}`, hint: null }
}

function deletesOf(definition: Definition): string {
  if (definition.in?.content === 'everything') return 'a record that a complete file lacks is gone'
  const { operation } = definition.settings
  return operation
    ? `a line with ${operation.column} ${operation.remove} says so`
    : 'are not seen: the files hold changes only'
}

async function sampleFindings(
  context: FilesContext,
  { path, entry }: Arrival,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { connection, definition } = context
  let header: Header
  let slices: readonly Slice[]
  let line: number
  try {
    const reader = await openReader(connection.folder, definition, path, entry, null, signal)
    header = reader.header
    line = reader.line
    slices = (await reader.next(SAMPLE_LINES)).slices
    await reader.close()
  } catch (error) {
    if (!(error instanceof SplitError)) throw error
    return [{ topic: 'first file', found: `${entry.name} ${error.message}`, hint: 'Check format, encoding and csv.' }]
  }
  const parsed = parseSlices(definition, header, slices, line)
  return [...headerFindings(header), ...badFindings(entry.name, parsed), ...typeFindings(definition, parsed)]
}

function headerFindings({ names, encoding }: Header): readonly Finding[] {
  const found: Finding = { topic: 'encoding', found: encoding, hint: null }
  if (names.length === 0) return [found]
  const [only = ''] = names
  const other = names.length === 1 ? DELIMITERS.find((delimiter) => only.includes(delimiter)) : undefined
  const hint =
    other === undefined ? null : `There is only one column: try csv: { delimiter: ${JSON.stringify(other)} }.`
  return [found, { topic: 'columns', found: names.join(', '), hint }]
}

function badFindings(name: string, parsed: readonly Parsed[]): readonly Finding[] {
  const bad = parsed.filter((each) => each.kind === 'bad')
  const [first] = bad
  const found = `${parsed.length - bad.length} records in the first ${parsed.length} lines of ${name}`
  if (first === undefined) return [{ topic: 'records', found, hint: null }]
  return [{ topic: 'records', found, hint: `${bad.length} lines cannot be read; line ${first.line} ${first.problem}.` }]
}

/** Types of columns that are not declared, as their values look. */
function typeFindings(definition: Definition, parsed: readonly Parsed[]): readonly Finding[] {
  const values = new Map<string, Value[]>()
  for (const each of parsed) {
    if (each.kind === 'bad') continue
    for (const [field, cell] of Object.entries(each.cells)) {
      if (cell === null || cell === '' || definition.columns.has(field)) continue
      values.set(field, [...(values.get(field) ?? []), cell])
    }
  }
  return [...values].flatMap(([field, cells]): readonly Finding[] => {
    const guess = typeOf(cells.map((cell) => (typeof cell === 'object' ? JSON.stringify(cell) : String(cell))))
    if (guess === null) return []
    const { from } = columnFor(definition, field)
    return [
      {
        topic: from,
        found: `looks like ${guess.what}, and is read as text`,
        hint: `columns: { ${JSON.stringify(field)}: ${guess.column} }`,
      },
    ]
  })
}

const GUESSES: readonly { readonly like: RegExp; readonly what: string; readonly column: string }[] = [
  { like: /^-?(?:0|[1-9]\d{0,14})$/, what: 'an integer', column: '{ type: integer }' },
  { like: /^-?\d+\.\d+$|^-?(?:0|[1-9]\d*)$/, what: 'a decimal', column: '{ type: decimal }' },
  {
    like: /^-?\d{1,3}(?:\.\d{3})*,\d+$|^-?(?:0|[1-9]\d*)$/,
    what: 'a decimal with a comma',
    column: '{ type: decimal, decimal: ",", thousands: "." }',
  },
  { like: /^(?:true|false|yes|no|y|n)$/i, what: 'a boolean', column: '{ type: boolean }' },
  { like: /^\d{4}-\d\d-\d\d$/, what: 'a date', column: '{ type: date }' },
  { like: /^\d\d\.\d\d\.\d{4}$/, what: 'a date', column: '{ type: date, date: DD.MM.YYYY }' },
  { like: /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/, what: 'a time', column: '{ type: datetime }' },
]

function typeOf(texts: readonly string[]): { readonly what: string; readonly column: string } | null {
  return GUESSES.find(({ like }) => texts.every((text) => like.test(text.trim()))) ?? null
}
