import OdooAwait from 'odoo-await'
import { type BareOdoo, openBareOdoo, tandemContext } from './bare-odoo.ts'
import { alternate, type Entry, median, round, type Size, seconds } from './entry.ts'
import { insertPartners, PARTNER_FIELDS, partnerIds, removePartners } from './partners.ts'
import type { Systems } from './systems.ts'
import { type Answer, startTandem, type Tandem } from './tandem.ts'
import { openWorkspace, type Workspace } from './workspace.ts'

const BATCH = 500
const BARE_MARK = 'bench_bare'
/** Records that the one-by-one client writes; its time is multiplied up to the full count. */
const ONE_BY_ONE = 200
const CREATE_TARGET = 0.8
const UPDATE_TARGET = 0.8
const ONE_BY_ONE_TARGET = 10

interface Bench {
  readonly systems: Systems
  readonly workspace: Workspace
  readonly tandem: Tandem
  readonly bare: BareOdoo
  readonly count: number
  readonly rounds: number
}

type Run = Record<'bareMs' | 'tandemMs' | 'cpuMs' | 'requests' | 'statements' | 'echoMs', number>

/** PostgreSQL → Odoo: creates and updates, against bare calls of the methods that do it fastest. */
export async function measureWrites(systems: Systems, size: Size): Promise<readonly Entry[]> {
  const workspace = await openWorkspace(systems)
  const tandem = startTandem()
  const bare = openBareOdoo(systems, systems.apiKey)
  const count = size === 'full' ? 5000 : 500
  const rounds = size === 'full' ? 5 : 2
  try {
    await tandem.open(workspace.configFile)
    await tandem.run()
    const bench = { systems, workspace, tandem, bare, count, rounds }
    return [await measureCreates(bench), ...(await measureUpdates(bench))]
  } finally {
    await tandem.close()
    await bare.close()
    await workspace.remove()
    await removePartners(systems.odooDatabase, BARE_MARK)
  }
}

async function measureCreates({ systems, workspace, tandem, bare, count, rounds }: Bench): Promise<Entry> {
  const runs = await compare(
    rounds,
    (at) => createBare(bare, at, count),
    async (at) => {
      await systems.shop.query(insertRows(workspace, at), [count])
      return runTwice(tandem, (at + 1) * count)
    },
  )
  const what = `${count} rows inserted, then one run, against \`create\` of ${BATCH} a call without reading back`
  return entry('creates', what, runs, CREATE_TARGET)
}

async function measureUpdates(bench: Bench): Promise<readonly Entry[]> {
  const { systems, workspace, tandem, bare, count, rounds } = bench
  await removePartners(systems.odooDatabase, BARE_MARK)
  await insertPartners(systems.odooDatabase, BARE_MARK, count)
  const ids = await partnerIds(systems.odooDatabase, BARE_MARK)
  const { links } = await tandem.look()
  const runs = await compare(
    rounds,
    (at) => (systems.series === '14' ? loadBare(bare, at, ids) : updateBare(bare, at, ids)),
    async (at) => {
      await systems.shop.query(updateRows(workspace), [count, at])
      return runTwice(tandem, links)
    },
  )
  const method = systems.series === '14' ? '`load`' : '`web_save_multi`, which reads the same fields back,'
  const what = `${count} rows updated (3 fields, all values different), then one run, against ${method} of ${BATCH} a call`
  const updates = entry('updates', what, runs, UPDATE_TARGET)
  const oneByOneMs = ((await updateOneByOne(systems, ids)) / ONE_BY_ONE) * count
  const ratio = oneByOneMs / median(runs.map(({ tandemMs }) => tandemMs))
  const oneByOne: Entry = {
    name: 'updates-one-by-one',
    value: round(oneByOneMs),
    unit: 'ms',
    ratio: round(ratio),
    target: `≥ ${ONE_BY_ONE_TARGET}`,
    ok: ratio >= ONE_BY_ONE_TARGET,
    runs: [],
    note: `the same ${count} updates with odoo-await, one record a call: measured on ${ONE_BY_ONE} records and scaled`,
  }
  return [updates, oneByOne]
}

async function compare(
  rounds: number,
  bare: (round: number) => Promise<number>,
  ours: (round: number) => Promise<Omit<Run, 'bareMs'>>,
): Promise<readonly Run[]> {
  const bareMs: number[] = []
  const tandem: Omit<Run, 'bareMs'>[] = []
  await alternate(
    rounds,
    async (at) => {
      bareMs.push(await bare(at))
    },
    async (at) => {
      tandem.push(await ours(at))
    },
  )
  return tandem.map((run, at) => ({ bareMs: bareMs[at] ?? Number.NaN, ...run }))
}

/** The run that does the work, and the one after it, which meets the echoes. */
async function runTwice(tandem: Tandem, links: number): Promise<Omit<Run, 'bareMs'>> {
  const answer = await tandem.run()
  expectDone(answer, links)
  const echo = await tandem.run()
  const { cpuMs, requests, statements } = answer.counters
  return { tandemMs: answer.ms, cpuMs, requests, statements, echoMs: echo.ms }
}

