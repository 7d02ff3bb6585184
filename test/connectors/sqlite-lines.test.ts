import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSqliteConnector } from '../../src/connectors/sqlite/index.ts'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Cursor } from '../../src/contract/feed.ts'
import type { Fields } from '../../src/contract/value.ts'

const signal = new AbortController().signal
let folder = ''
let person: Database.Database
let connector: Connector
let orders: Collection

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-lines-'))
  person = new Database(join(folder, 'shop.db'))
  person.pragma('foreign_keys = on')
  person.exec(`
    CREATE TABLE orders (id INTEGER PRIMARY KEY, code TEXT UNIQUE, note TEXT);
    CREATE TABLE order_lines (order_id INTEGER NOT NULL REFERENCES orders (id), line_no INTEGER NOT NULL CHECK (line_no < 100),
      sku TEXT, qty NUMERIC, PRIMARY KEY (order_id, line_no));
    INSERT INTO orders VALUES (1, 'A', NULL), (2, 'B', NULL);
    INSERT INTO order_lines VALUES (1, 10, 'chair', 1), (1, 20, 'table', 2), (2, 10, 'lamp', 3);`)
  connector = createSqliteConnector({ type: 'sqlite', file: join(folder, 'shop.db') }, 'shop')
  orders = open()
  await orders.prepare?.(signal)
})
afterEach(async () => {
  await connector[Symbol.asyncDispose]()
  person.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(child: Fields = { table: 'order_lines', parent: 'order_id' }): Collection {
  return connector.collection({
    spec: { table: 'orders', children: { lines: child } },
    fields: ['code', 'note', 'lines'],
    lines: { lines: { fields: ['line_no', 'sku', 'qty'] } },
    key: 'code',
    consumer: 'test',
  })
}

async function drain(cursor: Cursor | null): Promise<{ changes: Change[]; cursor: Cursor | null }> {
  const changes: Change[] = []
  for (let at = cursor; ; ) {
    const page = await orders.feed?.read({ cursor: at, limit: 100, depth: 'tail', nowMs: 0 }, signal)
    if (!page) throw new Error('no feed')
    changes.push(...page.changes)
    at = page.cursor
    if (page.caughtUp) return { changes, cursor: at }
  }
}

const linesOf = async (id: string): Promise<readonly Fields[]> =>
  ((await orders.sink?.read([id], signal))?.get(id)?.fields.lines ?? []) as readonly Fields[]
const ids = (changes: readonly Change[]) =>
  changes.map((change) => (change.kind === 'state' ? change.state.id : change.id)).sort()
const rowids = () => person.prepare('SELECT rowid, line_no FROM order_lines WHERE order_id = 1 ORDER BY line_no').all()

describe('lines in a SQLite table of their own', () => {
  it('are described and read with their record', async () => {
    const schema = await orders.describe(signal)
    const field = schema.fields.get('lines')
    expect(field?.type).toBe('lines')
    expect([...(field?.lines?.keys() ?? [])]).toEqual(['line_no', 'sku', 'qty'])
    expect(await linesOf('1')).toEqual([
      { line_no: 10, sku: 'chair', qty: 1 },
      { line_no: 20, sku: 'table', qty: 2 },
    ])
  })

  it('are noticed when only they change, are added, moved or taken away', async () => {
    let { cursor, changes } = await drain(null)
    expect(ids(changes)).toEqual(['1', '2'])
    const edits: readonly [string, readonly string[]][] = [
      ['UPDATE order_lines SET qty = 9 WHERE order_id = 1 AND line_no = 10', ['1']],
      ["INSERT INTO order_lines VALUES (2, 30, 'rug', 1)", ['2']],
      ['UPDATE order_lines SET order_id = 2, line_no = 40 WHERE order_id = 1 AND line_no = 20', ['1', '2']],
      ['DELETE FROM order_lines WHERE order_id = 2 AND line_no = 30', ['2']],
    ]
    for (const [sql, expected] of edits) {
      person.exec(sql)
      ;({ cursor, changes } = await drain(cursor))
      expect(ids(changes)).toEqual(expected)
    }
    const listing = await orders.feed?.list?.(null, 10, signal)
    const states = (await orders.sink?.read(['1', '2'], signal)) ?? new Map()
    expect(listing?.entries.map(({ version }) => version)).toEqual([states.get('1')?.version, states.get('2')?.version])
  })

  it('are written row by row: what stays is not touched', async () => {
    const before = await linesOf('1')
    const kept = rowids()[1]
    const lines = [{ ...before[1] }, { line_no: 30, sku: 'shelf', qty: 4 }]
    const operation = { kind: 'update', id: '1', fields: { lines }, expected: { lines: before } } as const
    const [outcome] = (await orders.sink?.apply([operation], signal)) ?? []
    expect(outcome).toMatchObject({ kind: 'done', isOurs: true, record: { fields: { lines } } })
    expect(rowids()[0]).toEqual(kept)
  })

  it('that are not as expected are not written', async () => {
    const before = await linesOf('1')
    person.exec("UPDATE order_lines SET sku = 'stool' WHERE order_id = 1 AND line_no = 10")
    const operation = {
      kind: 'update',
      id: '1',
      fields: { note: 'x', lines: [] },
      expected: { note: null, lines: before },
    } as const
    expect(await orders.sink?.apply([operation], signal)).toEqual([{ kind: 'stale' }])
    expect(await linesOf('1')).toHaveLength(2)
  })

  it('and their record are written both or neither', async () => {
    const fields = {
      code: 'C',
      lines: [
        { line_no: 1, sku: 'x', qty: 1 },
        { line_no: 100, sku: 'too far', qty: 1 },
      ],
    }
    const good = { code: 'D', lines: [{ line_no: 1, sku: 'x', qty: 1 }] }
    const outcomes = await orders.sink?.apply(
      [
        { kind: 'create', fields },
        { kind: 'create', fields: good },
      ],
      signal,
    )
    expect(outcomes?.map(({ kind }) => kind)).toEqual(['rejected', 'done'])
    expect(person.prepare('SELECT code FROM orders ORDER BY code').pluck().all()).toEqual(['A', 'B', 'D'])
  })

  it('go with their record', async () => {
    expect(await orders.sink?.apply([{ kind: 'remove', id: '1' }], signal)).toMatchObject([{ kind: 'done' }])
    expect(person.prepare('SELECT count(*) FROM order_lines WHERE order_id = 1').pluck().get()).toBe(0)
  })

  it('tell what is wrong in the mapping', async () => {
    const wrong = async (child: Fields) =>
      open(child)
        .describe(signal)
        .catch((error: Error) => error.message)
    expect(await wrong({ table: 'no_lines', parent: 'order_id' })).toContain('there is no table no_lines')
    expect(await wrong({ table: 'order_lines', parent: 'order' })).toContain('no column order')
    person.exec('CREATE TABLE loose (order_id INTEGER, text TEXT)')
    expect(await wrong({ table: 'loose', parent: 'order_id' })).toContain('no primary key that tells the lines')
    person.exec('ALTER TABLE orders ADD COLUMN lines TEXT')
    expect(await wrong({ table: 'order_lines', parent: 'order_id' })).toContain('has a column lines')
  })
})
