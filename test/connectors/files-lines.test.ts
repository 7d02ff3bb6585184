import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { fc, test as property } from '@fast-check/vitest'
import { stringify } from 'csv-stringify/sync'
import { describe, expect, test } from 'vitest'
import { collectionSchema } from '../../src/connectors/files/collection-schema.ts'
import { defineCollection } from '../../src/connectors/files/definition.ts'
import { openReader } from '../../src/connectors/files/file-reader.ts'
import type { FileEntry, Folder } from '../../src/connectors/files/folder.ts'
import { parseSlices } from '../../src/connectors/files/parse-records.ts'
import { filesLab } from './files-lab.ts'

const FIELDS = ['code', 'name']
const arriving = { folder: 'in', files: '*', complete: 'rename' }
const signal = new AbortController().signal

async function readOne(collection: object, content: string | Buffer) {
  using lab = filesLab({ ...collection, in: arriving }, FIELDS)
  lab.put('in/items', content)
  const told = await lab.read()
  return { ...told, records: await lab.records() }
}
const named = (records: Readonly<Record<string, { readonly [name: string]: unknown }>>) =>
  Object.fromEntries(Object.entries(records).map(([id, { name }]) => [id, name]))

describe('bytes', () => {
  test.each<[string, object, Buffer]>([
    ['UTF-8', {}, Buffer.from('code,name\n1,Zoë\n')],
    ['UTF-8 with a mark', {}, Buffer.from('\ufeffcode,name\r\n1,Zoë\r\n')],
    ['UTF-16 with a mark', {}, Buffer.from('\ufeffcode,name\n1,Zoë\n', 'utf16le')],
    ['UTF-16, the other way round', {}, Buffer.from('\ufeffcode,name\n1,Zoë\n', 'utf16le').swap16()],
    ['UTF-16 without a mark', { encoding: 'utf-16le' }, Buffer.from('code,name\n1,Zoë\n', 'utf16le')],
    ['Latin-1', { encoding: 'latin1' }, Buffer.from('code,name\n1,Zoë\n', 'latin1')],
    ['Windows', { encoding: 'windows-1252' }, Buffer.from('code,name\n1,Zoë\n', 'latin1')],
    ['tabs, no last line end', { csv: { delimiter: '\t' } }, Buffer.from('code\tname\n1\tZoë')],
    [
      'lines before the header, comments, blank lines',
      { csv: { skip_lines: 2, comment: '#' } },
      Buffer.from('report\n\n# x\ncode,name\n\n# y\n1,Zoë\n\n'),
    ],
    ['no header', { csv: { header: ['code', 'name'] } }, Buffer.from('1,Zoë\n')],
    [
      'another name in the file',
      { columns: { code: { from: 'Nr.' }, name: { from: 'Name' } } },
      Buffer.from('Nr.,Name\n1,Zoë\n'),
    ],
    ['a column more', {}, Buffer.from('code,more,name\n1,x,Zoë\n')],
    ['a JSON list', { format: 'json' }, Buffer.from('\n[\n {"code": "1", "name": "Zoë"}]\n')],
    [
      'a list in an object',
      { format: 'json', items: 'rows' },
      Buffer.from('{"a": ["rows", {"rows": [9]}], "b": "rows", "rows": [{"code": 1, "name": "Zoë"}], "z": 1}'),
    ],
    ['NDJSON', { format: 'ndjson' }, Buffer.from('{"code": "1", "name": "Zoë"}\r\n\n')],
  ])('%s', async (_, collection, content) => {
    const { records, broken } = await readOne(collection, content)
    expect(broken).toEqual({})
    expect(named(records)).toEqual({ 1: 'Zoë' })
  })

  test('bytes that are no text in the encoding are a bad line', async () => {
    const { states, broken } = await readOne({}, Buffer.from('code,name\n1,Ada\n2,Zo\xeb\n3,Cy\n', 'latin1'))
    expect(states).toEqual(['1', '3'])
    expect(broken).toEqual({ 'in/items:3': 'in/items, line 3: is no utf-8 text' })
  })
})

