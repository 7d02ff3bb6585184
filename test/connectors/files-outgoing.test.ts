import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { applyBatch } from '../../src/connectors/files/apply.ts'
import { collectionSchema } from '../../src/connectors/files/collection-schema.ts'
import { type FilesConnection, type FilesContext, filesContext } from '../../src/connectors/files/context.ts'
import { defineCollection } from '../../src/connectors/files/definition.ts'
import type { Folder } from '../../src/connectors/files/folder.ts'
import { localFolder } from '../../src/connectors/files/local-folder.ts'
import { publish } from '../../src/connectors/files/publish.ts'
import { parseFilesSettings } from '../../src/connectors/files/settings.ts'
import { openStore } from '../../src/connectors/files/store.ts'
import type { Operation } from '../../src/contract/sink.ts'
import { filesLab } from './files-lab.ts'

const FIELDS = ['code', 'name']
const columns = { code: {}, name: {} }
const signal = new AbortController().signal
const create = (code: string, name = 'x'): Operation => ({ kind: 'create', fields: { code, name } })

describe('what is written', () => {
  test('comes out in the form of the collection', async () => {
    using lab = filesLab(
      {
        csv: { delimiter: ';', line_end: 'crlf', bom: true, escape_formulas: true },
        columns: {
          code: { from: 'Nr.' },
          name: {},
          price: { type: 'decimal', decimal: ',', digits: 2 },
          on: { type: 'boolean', yes: ['J'], no: ['N'] },
          day: { type: 'date', date: 'DD.MM.YYYY' },
          at: { type: 'datetime', datetime: 'YYYY-MM-DD HH:mm', timezone: 'Europe/Berlin' },
        },
        operation: { column: 'A', create: 'NEW', update: 'CHG', remove: 'DEL' },
        out: { folder: 'out', file: '{collection}-{seq:3}.csv', trailer: '#{lines}', marker: '{name}.ok' },
      },
      FIELDS,
    )
    const [outcome] = await lab.apply({
      kind: 'create',
      fields: { code: '1', name: '=cmd"', price: 1234.565, on: true, day: '2026-02-01', at: '2026-07-01T22:30:00Z' },
    })
    // What is stored is what the file says: rounded.
    expect(outcome).toMatchObject({ kind: 'done', isOurs: true })
    await lab.apply(create('2'))
    await lab.apply({ kind: 'update', id: '2', fields: { name: 'y;z' }, expected: null })
    await lab.sink.flush?.(signal)
    expect(lab.names('out')).toEqual(['items-001.csv', 'items-001.csv.ok'])
    expect(lab.text('out/items-001.csv')).toBe(
      '\ufeffNr.;name;price;on;day;at;A\r\n1;"\'=cmd""";1234,57;J;01.02.2026;2026-07-02 00:30;NEW\r\n2;"y;z";;;;;NEW\r\n#2\r\n',
    )
    await lab.apply({ kind: 'remove', id: '1' })
    await lab.sink.flush?.(signal)
    expect(lab.text('out/items-002.csv').split('\r\n')[1]?.endsWith(';DEL')).toBe(true)
  })

  test('goes out when there is enough, or when it is old enough, and not before', async () => {
    using lab = filesLab({ columns, out: { folder: 'out', file: '{seq}.csv', max_lines: 3, every: '1h' } }, FIELDS)
    await lab.apply(create('1'), create('2'))
    await lab.sink.flush?.(signal)
    expect(lab.names('out')).toEqual([])
    await lab.apply(create('3'), create('4'))
    await lab.sink.flush?.(signal)
    expect(lab.names('out')).toEqual(['1.csv'])
    expect(lab.text('out/1.csv')).toBe('code,name\n1,x\n2,x\n3,x\n')
  })

  test('a record that came and went between two files is in none', async () => {
    using lab = filesLab({ columns, operation: { column: 'a' }, out: { folder: 'out', file: '{seq}.csv' } }, FIELDS)
    await lab.apply(create('1'))
    await lab.apply({ kind: 'remove', id: '1' })
    await lab.sink.flush?.(signal)
    expect(lab.names('out')).toEqual([])
  })

  test('all of it, each time, in the place of the last file', async () => {
    using lab = filesLab(
      {
        format: 'json',
        items: 'rows',
        columns,
        out: { folder: 'out', file: 'all.json', content: 'everything', replace: true },
      },
      FIELDS,
    )
    await lab.apply(create('1'), create('2'))
    await lab.sink.flush?.(signal)
    await lab.apply({ kind: 'remove', id: '1' })
    await lab.sink.flush?.(signal)
    expect(JSON.parse(lab.text('out/all.json'))).toEqual({ rows: [{ code: '2', name: 'x' }] })
    expect(lab.names('out')).toEqual(['all.json'])
  })

  test('a file that was not fetched is waited for, never overwritten', async () => {
    using lab = filesLab({ columns, out: { folder: 'out', file: 'next.csv' } }, FIELDS)
    await lab.apply(create('1'))
    await lab.sink.flush?.(signal)
    await lab.apply(create('2'))
    await lab.sink.flush?.(signal)
    await lab.sink.flush?.(signal)
    expect(lab.text('out/next.csv')).toBe('code,name\n1,x\n')
    const problems = await lab.collection.check({ create: true, update: true, remove: false }, signal)
    expect(problems.map(({ message }) => message).join()).toContain('next.csv was not fetched')
    rmSync(join(lab.folder, 'out/next.csv'))
    await lab.sink.flush?.(signal)
    expect(lab.text('out/next.csv')).toBe('code,name\n2,x\n')
  })

  test('characters that the encoding has not, a key that changes and a delete without words are refused alone', async () => {
    using lab = filesLab({ encoding: 'latin1', columns, out: { folder: 'out', file: '{seq}.csv' } }, FIELDS)
    const outcomes = await lab.apply(create('1', '日本'), create('2', 'Zoë'), create('', 'x'))
    expect(outcomes.map((each) => (each.kind === 'rejected' ? each.error.code : each.kind))).toEqual([
      'unsupported',
      'done',
      'key',
    ])
    const [key] = await lab.apply({ kind: 'update', id: '2', fields: { code: '3' }, expected: null })
    const [gone] = await lab.apply({ kind: 'remove', id: '2' })
    for (const each of [key, gone]) expect(each).toMatchObject({ kind: 'rejected', error: { code: 'unsupported' } })
    await lab.sink.flush?.(signal)
    expect(readFileSync(join(lab.folder, 'out/1.csv'), 'latin1')).toBe('code,name\n2,Zoë\n')
  })

  test('a collection without outgoing files says so', async () => {
    using lab = filesLab({ columns, in: { folder: 'in', files: '*', complete: 'rename' } }, FIELDS)
    await expect(lab.apply(create('1'))).rejects.toMatchObject({ code: 'config' })
    const problems = await lab.collection.check({ create: true, update: false, remove: false }, signal)
    expect(problems).toMatchObject([{ severity: 'error' }])
  })

  test.each(['../x.csv', 'a/b.csv', '{collection}/{seq}.csv'])('the name %s is refused', (file) => {
    expect(() => filesLab({ columns, out: { folder: 'out', file } }, FIELDS)).toThrow('file name')
  })
})

