import { expect, test } from 'vitest'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Cursor, Listing } from '../../src/contract/feed.ts'
import type { Operation } from '../../src/contract/sink.ts'

/** A table `Stock` with the columns region (text) and no (integer), which together are its primary key, name and version. */
export interface CompositeBench {
  readonly connector: Connector
  readonly table: string
  /** Runs a statement as a person does; every database understands it. */
  run(sql: string): Promise<unknown>
  tearDown(): Promise<void>
}

const signal = new AbortController().signal
const ODD = String.raw`a"b\c,'d]ü`

/** The primary key has two columns: how an id is written, and that everything works with it. */
export function describeComposite(open: () => Promise<CompositeBench>): void {
  const withBench = async (work: (bench: CompositeBench) => Promise<void>): Promise<void> => {
    const bench = await open()
    try {
      await work(bench)
    } finally {
      await bench.connector[Symbol.asyncDispose]()
      await bench.tearDown()
    }
  }

  test('an id of two columns is the JSON array of their texts, in every call', () =>
    withBench(async (bench) => {
      const stock = collectionOf(bench)
      await stock.prepare?.(signal)
      const created = await stock.sink?.apply(
        [create('DE', 1, 'x'), create(ODD, 2, 'y'), create('DE', 10, 'z')],
        signal,
      )
      const ids = ['["DE","1"]', JSON.stringify([ODD, '2']), '["DE","10"]']
      expect(created?.map((outcome) => outcome.kind === 'done' && outcome.record?.id)).toEqual(ids)
      expect(await stock.sink?.apply([create('DE', 1, 'again')], signal)).toEqual([{ kind: 'exists' }])
      const read = await stock.sink?.read([...ids, '["DE","2"]', '["DE", "1"]', 'DE', '["DE","x"]'], signal)
      expect([...(read?.keys() ?? [])].sort()).toEqual([...ids].sort())
      const find = { field: 'name', values: ['y', 'z'], fold: { case: true, space: true } }
      expect((await stock.sink?.find(find, signal))?.map(({ id }) => id).sort()).toEqual([ids[1], ids[2]].sort())
      const outcomes = await stock.sink?.apply(
        [
          { kind: 'update', id: ids[0] ?? '', fields: { name: 'new' }, expected: { name: 'x' } },
          { kind: 'update', id: ids[1] ?? '', fields: { name: 'new' }, expected: { name: 'other' } },
          { kind: 'update', id: '["DE","3"]', fields: { name: 'new' }, expected: { name: 'x' } },
        ],
        signal,
      )
      expect(outcomes?.map(({ kind }) => kind)).toEqual(['done', 'stale', 'gone'])
      const removed = await stock.sink?.apply([remove(ids[2]), remove('["DE","3"]'), remove('nonsense')], signal)
      expect(removed?.map(({ kind }) => kind)).toEqual(['done', 'gone', 'gone'])
      expect(await names(stock)).toEqual({ [ids[0] ?? '']: 'new', [ids[1] ?? '']: 'y' })
    }))

  test('changes are told with it, and a key that changes is two records', () =>
    withBench(async (bench) => {
      const stock = collectionOf(bench)
      await stock.prepare?.(signal)
      const start = await drain(stock, null)
      await bench.run(`insert into Stock (region, no, name) values ('DE', 1, 'x'), ('FR', 1, 'y'), ('FR', 2, 'z')`)
      await bench.run(`update Stock set no = 5 where region = 'FR' and no = 1`)
      await bench.run(`delete from Stock where region = 'FR' and no = 2`)
      const { changes } = await drain(stock, start.cursor)
      expect(last(changes)).toEqual({
        '["DE","1"]': 'x',
        '["FR","1"]': 'gone',
        '["FR","5"]': 'y',
        '["FR","2"]': 'gone',
      })
      expect(await stock.check({ create: true, update: true, remove: true }, signal)).toEqual([])
    }))

  test('a reading goes on after any id, with captured changes and by a cursor column', () =>
    withBench(async (bench) => {
      const rows = Array.from({ length: 25 }, (_none, n) => `('r${n % 3}', ${n}, 'n${n}', ${n})`)
      await bench.run(`insert into Stock (region, no, name, version) values ${rows.join(', ')}`)
      for (const spec of [{ capture: 'triggers' }, { capture: 'cursor', cursor: 'version' }, { capture: 'none' }]) {
        const stock = collectionOf(bench, spec)
        await stock.prepare?.(signal)
        for (const limit of [1, 4, 24, 25, 26]) {
          const { changes } = await drain(stock, null, limit)
          expect(changes.length, `${spec.capture}, ${limit} a page`).toBe(25)
          expect(Object.keys(last(changes)).length).toBe(25)
        }
        const listed: string[] = []
        for (let after: string | null = null; ; ) {
          const page: Listing | undefined = await stock.feed?.list?.(after, 7, signal)
          listed.push(...(page?.entries.map(({ id }) => id) ?? []))
          after = page?.after ?? null
          if (after === null) break
        }
        expect(new Set(listed).size).toBe(25)
        expect(listed.length).toBe(25)
      }
    }))

  test('lines need a record with an id of one column', () =>
    withBench(async (bench) => {
      const children = { parts: { table: bench.table, parent: 'region', key: ['no'] } }
      const stock = collectionOf(bench, { children }, ['name', 'parts'])
      await expect(stock.sink?.read(['["DE","1"]'], signal)).rejects.toMatchObject({ code: 'config' })
    }))
}

function collectionOf(bench: CompositeBench, spec: object = {}, fields = ['region', 'no', 'name']): Collection {
  return bench.connector.collection({ spec: { table: bench.table, ...spec }, fields, consumer: 'test' })
}

function create(region: string, no: number, name: string): Operation {
  return { kind: 'create', fields: { region, no, name } }
}

function remove(id = ''): Operation {
  return { kind: 'remove', id }
}

async function names(stock: Collection): Promise<Record<string, unknown>> {
  const page = await stock.feed?.list?.(null, 100, signal)
  const read = await stock.sink?.read(page?.entries.map(({ id }) => id) ?? [], signal)
  return Object.fromEntries([...(read ?? [])].map(([id, { fields }]) => [id, fields.name]))
}

async function drain(stock: Collection, cursor: Cursor | null, limit = 100) {
  const changes: Change[] = []
  let at = cursor
  for (;;) {
    const page = await stock.feed?.read({ cursor: at, limit, depth: 'tail', nowMs: 0 }, signal)
    if (page === undefined) throw new Error('no feed')
    changes.push(...page.changes)
    at = page.cursor
    if (page.caughtUp) return { changes, cursor: at }
  }
}

function last(changes: readonly Change[]): Record<string, unknown> {
  return Object.fromEntries(
    changes.map((change) =>
      change.kind === 'state' ? [change.state.id, change.state.fields.name] : [change.id, change.kind],
    ),
  )
}