describe('bad lines', () => {
  test('each is told with its line, and the rest goes on', async () => {
    const text = `code,name\n1,"two\nlines"\n2\n3,a,b\n,nobody\n4,\0\n5,"a"b\n6,ok\n`
    const { states, broken } = await readOne({}, text)
    expect(states).toEqual(['1', '6'])
    expect(broken).toEqual({
      'in/items:4': 'in/items, line 4: has 1 fields, and there are 2 columns',
      'in/items:5': 'in/items, line 5: has 3 fields, and there are 2 columns',
      'in/items:6': 'in/items, line 6: has no code, which names the record',
      'in/items:7': 'in/items, line 7: holds a NUL character',
      'in/items:8': 'in/items, line 8: has a quote in the wrong place',
    })
  })

  test('a quote that is never closed costs its own line', async () => {
    const { states, broken } = await readOne({}, 'code,name\n1,a\n2,"b\n3,c\n4,d\n')
    expect(states).toEqual(['1', '3', '4'])
    expect(Object.keys(broken)).toEqual(['in/items:3'])
  })

  test('a quote that swallows others up to the next quote costs its own line', async () => {
    const { states, broken } = await readOne({}, 'code,name\n1,a\n2,"b\n3,c\n4,"d"\n5,e\n')
    expect(states).toEqual(['1', '3', '4', '5'])
    expect(Object.keys(broken)).toEqual(['in/items:3'])
  })

  test('a line that is too long is one bad line, whatever its length', async () => {
    using lab = filesLab({ in: { ...arriving, max_record: 1000 } }, FIELDS)
    lab.put('in/a', `code,name\n1,a\n2,${'x'.repeat(700_000)}\n3,c\n`)
    const { states, broken } = await lab.read()
    expect(states).toEqual(['1', '3'])
    expect(broken).toEqual({ 'in/a:3': 'in/a, line 3: is longer than 1000 bytes' })
  })

  test('values that do not fit their columns', async () => {
    const columns = {
      code: {},
      name: {},
      n: { type: 'integer' },
      d: { type: 'decimal', decimal: ',', thousands: '.' },
      b: { type: 'boolean' },
      day: { type: 'date', date: 'DD.MM.YYYY' },
    }
    const { states, broken } = await readOne(
      { columns, csv: { delimiter: ';' } },
      'code;name;n;d;b;day\n1;a;7;1.234,5;yes;29.02.2024\n2;a;7,5;1;;\n3;a;;1.5;;\n4;a;;;maybe;\n5;a;;;;29.02.2026\n',
    )
    expect(states).toEqual(['1'])
    expect(Object.values(broken)).toEqual([
      'in/items, line 3: n "7,5" is no integer',
      'in/items, line 4: d "1.5" is no number',
      'in/items, line 5: b "maybe" is neither "true", "yes", "y", "1" nor "false", "no", "n", "0"',
      'in/items, line 6: day "29.02.2026" is no date like DD.MM.YYYY',
    ])
  })

  test('JSON that is none, and a list that is cut off', async () => {
    const { states, broken } = await readOne(
      { format: 'json' },
      '[{"code": 1, "name": "a"},\n{"code": 2,, "name": "b"},\n7, {"code": 3}, {"co',
    )
    expect(states).toEqual(['1', '3'])
    expect(Object.keys(broken)).toEqual(['in/items:2', 'in/items:3', 'in/items'])
    expect(broken['in/items']).toContain('not complete')
  })

  test('tried again after the columns were corrected, a line is a record', async () => {
    using lab = filesLab({ in: arriving, columns: { code: {}, name: { type: 'date' } } }, FIELDS)
    lab.put('in/a', 'code,name\n1,21.11.2026\n')
    const page = await lab.feed.read({ cursor: null, limit: 10, depth: 'tail', nowMs: 0 }, signal)
    const [place] = page.changes
    const id = place?.kind === 'broken' ? place.id : ''
    expect((await lab.feed.look?.([id], signal))?.[0]).toMatchObject({ kind: 'broken', id })
    const settings = { in: arriving, columns: { code: {}, name: { type: 'date', date: 'DD.MM.YYYY' } } }
    const corrected = filesLab(settings, FIELDS, lab.folder)
    expect(await corrected.feed.look?.([id], signal)).toMatchObject([
      { kind: 'state', state: { id: '1', fields: { name: '2026-11-21' } } },
      { kind: 'gone', id },
    ])
    await corrected.connector[Symbol.asyncDispose]()
  })
})