describe('a process that dies while it writes a file', () => {
  class Crash extends Error {}

  /** The folder of a process that dies at its n-th call: before it, or when it is done. */
  function dying(folder: Folder, at: number, when: 'before' | 'after'): Folder {
    let calls = 0
    return new Proxy(folder, {
      get(target, name: keyof Folder) {
        const method = target[name]
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          calls += 1
          if (calls === at && when === 'before') throw new Crash()
          const result: unknown = await (method as (...all: unknown[]) => unknown).apply(target, args)
          if (calls >= at) throw new Crash()
          return result
        }
      },
    })
  }

  function contextOn(root: string, wrap: (folder: Folder) => Folder): FilesContext {
    const settings = parseFilesSettings({ folder: root, store: 'store.db', collections: {} }, 'drop', root)
    const connection: FilesConnection = {
      name: 'drop',
      settings,
      folder: wrap(localFolder(root)),
      store: openStore('drop', settings.store),
      readers: new Map(),
      exclusively: (_, work) => work(),
      nowMs: () => Date.now(),
    }
    const out = { folder: 'out', file: '{seq}.csv', max_lines: 2, marker: '{name}.ok' }
    const definition = defineCollection('items', collectionSchema.parse({ columns, out }), 'code')
    return filesContext(connection, definition, { spec: 'items', fields: FIELDS, consumer: 'test' })
  }

  test('writes each line once, wherever that was', async () => {
    let deaths = 0
    for (let at = 1; at <= 30; at++) {
      for (const when of ['before', 'after'] as const) {
        const root = mkdtempSync(join(tmpdir(), 'tandem-files-'))
        mkdirSync(join(root, 'out'))
        const first = contextOn(root, (folder) => dying(folder, at, when))
        applyBatch(first, [create('1'), create('2'), create('3')])
        const died = await publish(first, signal).then(
          () => false,
          (error: unknown) => error instanceof Crash,
        )
        if (died) deaths += 1
        first.connection.store.close()
        // The receiver may fetch what is there in between.
        const fetched = fetch(root)
        const second = contextOn(root, (folder) => folder)
        await publish(second, signal)
        second.connection.store.close()
        const lines = [...fetched, ...fetch(root)].sort()
        expect(lines, `${when} ${at}`).toEqual(['1,x', '2,x', '3,x'])
        expect(readdirSync(join(root, 'out')).filter((name) => name.startsWith('.'))).toEqual([])
        rmSync(root, { recursive: true })
      }
    }
    expect(deaths).toBeGreaterThan(12)
  })

  function fetch(root: string): string[] {
    const folder = join(root, 'out')
    return readdirSync(folder)
      .filter((name) => name.endsWith('.csv') && !name.startsWith('.'))
      .flatMap((name) => {
        const [, ...lines] = readFileSync(join(folder, name), 'utf8').trim().split('\n')
        rmSync(join(folder, name))
        return lines
      })
  }
})
