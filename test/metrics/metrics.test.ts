import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { readStatus } from '../../src/server/overview-data.ts'
import { createWebApp } from '../../src/server/web-app.ts'
import { type Fixture, openFixture } from '../server/fixture.ts'

let fixture: Fixture
afterEach(() => fixture?.[Symbol.asyncDispose]())

/** The samples of a scrape by their full names. */
function samples(body: string): ReadonlyMap<string, number> {
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

async function open(server?: string) {
  fixture = await openFixture({ mappings: ['customers', 'orders'], ...(server === undefined ? {} : { server }) })
  const metrics = createMetrics()
  const { site, ledger } = fixture
  metrics.watch({ status: () => readStatus(site), ledgerFile: join(dirname(site.config.file), 'ledger.db') })
  const web = createWebApp({
    ledger,
    site,
    metrics,
    settings: site.config.server,
    parserOf: () => null,
    inbox: { receive: async () => {} },
    onDefect: (message) => fixture.defects.push(message),
  })
  const scrape = async (headers: Record<string, string> = {}, host = '127.0.0.1:8080') =>
    web.request(`http://${host}/metrics`, { headers })
  return { metrics, scrape }
}

test('what is captured is settled or open, for each mapping and side, and the age of the oldest is told', async () => {
  const { scrape } = await open()
  await fixture.addDeadLetters('customers', [
    { id: '1', fields: { name: 'Ada' }, fault: { code: 'invalid', message: 'no', hint: null } },
    { id: '2', fields: { name: 'Bo' }, fault: { code: 'invalid', message: 'no', hint: null } },
  ])
  const answer = await scrape()
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const found = samples(await answer.text())
  for (const mapping of ['customers', 'orders']) {
    for (const side of ['odoo', 'external']) {
      const of = (name: string, label: string) =>
        [...found].filter(
          ([key]) =>
            key.startsWith(name) &&
            key.includes(`mapping="${mapping}"`) &&
            key.includes(`side="${side}"`) &&
            key.includes(label),
        )
      const sum = (entries: [string, number][]) => entries.reduce((total, [, value]) => total + value, 0)
      const captured = sum(of('tandem_changes_total', 'outcome="captured"'))
      const settled = sum(of('tandem_changes_total', '')) - captured
      expect(settled + sum(of('tandem_changes_open', '')), `${mapping} ${side}`).toBe(captured)
    }
  }
  const dead = [...found].filter(([key]) => key.includes('state="dead_letter"') && key.includes('"customers"'))
  expect(dead.reduce((total, [, value]) => total + value, 0)).toBe(2)
  expect(found.get('tandem_oldest_unsynced_change_seconds{mapping="orders"}')).toBe(0)
  expect(found.get('tandem_needs_person{mapping="customers"}')).toBe(1)
  expect(found.get('tandem_ledger_bytes{file="database"}')).toBeGreaterThan(1000)
  // A second look adds nothing up twice.
  expect(samples(await (await scrape()).text()).get('tandem_needs_person{mapping="customers"}')).toBe(1)
  const again = samples(await (await scrape()).text())
  for (const [key, value] of found) if (key.startsWith('tandem_changes')) expect(again.get(key), key).toBe(value)
})

test('calls and runs are counted by how they ended, and timed', async () => {
  const { metrics, scrape } = await open()
  const call = { kind: 'call', connection: 'erp', method: 'sink.apply', records: () => 500 } as const
  expect(await metrics.around(call, async () => 'done')).toBe('done')
  const fail = async () => {
    throw new SyncError('rate_limited', 'slower')
  }
  await expect(metrics.around(call, fail)).rejects.toThrow('slower')
  await expect(metrics.around({ kind: 'run', mapping: 'customers', depth: 'tail' }, fail)).rejects.toThrow('slower')
  const found = samples(await (await scrape()).text())
  expect(found.get('tandem_calls_total{connection="erp",method="sink.apply",outcome="ok"}')).toBe(1)
  expect(found.get('tandem_calls_total{connection="erp",method="sink.apply",outcome="rate_limited"}')).toBe(1)
  expect(found.get('tandem_call_records_bucket{le="500",connection="erp",method="sink.apply"}')).toBe(2)
  expect(found.get('tandem_call_records_bucket{le="250",connection="erp",method="sink.apply"}')).toBe(0)
  expect(found.get('tandem_call_seconds_count{connection="erp",method="sink.apply"}')).toBe(2)
  expect(found.get('tandem_runs_total{mapping="customers",outcome="rate_limited"}')).toBe(1)
})

test('breakers and keys that end are told by connection', async () => {
  const { scrape } = await open()
  const endsAtMs = Date.UTC(2027, 0, 1)
  await fixture.ledger.updateConnectionNotes('erp', {
    condition: { state: 'open', sinceMs: 1, untilMs: 2, reason: 'down' },
    report: { server: 'Odoo 19.0', keys: [{ name: 'tandem', endsAtMs }] },
  })
  const found = samples(await (await scrape()).text())
  expect(found.get('tandem_breaker_state{connection="erp",state="open"}')).toBe(1)
  expect(found.get('tandem_breaker_state{connection="erp",state="closed"}')).toBe(0)
  expect(found.get('tandem_credential_expiry_timestamp_seconds{connection="erp",name="tandem"}')).toBe(endsAtMs / 1000)
})

test('no metric holds a secret, and only who may use the API reads them', async () => {
  const token = 't'.repeat(32)
  const { scrape } = await open(`listen: "0.0.0.0:8080", token: "${token}"`)
  expect((await scrape()).status).toBe(401)
  expect((await scrape({ authorization: 'Bearer wrong' })).status).toBe(401)
  // A scraper calls a pod by its address.
  const answer = await scrape({ authorization: `Bearer ${token}` }, '10.1.2.3:8080')
  expect(answer.status).toBe(200)
  const body = await answer.text()
  for (const secret of [token, 'secret-api-key', 'hidden-password']) expect(body).not.toContain(secret)
  expect((await scrape({ authorization: `Bearer ${token}` }, 'evil.example.com')).status).toBe(421)
})

test('without a token, a name that is not ours is refused', async () => {
  const { scrape } = await open()
  expect((await scrape({}, 'evil.example.com')).status).toBe(421)
})
