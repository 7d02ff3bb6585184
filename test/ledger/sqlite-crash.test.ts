import { appendFileSync, copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { type Acknowledged, expectAcknowledged, expectWhole, startWorker } from './acknowledged.ts'
import { change, link, settlement, staging } from './examples.ts'
import { temporaryFile } from './temporary.ts'

const KILLS = Number(process.env.TANDEM_KILLS ?? 12)
const TEARS = Number(process.env.TANDEM_TEARS ?? 60)

let place: ReturnType<typeof temporaryFile>
beforeEach(() => {
  place = temporaryFile()
})
afterEach(() => place.remove())

/** The same numbers in every run, so that a failure can be repeated. */
function pseudoRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

test('a killed process loses nothing that it acknowledged', async () => {
  const acknowledged: Acknowledged = { staged: new Set(), settled: new Set() }
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = acknowledged.staged.size
    const { child, ended } = startWorker(place.file, `w${kill}`, 0, acknowledged)
    while (acknowledged.staged.size === before) await sleep(2)
    await sleep(Math.random() * 40)
    child.kill('SIGKILL')
    await ended
    await expectAcknowledged(place.file, acknowledged)
  }
  expect(acknowledged.settled.size).toBeGreaterThan(0)
})

test('two processes write at once', async () => {
  const acknowledged: Acknowledged = { staged: new Set(), settled: new Set() }
  await Promise.all(['a', 'b'].map((name) => startWorker(place.file, name, 30, acknowledged).ended))
  expect(acknowledged.staged.size).toBe(1_200)
  expect(acknowledged.settled.size).toBe(600)
  await expectAcknowledged(place.file, acknowledged)
})

interface Commit {
  readonly walBytes: number
  readonly id: string
}

/** Commits one after the other, and how long the journal was after each. Copies of the files are left as `torn…`. */
async function writeCommits(count: number): Promise<Commit[]> {
  const ledger = await openSqliteLedger({ file: place.file, program: 'test' })
  await ledger.openMapping('customers', ['name:name', 'email:email'])
  const commits: Commit[] = []
  const wal = `${place.file}-wal`
  for (let index = 0; index < count; index += 1) {
    const id = String(index)
    await ledger.stage('customers', staging([change(id)], { cursor: id }))
    const odoo = (await ledger.known('customers', 'odoo', [id])).get(id)?.change
    if (!odoo) throw new Error('a change expected')
    commits.push({ walBytes: statSync(wal).size, id })
    const history = {
      atMs: 1,
      event: 'created',
      side: 'odoo' as const,
      odooId: id,
      externalId: id,
      key: null,
      detail: {},
    }
    const resolved = [{ ...odoo, as: 'applied' as const }]
    if (index % 2 === 0) {
      await ledger.settle('customers', settlement({ resolved, links: [link(id, id)], history: [history] }))
    }
  }
  copyFileSync(place.file, join(place.folder, 'whole.db'))
  copyFileSync(wal, join(place.folder, 'whole.db-wal'))
  await ledger[Symbol.asyncDispose]()
  return commits
}

/** Opens a copy whose journal `damage` has changed from `offset` on. */
async function expectPrefix(commits: readonly Commit[], offset: number, damage: (wal: string) => void): Promise<void> {
  const torn = join(place.folder, 'torn.db')
  copyFileSync(join(place.folder, 'whole.db'), torn)
  copyFileSync(join(place.folder, 'whole.db-wal'), `${torn}-wal`)
  damage(`${torn}-wal`)
  const ledger = await openSqliteLedger({ file: torn, program: 'test' })
  await ledger.openMapping('customers', ['name:name', 'email:email'])
  await expectWhole(ledger)
  const last = Number((await ledger.cursor('customers', 'odoo')) ?? -1)
  const safe = commits.filter((commit) => commit.walBytes <= offset).length - 1
  expect(last).toBeGreaterThanOrEqual(safe)
  const captured = (await ledger.counts('customers')).odoo.captured
  expect(captured).toBe(last + 1)
  await ledger[Symbol.asyncDispose]()
}

test('a torn journal leaves a prefix of what was committed', async () => {
  const commits = await writeCommits(40)
  const random = pseudoRandom(42)
  const bytes = statSync(join(place.folder, 'whole.db-wal')).size
  const first = commits[0]?.walBytes ?? 0
  for (let tear = 0; tear < TEARS; tear += 1) {
    const offset = first + Math.floor(random() * (bytes - first))
    await expectPrefix(commits, offset, (wal) => truncateSync(wal, offset))
    await expectPrefix(commits, offset, (wal) => {
      const data = readFileSync(wal)
      for (let at = offset; at < Math.min(offset + 600, data.length); at += 1) data[at] = Math.floor(random() * 256)
      writeFileSync(wal, data)
    })
    await expectPrefix(commits, offset, (wal) => {
      truncateSync(wal, offset)
      appendFileSync(wal, Buffer.alloc(10_000))
    })
  }
  expect(existsSync(place.file)).toBe(true)
})
