/**
 * What the ledger costs for one record, in microseconds of CPU, by step, with 1,000 to 1,000,000 links in it.
 * `node bench/ledger.ts [links…]`
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NewIntent } from '../src/ledger/intent.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { LinkWrite } from '../src/ledger/link.ts'
import { FINGERPRINT_LENGTH } from '../src/ledger/seen.ts'
import { openSqliteLedger } from '../src/ledger/sqlite/open.ts'

const MAPPING = 'customers'
const BATCH = 5_000
const ROUNDS = 10
/** Changes of one run in the steady state, and how many such runs. */
const UPDATES = 500
const UPDATE_ROUNDS = 60
const NAMES = ['name', 'email', 'phone', 'street', 'city', 'zip', 'country', 'active', 'credit', 'ref']
const FIRST_ID = 1_000_000
const NOW_MS = 1_790_000_000_000
const FIELDS = NAMES.map((name) => `${name}:${name}_external`)
const VERSION = '2026-11-21 08:30:00'

const fingerprint = (record: number, field: number) =>
  ((record * 2654435761 + field * 40503) >>> 0).toString(36).padStart(FINGERPRINT_LENGTH, '0')
const seenOf = (record: number) => FIELDS.map((_, field) => fingerprint(record, field)).join('')
const keyOf = (record: number) => `CUST${String(record).padStart(6, '0')}`

function fieldsOf(record: number) {
  return {
    name: `Customer ${record}`,
    email: `customer${record}@example.com`,
    phone: `+49 30 ${record}`,
    street: `Street ${record % 977}`,
    city: 'Berlin',
    zip: '10115',
    country: 'DE',
    active: true,
    credit: record * 1.5,
    ref: keyOf(record),
  }
}

const changeOf = (record: number) => ({
  side: 'odoo' as const,
  id: String(FIRST_ID + record),
  kind: 'state' as const,
  version: VERSION,
  changedAtMs: NOW_MS,
  byUs: false,
  fields: fieldsOf(record),
})

const linkOf = (record: number): LinkWrite => ({
  kind: 'insert',
  odooId: String(FIRST_ID + record),
  externalId: String(5 * FIRST_ID + record),
  key: keyOf(record),
  seen: { odoo: seenOf(record), external: seenOf(record + 7) },
  version: { odoo: VERSION, external: VERSION },
})

const costs = new Map<string, number[]>()
async function measured<Result>(step: string, records: number, work: () => Promise<Result>): Promise<Result> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  const list = costs.get(step) ?? []
  list.push((user + system) / records)
  costs.set(step, list)
  return result
}

async function fill(ledger: Ledger, links: number): Promise<void> {
  for (let at = 0; at < links; at += 20_000) {
    const count = Math.min(20_000, links - at)
    await ledger.settle(MAPPING, {
      nowMs: NOW_MS,
      links: Array.from({ length: count }, (_, index) => linkOf(at + index)),
      resolved: [],
      kept: [],
      changes: [],
      intents: [],
      history: Array.from({ length: count }, (_, index) => createdOf(at + index)),
    })
  }
}

async function unknown(ledger: Ledger, from: number): Promise<void> {
  const ids = Array.from({ length: BATCH }, (_, index) => String(FIRST_ID + from + index))
  const found = await measured('known: none', BATCH, () => ledger.known(MAPPING, 'odoo', ids))
  if ([...found.values()].some(({ link }) => link !== null)) throw new Error('these should be unknown')
}

/** New records of a page that is dealt with at once: known, intend, settle. */
async function direct(ledger: Ledger, from: number): Promise<void> {
  await unknown(ledger, from)
  const records = Array.from({ length: BATCH }, (_, index) => from + index)
  const intents = records.map<NewIntent>((record) => ({
    side: 'external',
    operation: { kind: 'create', fields: fieldsOf(record) },
    ids: { odoo: String(FIRST_ID + record), external: null },
    cause: { side: 'odoo', id: String(FIRST_ID + record), seq: 0 },
    key: keyOf(record),
    sourceSeen: seenOf(record),
  }))
  const ids = await measured('direct: intend', BATCH, () => ledger.intend(MAPPING, intents, NOW_MS))
  const settlement = {
    nowMs: NOW_MS,
    direct: { side: 'odoo' as const, cursor: String(from), applied: BATCH, unchanged: 0 },
    links: records.map(linkOf),
    resolved: [],
    kept: [],
    changes: [],
    intents: ids,
    history: records.map(createdOf),
  }
  await measured('direct: settle', BATCH, () => ledger.settle(MAPPING, settlement))
}

const createdOf = (record: number) => ({
  atMs: NOW_MS,
  event: 'created',
  side: 'external' as const,
  odooId: String(FIRST_ID + record),
  externalId: String(5 * FIRST_ID + record),
  key: keyOf(record),
  detail: {},
})

