import { execFileSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { plainEnvironment, runCommand } from '../../scripts/real/command.ts'
import { type Postgres, runSql, startPostgres } from '../../scripts/real/postgres.ts'
import { ensurePostgresPrograms } from '../../scripts/real/postgres-programs.ts'
import { ensureServerUser, type SystemUser } from '../../scripts/real/system-user.ts'
import { asSyncError, type SyncError } from '../../src/contract/error.ts'
import { runInProcess } from '../cli/in-process.ts'
import { canRestartOdoo } from './environment.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

let folder: string
let binDir: string
let user: SystemUser
let server: Postgres
let tandem: RealTandem

const dataDir = () => join(folder, 'cluster')
const urlOf = (database: string): string => server.url.replace(/postgres$/, database)

async function start(port?: number): Promise<void> {
  const logFile = join(folder, 'postgres.log')
  server = await startPostgres({ dataDir: dataDir(), binDir, user, logFile, durable: false, port })
}

/** While the server is stopped; it comes back at its address. */
async function whileDown(work: () => void): Promise<void> {
  const { port } = server
  await server.stop()
  work()
  await start(port)
}

async function inShop<Row extends object>(sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: urlOf('shop') })
  await client.connect()
  try {
    await client.query(`SET search_path = tandem_${tandem.mark.replace('-', '_')}`)
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

const insert = (name: string) =>
  inShop(`INSERT INTO customers (code, full_name) VALUES ('${tandem.mark}-${name}', '${name}')`)
const names = async () =>
  (await inShop<{ full_name: string }>('SELECT full_name FROM customers ORDER BY id')).map((row) => row.full_name)
const partners = async () => (await tandem.partners()).map(({ name, phone, active }) => ({ name, phone, active }))

/** Another look, as the daemon takes every few minutes, so that what it is now is remembered. */
async function lookAgain(): Promise<void> {
  tandem.app().connections.distrust('shop')
  await tandem.settle()
}

/** Longer than a database is trusted without a glance. */
const waitForGlance = () => new Promise((resolve) => setTimeout(resolve, 4500))

/** The next run, whatever the sockets of before are good for, finds out before it reads anything. */
async function expectStop(): Promise<SyncError> {
  await waitForGlance()
  const runner = await tandem.runner()
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const thrown: unknown = await runner.runNow().then(
      () => null,
      (error: unknown) => error,
    )
    if (thrown !== null && asSyncError(thrown).code === 'identity') return asSyncError(thrown)
  }
  throw new Error('Nothing was noticed')
}

async function cli(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const { code, stdout, stderr } = await runInProcess(tandem.configFile, args)
  return { code, text: stdout + stderr }
}

describe.skipIf(!canRestartOdoo)('a PostgreSQL that is put back to what it was', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-postgres-'))
    await runCommand('chmod', ['755', folder])
    binDir = await ensurePostgresPrograms()
    user = await ensureServerUser()
    await start()
    await runSql(server.url, ['CREATE DATABASE shop'])
  })
  afterEach(() => tandem?.close())
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(): Promise<void> {
    tandem = await openRealTandem({ shopUrl: urlOf('shop') })
    await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
    await insert('Bea')
    await tandem.settle()
    expect(await names()).toEqual(expect.arrayContaining(['Ann', 'Bea']))
  }

  it('by a dump stops everything, and goes on once a person says what it is', async () => {
    await open()
    const dump = join(folder, 'shop.dump')
    const run = (program: string, ...args: readonly string[]) =>
      runCommand(join(binDir, program), args, { env: plainEnvironment, cwd: folder })
    await run('pg_dump', '--format=custom', `--file=${dump}`, `--dbname=${urlOf('shop')}`)
    await insert('Cid')
    await inShop(`UPDATE customers SET phone = 'new' WHERE full_name = 'Ann'`)
    await lookAgain()
    expect(await partners()).toHaveLength(3)

    await runSql(server.url, ['DROP DATABASE shop WITH (FORCE)', 'CREATE DATABASE shop'])
    await run('pg_restore', `--dbname=${urlOf('shop')}`, dump)
    const before = await partners()
    const error = await expectStop()
    expect(error.message).toContain('The database of connection shop is not as the ledger knows it')
    expect(error.message).toMatch(/a copy of it, or a database in its place.*its database was \d+ and is \d+/)
    expect(error.hint).toContain('tandem accept shop')
    expect(await partners()).toEqual(before)
    expect(await names()).not.toContain('Cid')

    expect((await cli('accept', 'shop')).code).toBe(1)
    const accepted = await cli('accept', 'shop', '--as', 'restored', '--winner', 'partner')
    expect(accepted).toMatchObject({ code: 0, text: expect.stringContaining('accepted as restored') })
    await tandem.settle()
    expect([...(await names())].sort()).toEqual(['Ann', 'Bea', 'Cid'])
    expect(await partners()).toEqual(before)
    const [ann] = await inShop<{ phone: string }>(`SELECT phone FROM customers WHERE full_name = 'Ann'`)
    expect(ann?.phone).toBe('new')
    expect(await tandem.differences()).toEqual([])
  })

  it('by a copy of its files stops everything, and takes the other side back where it counts', async () => {
    await open()
    const backup = join(folder, 'backup')
    await whileDown(() => {
      rmSync(backup, { recursive: true, force: true })
      // With the owner of each file, as a backup has it.
      execFileSync('cp', ['-a', dataDir(), backup])
    })
    await lookAgain().catch(() => lookAgain())
    await insert('Cid')
    await inShop(`UPDATE customers SET phone = 'new' WHERE full_name = 'Ann'`)
    await lookAgain()
    expect(await partners()).toHaveLength(3)

    await whileDown(() => {
      rmSync(dataDir(), { recursive: true })
      renameSync(backup, dataDir())
    })
    const before = await partners()
    const error = await expectStop()
    expect(error.message).toMatch(/an older state of it is back.*"transaction" only grows/)
    expect(await partners()).toEqual(before)

    expect((await cli('accept', 'shop', '--as', 'restored', '--winner', 'restored')).code).toBe(0)
    await tandem.settle()
    expect([...(await names())].sort()).toEqual(['Ann', 'Bea'])
    expect(await partners()).toEqual(
      expect.arrayContaining([
        { name: 'Ann', phone: false, active: true },
        { name: 'Bea', phone: false, active: true },
        { name: 'Cid', phone: false, active: false },
      ]),
    )
    expect(await tandem.differences()).toEqual([])
  })
})
