import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createFilesConnector } from '../../src/connectors/files/index.ts'
import { CRASH_POINTS } from '../../src/engine/crash-points.ts'
import type { StoredChange } from '../../src/ledger/change.ts'
import { PARTNERS } from './customers.ts'
import { createWorld, Killed, type World } from './world.ts'

const worlds: World[] = []
const folders: string[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const MAPPING = `
mapping: customers
odoo: { connection: erp, collection: partners, key: ref }
external: { connection: shop, collection: customers, key: code }
fields:
  - { odoo: name, external: full_name }
  - { odoo: email, external: email }
  - { odoo: credit, external: credit }
deletes: { from_odoo: delete, from_external: archive }
`
const HEADER = 'code,full_name,email,credit,action\n'

interface Office {
  readonly world: World
  readonly folder: string
  drop(name: string, ...lines: readonly string[]): void
  sent(): string[]
  partners(): Record<string, unknown>
  dead(): Promise<readonly StoredChange[]>
}

/** Memory as Odoo, and a folder as the other side. `columns` may be corrected while it runs. */
async function office(
  more = '',
  incoming: object = {},
  columns: { credit: object } = { credit: { type: 'decimal' } },
): Promise<Office> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-files-'))
  folders.push(folder)
  for (const name of ['in', 'out']) mkdirSync(join(folder, name))
  const world = await createWorld({
    odoo: { partners: PARTNERS },
    external: {},
    mappings: { customers: MAPPING + more },
    connect: (connector, side) =>
      side === 'odoo'
        ? connector
        : createFilesConnector(
            {
              folder,
              store: join(folder, 'store.db'),
              collections: {
                customers: {
                  columns: { code: {}, full_name: {}, email: {}, ...columns },
                  operation: { column: 'action' },
                  in: { folder: 'in', files: '*.csv', complete: 'rename', ...incoming },
                  out: { folder: 'out', file: '{seq:5}.csv' },
                },
              },
            },
            'shop',
          ),
  })
  worlds.push(world)
  return {
    world,
    folder,
    drop(name, ...lines) {
      writeFileSync(join(folder, `${name}.tmp`), HEADER + lines.map((line) => `${line}\n`).join(''))
      renameSync(join(folder, `${name}.tmp`), join(folder, 'in', name))
    },
    sent: () =>
      (existsSync(join(folder, 'out')) ? readdirSync(join(folder, 'out')).sort() : []).flatMap((name) =>
        linesOf(join(folder, 'out', name)),
      ),
    partners: () =>
      Object.fromEntries(world.stores.odoo.all('partners').map(({ fields }) => [String(fields.ref), fields.name])),
    dead: async () =>
      (await world.ledger.changes('customers', { state: 'dead', limit: 100 })).map(({ change }) => change),
  }
}

function linesOf(file: string): string[] {
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  return lines
}

async function expectSums(world: World): Promise<void> {
  for (const counts of Object.values(await world.counts())) {
    const { captured, applied, unchanged, superseded, discarded, pending, waiting, conflicts, deadLetters } = counts
    expect(applied + unchanged + superseded + discarded + pending + waiting + conflicts + deadLetters).toBe(captured)
  }
}