/** New records: stage, take, intend, settle. */
async function firstSync(ledger: Ledger, from: number): Promise<void> {
  const changes = Array.from({ length: BATCH }, (_, index) => changeOf(from + index))
  const staging = { side: 'odoo' as const, cursor: String(from), changes, touched: [], unchanged: 0, nowMs: NOW_MS }
  await measured('stage', BATCH, () => ledger.stage(MAPPING, staging))
  const works = await measured('take', BATCH, () => ledger.take(MAPPING, NOW_MS, BATCH))
  if (works.length !== BATCH) throw new Error(`took ${works.length} of ${BATCH}`)
  const causes = works.flatMap(({ odoo }) => (odoo === null ? [] : [odoo]))
  const intents = causes.map<NewIntent>((change) => ({
    side: 'external',
    operation: { kind: 'create', fields: change.fields },
    ids: { odoo: change.id, external: null },
    cause: { side: 'odoo', id: change.id, seq: change.seq },
    key: String(change.fields.ref),
    sourceSeen: seenOf(1),
  }))
  const ids = await measured('intend', BATCH, () => ledger.intend(MAPPING, intents, NOW_MS))
  const settlement = {
    nowMs: NOW_MS,
    links: causes.map((_, index) => linkOf(from + index)),
    resolved: causes.map(({ side, id, seq }) => ({ side, id, seq, as: 'applied' as const })),
    kept: [],
    changes: [],
    intents: ids,
    history: causes.map((_, index) => createdOf(from + index)),
  }
  await measured('settle', BATCH, () => ledger.settle(MAPPING, settlement))
}

/** Changed records that are linked, anywhere in the ledger: the steady state. */
async function update(ledger: Ledger, links: number, round: number): Promise<void> {
  const count = Math.min(UPDATES, links)
  // A step that shares no divisor with the number of links: far apart, in no order, and never the same twice in a round.
  const pick = (index: number) => (round * 7_919 + index * 61_843_207) % links
  const changes = Array.from({ length: count }, (_, index) => changeOf(pick(index)))
  const ids = changes.map((change) => change.id)
  await measured('known', count, () => ledger.known(MAPPING, 'odoo', ids))
  const staging = { side: 'odoo' as const, cursor: String(round), changes, touched: [], unchanged: 0, nowMs: NOW_MS }
  await measured('stage again', count, () => ledger.stage(MAPPING, staging))
  const works = await measured('take linked', count, () => ledger.take(MAPPING, NOW_MS, count))
  const causes = works.flatMap(({ odoo, link }) => (odoo === null || link === null ? [] : [{ odoo, link }]))
  if (causes.length !== count) throw new Error(`took ${causes.length} of ${count} linked`)
  const intents = causes.map<NewIntent>(({ odoo, link }) => ({
    side: 'external',
    operation: { kind: 'update', id: link.externalId, fields: { email: 'x' }, expected: null },
    ids: { odoo: link.odooId, external: link.externalId },
    cause: { side: 'odoo', id: odoo.id, seq: odoo.seq },
    key: null,
    sourceSeen: link.seen.odoo,
  }))
  const intentIds = await measured('intend updates', count, () => ledger.intend(MAPPING, intents, NOW_MS))
  const settlement = {
    nowMs: NOW_MS,
    links: causes.map(({ link }) => ({ kind: 'update' as const, id: link.id, seen: link.seen, version: link.version })),
    resolved: causes.map(({ odoo: { side, id, seq } }) => ({ side, id, seq, as: 'applied' as const })),
    kept: [],
    changes: [],
    intents: intentIds,
    history: causes.map(({ odoo, link }) => ({
      atMs: NOW_MS,
      event: 'updated',
      side: 'external' as const,
      odooId: odoo.id,
      externalId: link.externalId,
      key: link.key,
      detail: { before: { email: 'y' }, after: { email: 'x' } },
    })),
  }
  await measured('settle updates', count, () => ledger.settle(MAPPING, settlement))
}

const mean = (step: string) => {
  const list = costs.get(step) ?? []
  return list.reduce((sum, cost) => sum + cost, 0) / list.length
}
const total = (...steps: readonly string[]) => steps.reduce((sum, step) => sum + mean(step), 0)
const SUMS = {
  'first sync': ['stage', 'take', 'intend', 'settle'],
  direct: ['direct: intend', 'direct: settle'],
  updates: ['known', 'stage again', 'take linked', 'intend updates', 'settle updates'],
}

const updateCosts: number[] = []
const sizes = process.argv.slice(2).map(Number)
for (const links of sizes.length > 0 ? sizes : [1_000, 200_000, 1_000_000]) {
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'tandem-bench-'))
  const ledger = await openSqliteLedger({ file: join(folder, 'tandem.db'), program: 'bench' })
  await ledger.openMapping(MAPPING, FIELDS)
  await fill(ledger, links)
  const bytes = await ledger.sizeBytes()
  // What is compiled meanwhile is not the ledger's cost.
  for (let round = 0; round < 10; round += 1) await update(ledger, links, UPDATE_ROUNDS + round)
  costs.clear()
  for (let round = 0; round < UPDATE_ROUNDS; round += 1) await update(ledger, links, round)
  for (let round = 0; round < ROUNDS; round += 1) await firstSync(ledger, links + round * BATCH)
  for (let round = 0; round < ROUNDS; round += 1) await direct(ledger, links + (ROUNDS + round) * BATCH)
  console.log(`${links} links, ${Math.round(bytes / links)} bytes a link with the journal`)
  for (const [step, list] of costs) {
    const sorted = [...list].sort((a, b) => a - b)
    const [best = 0, median = 0] = [sorted[0], sorted[sorted.length >> 1]]
    console.log(`  ${step.padEnd(16)} median ${median.toFixed(2)} µs a record, best ${best.toFixed(2)}`)
  }
  for (const [name, steps] of Object.entries(SUMS)) {
    console.log(`  ${name.padEnd(16)} mean   ${total(...steps).toFixed(2)} µs a record`)
  }
  updateCosts.push(total(...SUMS.updates))
  await ledger[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
}
if (updateCosts.length > 1) {
  const ratio = (updateCosts[1] ?? 0) / (updateCosts[0] ?? 1)
  console.log(`an update costs ${ratio.toFixed(2)} times as much in the second ledger as in the first`)
}
