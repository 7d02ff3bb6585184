import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/real/free-port.ts'
import { createRandom } from '../../src/connectors/memory/random.ts'
import { type Api, startApi } from '../connectors/rest-api.ts'
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const KILLS = 4
/** So many that a record is hardly told of twice in one life: a second time would make up for a first one that was lost. */
const RECORDS = 200
const SEED = Number(process.env.TANDEM_SEED ?? Date.now() % 1_000_000)

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

interface Bench extends AsyncDisposable {
  readonly api: Api
  readonly mark: string
  start(options?: DaemonOptions): Promise<Daemon>
  /** What Odoo holds, by the record's code without the mark that keeps benches apart. */
  phones(): Promise<ReadonlyMap<string, string | false>>
  /** Tells of a record as the shop has it now, or as it is given. The answer is the status; 0: nobody listens. */
  tell(
    id: string,
    told?: { readonly type?: string; readonly record?: unknown; readonly event?: string },
  ): Promise<number>
}

/** A shop with an API that tells by signed webhooks, and nothing else brings a change within the test. */
async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-webhooks-'))
  const mark = `w-${randomUUID().slice(0, 8)}`
  const api = await startApi({ paging: 'none' })
  const port = await freePort()
  const configFile = join(folder, 'config.yaml')
  const { url, database, apiKey } = standIn
  mkdirSync(join(folder, 'mappings'))
  const config = {
    connections: {
      erp: { type: 'odoo', url, database, api_key: apiKey },
      shop: {
        type: 'rest',
        url: api.url,
        collections: {
          items: {
            fields: { id: { type: 'text', read_only: true }, code: 'text', name: 'text', phone: 'text' },
            list: { path: '/items', items: 'data.items' },
            read: { path: '/items/{id}', item: 'item' },
            changes: { field: 'updated_at', filters: [{ since: '{since}' }], resolution: '1ms' },
          },
        },
        webhooks: {
          scheme: 'standard',
          secrets: [SECRET],
          events: [
            { topic: 'item.deleted', collection: 'items', is: 'removed', id: 'data.id' },
            { topic: 'item.hint', collection: 'items', id: 'data.id' },
            { topic: 'item.*', collection: 'items', record: 'data' },
          ],
        },
      },
    },
    server: { listen: port },
  }
  const mapping = {
    mapping: 'customers',
    odoo: {
      connection: 'erp',
      model: 'res.partner',
      domain: [['function', '=', mark]],
      key: 'ref',
      defaults: { function: mark },
    },
    external: { connection: 'shop', collection: 'items', key: 'code' },
    fields: [{ odoo: 'name', external: 'name' }, 'phone'],
    deletes: { from_odoo: 'ignore', from_external: 'archive' },
    direction: 'to-odoo',
    schedule: '0 0 1 1 *',
    deep: '0 0 1 1 *',
    sweep: 'never',
    compare_within: 'never',
  }
  writeFileSync(configFile, JSON.stringify(config))
  writeFileSync(join(folder, 'mappings', 'customers.yaml'), JSON.stringify(mapping))
  const daemons: Daemon[] = []
  return {
    api,
    mark,
    async start(options) {
      const daemon = startDaemon(configFile, options)
      daemons.push(daemon)
      await daemon.said('info listening')
      await daemon.said('info running')
      return daemon
    },
    async tell(id, { type = 'item.updated', record = api.items.get(id), event = randomUUID() } = {}) {
      const body = JSON.stringify({ type, data: record })
      const now = new Date()
      try {
        const answer = await fetch(`http://127.0.0.1:${port}/hooks/shop`, {
          method: 'POST',
          body,
          headers: {
            'content-type': 'application/json',
            'webhook-id': event,
            'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
            'webhook-signature': new Webhook(SECRET).sign(event, now, body),
          },
        })
        return answer.status
      } catch {
        return 0
      }
    },
    async phones() {
      const partners = await standIn.partners(mark)
      return new Map(partners.map(({ ref, phone }) => [String(ref).replace(`${mark}-`, ''), phone]))
    },
    async [Symbol.asyncDispose]() {
      for (const daemon of daemons) if (daemon.isRunning()) await daemon.kill()
      await api.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const LONG = { timeout: 20_000 }

describe('a webhook that was acknowledged', () => {
  it('brings its record; a newer one is taken as it is, an older one is never applied', async () => {
    await using bench = await openBench()
    const { api } = bench
    await bench.start()
    const id = api.insert({ code: `${bench.mark}-A`, name: 'Ann', phone: '1' })
    const first = api.items.get(id)
    expect(await bench.tell(id)).toBe(204)
    await expect.poll(() => bench.phones(), LONG).toEqual(new Map([['A', '1']]))
    await sleep(5)
    api.edit(id, { phone: '2' })
    const requests = api.requests.length
    expect(await bench.tell(id)).toBe(204)
    await expect.poll(() => bench.phones(), LONG).toEqual(new Map([['A', '2']]))
    // Taken as it is: the shop was not asked.
    expect(api.requests.slice(requests)).toEqual([])
    expect(await bench.tell(id, { record: first })).toBe(204)
    // What is told after it is looked at after it.
    const other = api.insert({ code: `${bench.mark}-B`, name: 'Bo', phone: '7' })
    expect(await bench.tell(other, { type: 'item.hint', record: { id: Number(other) } })).toBe(204)
    await expect.poll(async () => (await bench.phones()).get('B'), LONG).toBe('7')
    expect((await bench.phones()).get('A')).toBe('2')
  })

  it('of a delete archives, once it is confirmed', async () => {
    await using bench = await openBench()
    const { api } = bench
    await bench.start()
    const id = api.insert({ code: `${bench.mark}-A`, name: 'Ann', phone: '1' })
    const record = api.items.get(id)
    await bench.tell(id)
    await expect.poll(() => bench.phones(), LONG).toEqual(new Map([['A', '1']]))
    expect(await bench.tell(id, { type: 'item.deleted' })).toBe(204)
    api.edit(id, { phone: '2' })
    await bench.tell(id)
    await expect.poll(() => bench.phones(), LONG).toEqual(new Map([['A', '2']]))
    expect((await standIn.partners(bench.mark))[0]?.active).toBe(true)
    api.remove(id)
    expect(await bench.tell(id, { type: 'item.deleted', record })).toBe(204)
    await expect.poll(async () => (await standIn.partners(bench.mark))[0]?.active, LONG).toBe(false)
  })

  it(`survives ${KILLS} kills at random moments (seed ${SEED})`, async () => {
    await using bench = await openBench()
    const { api } = bench
    const random = createRandom(SEED)
    const acknowledged = new Map<string, string>()
    const ids = Array.from({ length: RECORDS }, (_, n) =>
      api.insert({ code: `${bench.mark}-c${n}`, name: `c${n}`, phone: '' }),
    )
    let at = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const daemon = await bench.start()
      const end = sleep(random() * 400).then(() => daemon.kill())
      for (let edit = 0; daemon.isRunning(); edit++) {
        at = (at + 1) % RECORDS
        const id = ids[at] ?? ''
        const phone = `${kill}-${edit}`
        api.edit(id, { phone })
        const isHint = random() < 0.5
        const told = isHint ? { type: 'item.hint', record: { id: Number(id) } } : {}
        if ((await bench.tell(id, told)) === 204) acknowledged.set(`c${at}`, phone)
        else acknowledged.delete(`c${at}`)
      }
      await end
    }
    expect(acknowledged.size).toBeGreaterThan(0)
    await bench.start()
    const wrong = async () => {
      const phones = await bench.phones()
      return [...acknowledged].filter(([code, phone]) => phones.get(code) !== phone)
    }
    await expect.poll(wrong, LONG).toEqual([])
    const partners = await standIn.partners(bench.mark)
    expect(new Set(partners.map(({ ref }) => ref)).size).toBe(partners.length)
  })

  it('is synced by the next daemon, when one died before it looked', async () => {
    await using bench = await openBench()
    const dying = await bench.start({ crashAt: 'arrivals-taken' })
    const id = bench.api.insert({ code: `${bench.mark}-A`, name: 'Ann', phone: '1' })
    // It may die before its answer has left.
    expect([0, 204]).toContain(await bench.tell(id, { event: 'e1' }))
    expect((await dying.ended).signal).toBe('SIGKILL')
    expect(await bench.phones()).toEqual(new Map())
    await bench.start()
    await expect.poll(() => bench.phones(), LONG).toEqual(new Map([['A', '1']]))
    // Its sender, who had no answer, sends it again.
    expect(await bench.tell(id, { event: 'e1' })).toBe(204)
    await sleep(300)
    expect(await bench.phones()).toEqual(new Map([['A', '1']]))
  })
})
