import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backUpLedger } from '../../src/ledger/sqlite/backup.ts'
import { MIGRATIONS } from '../../src/ledger/sqlite/migrations/all.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { VERSION } from '../../src/version.ts'
import { change, NOW_MS, settlement, staging } from './examples.ts'
import { readAll } from './released/read-all.ts'
import { temporaryFile } from './temporary.ts'

const FOLDER = new URL('released/', import.meta.url)
const RELEASES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.db.gz'))
  .map((name) => name.slice(0, -'.db.gz'.length))
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))

let place: ReturnType<typeof temporaryFile>
beforeEach(() => {
  place = temporaryFile()
})
afterEach(() => place.remove())

const open = () => openSqliteLedger({ file: place.file, program: 'tandem next' })

describe('migrations', () => {
  test('of a release never change', () => {
    const frozen = read('migrations.json') as readonly { readonly release: string; readonly sha256: string }[]
    frozen.forEach(({ release, sha256 }, at) => {
      const digest = createHash('sha256')
        .update(MIGRATIONS[at] ?? '')
        .digest('hex')
      const advice = `migration ${at + 1} was released with ${release}: leave it as it is, and add a new one after the last`
      expect(digest, advice).toBe(sha256)
    })
  })

  test('are of a release that has its ledger here', () => {
    expect(RELEASES, 'node scripts/release-ledger.ts').toContain(VERSION)
  })
})

describe.each(RELEASES)('a ledger that %s wrote', (release) => {
  beforeEach(() => writeFileSync(place.file, gunzipSync(readFileSync(new URL(`${release}.db.gz`, FOLDER)))))

  test('has something in every table', () => {
    const db = new Database(place.file, { readonly: true })
    const names = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()
    const empty = names.filter((name) => db.prepare(`SELECT 1 FROM "${name}" LIMIT 1`).get() === undefined)
    expect(names.length).toBeGreaterThan(20)
    expect(empty).toEqual([])
    db.close()
  })

  test('is brought up to date, and all that was in it is found', async () => {
    const said = read(`${release}.json`) as object
    await using ledger = await open()
    expect(ledger.about).toMatchObject({ schema: MIGRATIONS.length, program: 'tandem next' })
    // A later version may say more than was said then, never something else.
    expect(await readAll(ledger)).toMatchObject(said)
  })

  test('can be worked on', async () => {
    await using ledger = await open()
    await ledger.openMapping('customers', ['name:name', 'email:email', 'phone:phone'])
    const [link] = await ledger.linksAfter('customers', 0, 1)
    expect(link?.seen.odoo).toMatch(/-{8}$/)

    const [letter] = await ledger.changes('customers', { state: 'dead', limit: 1 })
    if (!letter) throw new Error('there is no dead letter')
    expect(await ledger.retry('customers', [letter.change], NOW_MS)).toBe(1)
    await ledger.stage('customers', staging([change('40')]))
    const taken = await ledger.take('customers', NOW_MS, 100)
    // Newer captures come after those of then, and what an open intent is about is left alone.
    expect(taken.map(({ odoo }) => odoo?.id)).toEqual(expect.arrayContaining(['23', '40']))
    expect(taken.map(({ odoo }) => odoo?.id)).not.toContain('20')

    const [intent] = await ledger.openIntents('customers')
    if (!intent) throw new Error('there is no intent')
    const { cause } = intent
    const before = await ledger.countLinks('customers')
    await ledger.settle(
      'customers',
      settlement({
        intents: [intent.id],
        resolved: [{ ...cause, as: 'applied' }],
        links: [{ kind: 'insert', ...newLink('20') }],
      }),
    )
    expect(await ledger.openIntents('customers')).toEqual([])
    expect(await ledger.countLinks('customers')).toBe(before + 1)
    const [row] = await ledger.linksByKey('customers', ['key-20']).then((found) => found.get('key-20') ?? [])
    expect(row?.id).toBeGreaterThan(link?.id ?? 0)

    // The sweep of then goes on where it was, and no job gets the number of another.
    expect(await ledger.beginSweep('customers', 'external', false)).toBe('x1')
    const [job] = await ledger.openRequests()
    expect(await ledger.request('sync', { mapping: 'customers' }, NOW_MS)).toBeGreaterThan(job?.id ?? 0)
    // What was told then, and lies here already, is known.
    const told = { id: '31', kind: 'hint', version: null } as const
    await ledger.receive([{ mapping: 'customers', side: 'odoo', change: told, event: 'erp:msg-1' }], NOW_MS)
    expect(await ledger.countArrivals('customers')).toBe(1)
  })

  test('is whole afterwards', async () => {
    await (await open())[Symbol.asyncDispose]()
    const content = await backUpLedger(place.file, `${place.file}.copy`, false)
    expect(content).toMatchObject({ schema: MIGRATIONS.length, mappings: 2 })
    const db = new Database(place.file, { readonly: true })
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok')
    expect(db.pragma('foreign_key_check')).toEqual([])
    db.close()
  })
})

function newLink(id: string) {
  const seen = 'abcdefgh'.repeat(3)
  return {
    ...{ odooId: id, externalId: `x${id}`, key: `key-${id}` },
    ...{ seen: { odoo: seen, external: seen }, version: { odoo: null, external: null } },
  }
}
