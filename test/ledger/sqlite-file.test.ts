import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LinkWrite } from '../../src/ledger/link.ts'
import { acquireLedgerLock, isLedgerLocked, ledgerLockHolder } from '../../src/ledger/sqlite/lock.ts'
import { MIGRATIONS } from '../../src/ledger/sqlite/migrations/all.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { change, NOW_MS, settlement, staging } from './examples.ts'
import { temporaryFile } from './temporary.ts'

let place: ReturnType<typeof temporaryFile>
beforeEach(() => {
  place = temporaryFile()
})
afterEach(() => place.remove())

const open = (more: Partial<Parameters<typeof openSqliteLedger>[0]> = {}) =>
  openSqliteLedger({ file: place.file, program: 'tandem 1', ...more })

describe('the file', () => {
  test('is created with its folder, for its owner alone', async () => {
    const file = join(place.folder, 'a', 'b', 'tandem.db')
    await using ledger = await open({ file })
    await ledger.openMapping('customers', ['name:name'])
    for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600)
  })

  test('says who wrote it, and keeps its identity', async () => {
    const first = await open()
    expect(first.about).toMatchObject({ schema: MIGRATIONS.length, program: 'tandem 1' })
    await first[Symbol.asyncDispose]()
    await using second = await open({ program: 'tandem 2' })
    expect(second.about).toEqual({ ...first.about, program: 'tandem 2' })
    expect(second.about.identity).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('has a write-ahead log', async () => {
    await using ledger = await open()
    expect(ledger.about.schema).toBe(MIGRATIONS.length)
    const db = new Database(place.file)
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    db.close()
  })

  test('can be read only', async () => {
    await expect(open({ readOnly: true })).rejects.toMatchObject({ code: 'ledger' })
    await using writer = await open()
    await writer.openMapping('customers', ['name:name'])
    await writer.stage('customers', staging([change('1')]))
    await using reader = await open({ readOnly: true })
    await reader.openMapping('customers', ['name:name'])
    await reader.openMapping('new', ['name:name'])
    expect((await reader.take('customers', NOW_MS, 1)).length).toBe(1)
    expect(await reader.take('new', NOW_MS, 1)).toEqual([])
    expect((await reader.counts('new')).odoo.captured).toBe(0)
    await expect(reader.stage('customers', staging([change('2')]))).rejects.toMatchObject({ code: 'ledger' })
  })

  test('of another kind is refused', async () => {
    writeFileSync(place.file, 'x'.repeat(5_000))
    await expect(open()).rejects.toMatchObject({ code: 'ledger', message: expect.stringContaining('is not a ledger') })
    const other = join(place.folder, 'other.db')
    const db = new Database(other)
    db.exec('CREATE TABLE t (a)')
    db.close()
    await expect(open({ file: other })).rejects.toThrow('another program')
  })

  test.skipIf(process.getuid?.() === 0)('that may not be written says what to do', async () => {
    const folder = join(place.folder, 'closed')
    mkdirSync(folder, { mode: 0o500 })
    await expect(open({ file: join(folder, 'x', 'tandem.db') })).rejects.toMatchObject({ code: 'ledger' })
    chmodSync(folder, 0o700)
  })

  test('on a full disk refuses to write, and goes on when there is room', async () => {
    await using ledger = await open()
    await ledger.openMapping('customers', ['name:name'])
    const db = new Database(place.file)
    // Stands for the disk: SQLite answers the same when a page more than this is wanted.
    const limited = await open({ maxPages: Number(db.pragma('page_count', { simple: true })) + 2 })
    db.close()
    await limited.openMapping('customers', ['name:name'])
    const many = Array.from({ length: 500 }, (_, index) => change(String(index)))
    const attempt = limited.stage('customers', staging(many, { cursor: 'far' }))
    await expect(attempt).rejects.toMatchObject({ code: 'ledger', hint: expect.stringContaining('Free space') })
    expect(await limited.cursor('customers', 'odoo')).toBeNull()
    await limited.stage('customers', staging([change('1')]))
    await limited[Symbol.asyncDispose]()
    await ledger.stage('customers', staging(many))
    expect((await ledger.counts('customers')).odoo).toMatchObject({ captured: 501, superseded: 1 })
  })
})

describe('migrations', () => {
  const second = 'CREATE TABLE later (a INTEGER) STRICT'

  test('run once, each whole, and keep what is there', async () => {
    const first = await open()
    await first.openMapping('customers', ['name:name'])
    await first.stage('customers', staging([change('1')]))
    await first[Symbol.asyncDispose]()
    const broken = [...MIGRATIONS, second, 'CREATE TABLE more (a INTEGER); SELECT nonsense FROM nowhere']
    await expect(open({ migrations: broken })).rejects.toThrow('nowhere')
    await using ledger = await open({ migrations: [...MIGRATIONS, second] })
    expect(ledger.about.schema).toBe(MIGRATIONS.length + 1)
    await ledger.openMapping('customers', ['name:name'])
    expect((await ledger.counts('customers')).odoo.pending).toBe(1)
  })

  test('of a newer program are refused', async () => {
    await (await open({ migrations: [...MIGRATIONS, second] }))[Symbol.asyncDispose]()
    await expect(open()).rejects.toMatchObject({ code: 'ledger', message: expect.stringContaining('newer Tandem') })
    await expect(open({ readOnly: true })).rejects.toThrow('newer Tandem')
  })

  test('do not run under a daemon of the older program', async () => {
    await (await open())[Symbol.asyncDispose]()
    const holder = await startHolder()
    await expect(open({ migrations: [...MIGRATIONS, second] })).rejects.toThrow('older version')
    holder.kill('SIGKILL')
  })
})

async function startHolder() {
  const script = fileURLToPath(new URL('lock-holder.ts', import.meta.url))
  const child = spawn(process.execPath, [script, place.file], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child
}

describe('the lock', () => {
  test('is held by one process, and free again when that is killed', async () => {
    expect(isLedgerLocked(place.file)).toBe(false)
    const holder = await startHolder()
    expect(isLedgerLocked(place.file)).toBe(true)
    expect(acquireLedgerLock(place.file)).toBeNull()
    expect(ledgerLockHolder(place.file)).toMatchObject({ pid: holder.pid })
    const killed = new Promise((resolve) => holder.once('exit', resolve))
    holder.kill('SIGKILL')
    await killed
    expect(isLedgerLocked(place.file)).toBe(false)
    expect(ledgerLockHolder(place.file)).toBeNull()
    const lock = acquireLedgerLock(place.file)
    expect(lock).not.toBeNull()
    // Looking must not let go of it: closing a file drops all locks of a process on it.
    expect(isLedgerLocked(place.file)).toBe(true)
    expect(acquireLedgerLock(place.file)).toBeNull()
    const second = await startHolder()
    expect(second.pid).toBeDefined()
    const refused = await new Promise((resolve) => second.once('exit', resolve))
    expect(refused).toBe(0)
    lock?.release()
    lock?.release()
    expect(isLedgerLocked(place.file)).toBe(false)
  })

  test('a write waits for another process without blocking the event loop, and gives up in time', async () => {
    await using ledger = await open({ writeLimitMs: 400 })
    await ledger.openMapping('customers', ['name:name'])
    const other = new Database(place.file)
    other.exec('BEGIN IMMEDIATE')
    // A blocked event loop has none, however busy the machine is.
    let turns = 0
    const ticks = setInterval(() => void turns++, 1)
    const attempt = ledger.stage('customers', staging([change('1')]))
    await expect(attempt).rejects.toMatchObject({ code: 'ledger', message: expect.stringContaining('locked') })
    expect(turns).toBeGreaterThan(3)
    const patient = ledger.stage('customers', staging([change('1')]))
    await sleep(100)
    other.exec('COMMIT')
    await patient
    clearInterval(ticks)
    other.close()
    expect((await ledger.counts('customers')).odoo.pending).toBe(1)
  })
})

test.each([
  ['short ids', (index: number) => String(5_000_000 + index), 400],
  ['UUIDs', (index: number) => `0b9f5a1c-7d1e-4c0a-9b1e-${String(index * 7_919).padStart(12, '0')}`, 480],
])('a link with ten fields and %s is small', async (_, externalId, limit) => {
  await using ledger = await open()
  const fields = Array.from({ length: 10 }, (_, index) => `field${index}:field${index}`)
  await ledger.openMapping('customers', fields)
  const before = await ledger.sizeBytes()
  const links = Array.from({ length: 20_000 }, (_, index): LinkWrite => {
    const seen = fields.map((_, field) => String((index * 31 + field) % 1e8).padStart(8, '0')).join('')
    const version = { odoo: '2026-11-21 08:30:00', external: '2026-11-21T08:30:00Z' }
    const odooId = String(1_000_000 + index)
    return {
      kind: 'insert',
      odooId,
      externalId: externalId(index),
      key: `CUST${String(index).padStart(6, '0')}`,
      seen: { odoo: seen, external: seen },
      version,
    }
  })
  await ledger.settle('customers', settlement({ links }))
  const db = new Database(place.file)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  const bytes = ((await ledger.sizeBytes()) - before) / links.length
  expect(bytes).toBeLessThanOrEqual(limit)
})