describe('order and interruption', () => {
  test('of two lines of one record the last counts, in a file and from file to file', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/1', 'code,name\n1,first\n2,x\n1,second\n')
    expect((await lab.read()).states).toEqual(['2', '1'])
    lab.put('in/2', 'code,name\n1,third\n')
    lab.put('in/3', 'code,name\n1,fourth\n')
    expect((await lab.read()).states).toEqual(['1'])
    expect(named(await lab.records())).toEqual({ 1: 'fourth', 2: 'x' })
  })

  test('lines that say nothing new are not told', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/1', 'code,name\n1,a\n2,b\n')
    await lab.read()
    lab.put('in/2', 'code,name\n1,a\n2,c\n')
    expect((await lab.read()).states).toEqual(['2'])
  })

  test('a process that ends in the middle of a file goes on there in the next', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/1', `code,name\n${Array.from({ length: 50 }, (_, n) => `${n},"line\n${n}"\n`).join('')}bad\n`)
    const told: string[] = []
    let current = lab
    for (let pages = 0; pages < 20 && told.length < 51; pages++) {
      const page = await current.feed.read({ cursor: current.cursor, limit: 7, depth: 'tail', nowMs: 0 }, signal)
      told.push(
        ...page.changes.map((change) => (change.kind === 'state' ? change.state.id : change.id.replace(/@.*Z/, ''))),
      )
      current.cursor = page.cursor
      await current.connector[Symbol.asyncDispose]()
      current = current.restart()
    }
    expect(told).toEqual([...Array.from({ length: 50 }, (_, n) => String(n)), 'in/1:102'])
    expect(await current.read()).toEqual({ states: [], gone: [], broken: {} })
    await current.connector[Symbol.asyncDispose]()
  })

  test('a file that grows while it is read is read again from its start, once', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/1', 'code,name\n1,a\n2,b\nbad\n3,c', 60_000)
    const page = await lab.feed.read({ cursor: null, limit: 3, depth: 'tail', nowMs: 0 }, signal)
    lab.cursor = page.cursor
    appendFileSync(join(lab.folder, 'in/1'), 'ccc\n4,d\n')
    const { states, gone } = await lab.read()
    expect(states).toEqual(['3', '4'])
    // The bad line of the file as it was is over; that of the file as it is now has a place of its own.
    expect(gone).toHaveLength(1)
    expect(named(await lab.records())).toEqual({ 1: 'a', 2: 'b', 3: 'cccc', 4: 'd' })
  })

  test('a deleted store is another one: everything is told again from what comes', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/1', 'code,name\n1,a\n')
    await lab.read()
    const before = await lab.connector.check(signal)
    await lab.connector[Symbol.asyncDispose]()
    const { rmSync } = await import('node:fs')
    for (const end of ['', '-wal', '-shm']) rmSync(join(lab.folder, `store.db${end}`), { force: true })
    const again = lab.restart()
    const after = await again.connector.check(signal)
    expect(after.identity?.traits.store).not.toBe(before.identity?.traits.store)
    again.put('in/2', 'code,name\n2,b\n')
    expect((await again.read()).states).toEqual(['2'])
    await again.connector[Symbol.asyncDispose]()
  })
})