function expectDone({ links, pending, dead }: Answer, expected: number): void {
  if (links === expected && pending === 0 && dead === 0) return
  throw new Error(`${links} of ${expected} linked, ${pending} pending, ${dead} dead`)
}

function insertRows({ table, mark }: Workspace, at: number): string {
  return `
    INSERT INTO ${table} (code, full_name, email, phone, street, city, zip, country, is_company)
    SELECT '${mark}-${at}-' || n, 'Customer ${at} ' || n, 'office.' || n || '@customer.example',
      '+49 30 ' || 1000000 + n, 'Long Street ' || n % 389, 'Berlin', lpad(n::text, 5, '0'), 'DE', n % 3 = 0
    FROM generate_series(1, $1::int) n`
}

function updateRows({ table }: Workspace): string {
  return `
    UPDATE ${table} SET phone = '+49 40 ' || $2::int * 100000 + id, street = 'Short Street ' || $2::int || ' ' || id,
      email = 'desk.' || $2::int || '.' || id || '@customer.example'
    WHERE id IN (SELECT id FROM ${table} ORDER BY id LIMIT $1)`
}

async function createBare(bare: BareOdoo, at: number, count: number): Promise<number> {
  const [country] = await bare.call<{ id: number }[]>('res.country', 'search_read', {
    domain: [['code', '=', 'DE']],
    fields: ['id'],
  })
  const startedMs = performance.now()
  for (let from = 0; from < count; from += BATCH) {
    const vals_list = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => {
      const n = from + index + 1
      return {
        function: BARE_MARK,
        ref: `${BARE_MARK}-${at}-${n}`,
        name: `Customer ${at} ${n}`,
        email: `office.${n}@customer.example`,
        phone: `+49 30 ${1_000_000 + n}`,
        street: `Long Street ${n % 389}`,
        city: 'Berlin',
        zip: String(n).padStart(5, '0'),
        country_id: country?.id,
        is_company: n % 3 === 0,
        active: true,
      }
    })
    await bare.call('res.partner', 'create', { vals_list, context: tandemContext() })
  }
  return performance.now() - startedMs
}

async function updateBare(bare: BareOdoo, at: number, ids: readonly number[]): Promise<number> {
  const names = [...PARTNER_FIELDS, 'write_date', 'write_uid']
  const specification = Object.fromEntries(names.map((name) => [name, {}]))
  const startedMs = performance.now()
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH)
    await bare.call('res.partner', 'web_save_multi', {
      ids: batch,
      vals_list: batch.map((id) => newValues(id, at)),
      specification,
      context: tandemContext(),
    })
  }
  return performance.now() - startedMs
}

/** Odoo 14's fastest: it reads nothing back. */
async function loadBare(bare: BareOdoo, at: number, ids: readonly number[]): Promise<number> {
  const startedMs = performance.now()
  for (let from = 0; from < ids.length; from += BATCH) {
    const data = ids.slice(from, from + BATCH).map((id) => {
      const { phone, street, email } = newValues(id, at)
      return [String(id), phone, street, email]
    })
    await bare.call('res.partner', 'load', {
      fields: ['.id', 'phone', 'street', 'email'],
      data,
      context: tandemContext(),
    })
  }
  return performance.now() - startedMs
}

async function updateOneByOne(systems: Systems, ids: readonly number[]): Promise<number> {
  const { url, database, login, apiKey } = systems
  const client = new OdooAwait({ baseUrl: url, db: database, username: login, password: apiKey })
  await client.connect()
  const startedMs = performance.now()
  for (const id of ids.slice(0, ONE_BY_ONE)) await client.update('res.partner', id, newValues(id, -1))
  return performance.now() - startedMs
}

function newValues(id: number, at: number): Readonly<Record<'phone' | 'street' | 'email', string>> {
  return {
    phone: `+49 40 ${at * 100_000 + id}`,
    street: `Short Street ${at} ${id}`,
    email: `desk.${at}.${id}@customer.example`,
  }
}

function entry(name: string, what: string, runs: readonly Run[], target: number): Entry {
  const ratio = median(runs.map(({ bareMs, tandemMs }) => bareMs / tandemMs))
  const of = (field: keyof Run) => median(runs.map((run) => run[field]))
  return {
    name,
    value: round(of('tandemMs')),
    unit: 'ms',
    ratio: round(ratio),
    target: `≥ ${target}`,
    ok: ratio >= target,
    runs,
    note:
      `${what}: Tandem ${seconds(of('tandemMs'))}, bare ${seconds(of('bareMs'))}; Tandem's own CPU ` +
      `${seconds(of('cpuMs'))}, ${of('requests')} requests, ${of('statements')} statements; ` +
      `the run after it (its own echoes) ${seconds(of('echoMs'))}`,
  }
}