describe('files as a side', () => {
  test('arrive, go out, and nothing echoes', async () => {
    const { world, drop, sent, partners } = await office()
    drop('1.csv', 'A,Ada,ada@x.example,1.50,', 'B,Bo,,,')
    world.stores.odoo.insert('partners', { ref: 'C', name: 'Cy', credit: 2 })
    await world.settle()
    expect(partners()).toEqual({ A: 'Ada', B: 'Bo', C: 'Cy' })
    expect(sent()).toEqual(['C,Cy,,2,I'])
    drop('2.csv', 'A,Ada L.,ada@x.example,1.50,U')
    await world.settle()
    expect(partners()).toMatchObject({ A: 'Ada L.' })
    const [bo] = world.stores.odoo.all('partners').filter(({ fields }) => fields.ref === 'B')
    world.stores.odoo.edit('partners', bo?.id ?? '', { email: 'bo@x.example' })
    await world.settle()
    expect(sent()).toEqual(['C,Cy,,2,I', 'B,Bo,bo@x.example,,U'])
    drop('3.csv', 'A,,,,D')
    await world.settle()
    expect(world.stores.odoo.all('partners').find(({ fields }) => fields.ref === 'A')?.fields.active).toBe(false)
    world.stores.odoo.remove('partners', bo?.id ?? '')
    await world.settle()
    expect(sent().at(-1)).toBe('B,Bo,bo@x.example,,D')
    const before = { ...world.stores.odoo.calls }
    const files = sent().length
    await world.run()
    expect(world.stores.odoo.calls.writes).toBe(before.writes)
    expect(sent()).toHaveLength(files)
    await expectSums(world)
  })

  test('a bad line is a dead letter with its place, and everything else goes on', async () => {
    const columns = { credit: { type: 'decimal' } as Record<string, string> }
    const { world, drop, partners, dead } = await office('', {}, columns)
    drop('1.csv', 'A,Ada,,1,', 'B,Bo,,"1,5",', 'C', 'D,Di,,2,')
    await world.settle()
    expect(partners()).toEqual({ A: 'Ada', D: 'Di' })
    const letters = (await dead()).map(({ id, fault }) => [id.replace(/@.*Z/, ''), fault?.message])
    expect(letters.sort()).toEqual([
      ['in/1.csv:3', 'in/1.csv, line 3: credit "1,5" is no decimal'],
      ['in/1.csv:4', 'in/1.csv, line 4: has 1 fields, and there are 5 columns'],
    ])
    expect(world.events.filter(({ kind }) => kind === 'dead')).toHaveLength(2)
    await expectSums(world)

    // Tried again as it is, it stays what it is.
    const [first] = await dead()
    if (!first) throw new Error('There is no dead letter.')
    await world.ledger.retry('customers', await dead(), world.nowMs())
    await world.settle()
    expect(await dead()).toHaveLength(2)
    await expectSums(world)

    // Once the column is corrected, the line is a record.
    columns.credit.decimal = ','
    world.killAt('page-read')
    await expect(world.run()).rejects.toBeInstanceOf(Killed)
    world.killAt(null)
    await world.ledger.retry('customers', await dead(), world.nowMs())
    await world.settle()
    expect(partners()).toEqual({ A: 'Ada', B: 'Bo', D: 'Di' })
    expect((await dead()).map(({ id }) => id.replace(/@.*Z/, ''))).toEqual(['in/1.csv:4'])
    await expectSums(world)

    // Given up, it stays given up, also when the feed is read from its start.
    const letter = (await dead())[0]
    if (!letter) throw new Error('There is no dead letter.')
    await world.ledger.settle('customers', {
      nowMs: world.nowMs(),
      links: [],
      resolved: [],
      kept: [{ ...letter, state: 'discarded', notBeforeMs: 0 }],
      changes: [],
      intents: [],
      history: [],
    })
    await world.ledger.setCursor('customers', 'external', null)
    await world.settle()
    expect(await dead()).toEqual([])
    await expectSums(world)
  })

  test('the deletes of a full list are weighed like all others', async () => {
    const { world, drop } = await office('', { content: 'everything', min_share: '10%' })
    const line = (n: number): string => `K${n},x,,,`
    drop('1.csv', ...Array.from({ length: 20 }, (_, n) => line(n)))
    await world.settle()
    drop('2.csv', ...Array.from({ length: 4 }, (_, n) => line(n)))
    await world.run()
    const active = world.stores.odoo.all('partners').filter(({ fields }) => fields.active === true)
    expect(active).toHaveLength(20)
    expect(Object.keys((await world.ledger.state('customers')).guards)).toEqual(['deletes:external'])
    drop('3.csv', ...Array.from({ length: 20 }, (_, n) => line(n)))
    await world.settle()
    expect(world.stores.odoo.all('partners').filter(({ fields }) => fields.active === true)).toHaveLength(20)
  })

  test('wherever the process dies, each line arrives once and each change goes out once', async () => {
    for (const point of CRASH_POINTS) {
      for (const times of [1, 2]) {
        const { world, drop, sent, partners } = await office()
        drop('1.csv', ...Array.from({ length: 7 }, (_, n) => `F${n},File ${n},,${n},`))
        drop('2.csv', 'F0,Newer,,0,', 'bad')
        for (let n = 0; n < 3; n++) world.stores.odoo.insert('partners', { ref: `O${n}`, name: `Odoo ${n}` })
        world.killAt(point, times)
        await world.run({ sweeps: true }).catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error
        })
        world.killAt(null)
        await world.settle()
        expect(Object.keys(partners()).sort(), point).toEqual(
          [0, 1, 2, 3, 4, 5, 6].map((n) => `F${n}`).concat(['O0', 'O1', 'O2']),
        )
        expect(partners().F0, point).toBe('Newer')
        expect(sent().sort(), point).toEqual(['O0,Odoo 0,,,I', 'O1,Odoo 1,,,I', 'O2,Odoo 2,,,I'])
        expect(await world.differences(), point).toEqual([])
        await expectSums(world)
      }
    }
  })
})