// ---- Whatever the records, the bytes, the pieces in which they come and the places at which reading stops

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('"', '""', '",\n"', '\r\n', 'a\r', ',', '😀', 'ÿ€', "'", '\\'),
)
const clean = (value: string): string => value.replaceAll('\0', '').trim()

function pieces(bytes: Buffer, sizes: readonly number[]): Folder['read'] {
  return async function* read(_path, from) {
    let at = from
    for (let n = 0; at < bytes.length; n++) {
      const end = Math.min(bytes.length, at + (sizes[n % sizes.length] ?? 1))
      yield bytes.subarray(at, end)
      at = end
    }
  }
}

async function readInSteps(settings: object, bytes: Buffer, sizes: readonly number[], steps: readonly number[]) {
  const definition = defineCollection('items', collectionSchema.parse({ ...settings, in: arriving }), 'code')
  const folder = { read: pieces(bytes, sizes) } as Folder
  const entry: FileEntry = { name: 'x', size: bytes.length, mtimeMs: 0 }
  const told: [string, unknown][] = []
  let place: Parameters<typeof openReader>[4] = null
  for (let n = 0; n < 1000; n++) {
    // A new reader each time, as after a crash.
    const reader = await openReader(folder, definition, 'x', entry, place, signal)
    const from = reader.line
    const { slices, isEnd } = await reader.next(steps[n % steps.length] ?? 1)
    for (const each of parseSlices(definition, reader.header, slices, from)) {
      if (each.kind === 'bad') throw new Error(`${each.line}: ${each.problem}`)
      told.push([each.id, each.cells.name])
    }
    place = { position: reader.position, line: reader.line, header: reader.header }
    await reader.close()
    if (isEnd) return told
  }
  throw new Error('It did not end.')
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
const steps = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })

property.prop(
  [
    fc.array(text, { minLength: 1, maxLength: 30 }),
    sizes,
    steps,
    fc.constantFrom('utf-8', 'utf-16le', 'utf-16be'),
    fc.constantFrom('\n', '\r\n'),
  ],
  {
    numRuns: 150,
  },
)('CSV: records come back from any pieces and any places', async (names, pieceSizes, stepSizes, encoding, lineEnd) => {
  const rows = names.map((name, n) => [String(n), clean(name)])
  const csv = stringify([['code', 'name'], ...rows], { record_delimiter: lineEnd, quoted_match: /[\r\n]/ })
  const wide = Buffer.from(csv, 'utf16le')
  const bytes = encoding === 'utf-8' ? Buffer.from(csv) : encoding === 'utf-16le' ? wide : wide.swap16()
  const settings = { encoding, csv: { header: true } }
  // Half a character can come only at the end of a piece, never at the place to go on from.
  expect(await readInSteps(settings, bytes, pieceSizes, stepSizes)).toEqual(rows)
})

property.prop(
  [fc.array(text, { maxLength: 30 }), sizes, steps, fc.constantFrom('json', 'items', 'ndjson'), fc.boolean()],
  {
    numRuns: 150,
  },
)('JSON: records come back from any pieces and any places', async (names, pieceSizes, stepSizes, form, isPretty) => {
  const rows = names.map((name, n) => ({ code: String(n), name: clean(name) }))
  const space = isPretty ? 2 : 0
  const whole = form === 'items' ? { x: ['['], items: rows, y: ']' } : rows
  const bytes = Buffer.from(
    form === 'ndjson' ? rows.map((row) => `${JSON.stringify(row)}\n`).join('') : JSON.stringify(whole, null, space),
  )
  const settings = { format: form === 'ndjson' ? 'ndjson' : 'json', ...(form === 'items' ? { items: 'items' } : {}) }
  expect(await readInSteps(settings, bytes, pieceSizes, stepSizes)).toEqual(rows.map(({ code, name }) => [code, name]))
})
