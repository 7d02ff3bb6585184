import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/real/free-port.ts'
import { type Api, startApi } from '../connectors/rest-api.ts'
import { type Receiver, startReceiver } from '../connectors/webhook-receiver.ts'
import { type Daemon, startDaemon } from '../crash/daemon.ts'
import { hasOdooDatabaseAccess, realEnvironment } from './environment.ts'
import { asPerson } from './person.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const TOKEN = 'a-token-of-more-than-22-characters'
const within = { timeout: 20_000, interval: 50 }
/** Nothing but webhooks brings a change from the shop within a test. */
const NO_SCANS = { schedule: '0 0 1 1 *', deep: '0 0 1 1 *', sweep: 'never', compare_within: 'never' }

let api: Api
let receiver: Receiver
let folder: string
let daemon: Daemon | null = null
let database: pg.Client
let mark: string
let port: number

function mapping(name: string, external: object, more: object): object {
  return {
    mapping: name,
    odoo: {
      connection: 'erp',
      model: 'res.partner',
      domain: [['function', '=', `${mark}-${name}`]],
      key: 'ref',
      defaults: { function: `${mark}-${name}` },
    },
    external: { ...external, key: 'code' },
    fields: ['name', 'phone'].map((field) => ({ odoo: field, external: field })),
    deletes: { from_odoo: 'ignore', from_external: 'archive' },
    ...more,
  }
}

beforeEach(async () => {
  mark = `h${Date.now()}`
  port = await freePort()
  api = await startApi({ paging: 'none' })
  receiver = await startReceiver(SECRET)
  folder = mkdtempSync(join(tmpdir(), 'tandem-real-webhooks-'))
  const { odooUrl, odooDatabase, odooApiKey, postgresUrl } = realEnvironment()
  database = new pg.Client({ connectionString: postgresUrl })
  await database.connect()
  await database.query(`CREATE SCHEMA ${mark}`)
  await database.query(`CREATE TABLE ${mark}.people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, name text, phone text)`)
  const items = {
    fields: { id: { type: 'text', read_only: true }, code: 'text', name: 'text', phone: 'text' },
    list: { path: '/items', items: 'data.items' },
    read: { path: '/items/{id}', item: 'item' },
    changes: { field: 'updated_at', filters: [{ since: '{since}' }], resolution: '1ms' },
  }
  const config = {
    connections: {
      erp: { type: 'odoo', url: odooUrl, database: odooDatabase, api_key: odooApiKey },
      shop: {
        type: 'rest',
        url: api.url,
        collections: { items },
        webhooks: {
          scheme: 'standard',
          secrets: [SECRET],
          events: [
            { topic: 'item.deleted', collection: 'items', is: 'removed', id: 'data.id' },
            { topic: 'item.*', collection: 'items', record: 'data' },
          ],
        },
      },
      people: {
        type: 'postgres',
        url: postgresUrl,
        webhooks: { scheme: 'token', secrets: [TOKEN], events: [{ collection: `${mark}.people`, id: 'rows' }] },
      },
      partner: { type: 'webhook', url: receiver.url, secrets: [SECRET], format: 'cloudevents' },
    },
    server: { listen: port },
  }
  const mappings = {
    items: mapping('items', { connection: 'shop', collection: 'items' }, { ...NO_SCANS, direction: 'to-odoo' }),
    people: mapping(
      'people',
      { connection: 'people', collection: { table: `${mark}.people`, capture: 'none' } },
      { ...NO_SCANS, direction: 'to-odoo' },
    ),
    told: mapping(
      'told',
      { connection: 'partner', collection: 'contacts' },
      { direction: 'from-odoo', schedule: 'every 500ms', deletes: { from_odoo: 'ignore', from_external: 'ignore' } },
    ),
  }
  mkdirSync(join(folder, 'mappings'))
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config))
  for (const [name, each] of Object.entries(mappings)) {
    writeFileSync(join(folder, 'mappings', `${name}.yaml`), JSON.stringify(each))
  }
})

afterEach(async () => {
  await daemon?.kill()
  await database.query(`DROP SCHEMA ${mark} CASCADE`)
  await database.end()
  await api.close()
  await receiver.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Partner {
  readonly id: number
  readonly name: string
  readonly phone: string | false
  readonly active: boolean
}

const partners = (name: string): Promise<readonly Partner[]> =>
  asPerson('res.partner', 'search_read', {
    domain: [
      ['function', '=', `${mark}-${name}`],
      ['active', 'in', [true, false]],
    ],
    fields: ['name', 'phone', 'active'],
    order: 'id',
  })

async function start(): Promise<void> {
  const started = startDaemon(join(folder, 'config.yaml'))
  daemon = started
  await started.said('info listening')
  const running = (): unknown =>
    /^error.*$/m.exec(started.output())?.[0] ?? started.output().split('info running').length
  await expect.poll(running, within).toBe(4)
}

async function tellShop(type: string, record: unknown, id = `${mark}-${performance.now()}`): Promise<number> {
  const body = JSON.stringify({ type, data: record })
  const now = new Date()
  const answer = await fetch(`http://127.0.0.1:${port}/hooks/shop`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(SECRET).sign(id, now, body),
    },
  })
  return answer.status
}

describe.skipIf(!hasOdooDatabaseAccess)('webhooks and a real Odoo', () => {
  it('bring a shop’s creates, edits and deletes into partners', async () => {
    await start()
    const id = api.insert({ code: `${mark}-A`, name: 'Ann', phone: '1' })
    const first = api.items.get(id)
    expect(await tellShop('item.created', first)).toBe(204)
    await expect.poll(() => partners('items'), within).toMatchObject([{ name: 'Ann', phone: '1', active: true }])
    api.edit(id, { phone: '2' })
    expect(await tellShop('item.updated', api.items.get(id))).toBe(204)
    await expect.poll(() => partners('items'), within).toMatchObject([{ phone: '2' }])
    // Late, and older: read back, and nothing changes.
    expect(await tellShop('item.updated', first)).toBe(204)
    api.remove(id)
    expect(await tellShop('item.deleted', { id: Number(id) })).toBe(204)
    await expect.poll(() => partners('items'), within).toMatchObject([{ phone: '2', active: false }])
  })

  it('may name rows of a table', async () => {
    await start()
    const { rows } = await database.query(
      `INSERT INTO ${mark}.people (code, name, phone) VALUES ($1, 'Bo', '7'), ($2, 'Cy', '8') RETURNING id`,
      [`${mark}-B`, `${mark}-C`],
    )
    const answer = await fetch(`http://127.0.0.1:${port}/hooks/people/${TOKEN}`, {
      method: 'POST',
      body: JSON.stringify({ rows: rows.map(({ id }: { id: string }) => Number(id)) }),
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(204)
    await expect.poll(() => partners('people'), within).toMatchObject([{ name: 'Bo', phone: '7' }, { name: 'Cy' }])
  })

  it('tell a receiver of what people do in Odoo', async () => {
    await start()
    const values = { name: 'Dee', ref: `${mark}-D`, phone: '1', function: `${mark}-told` }
    const [id] = await asPerson<readonly number[]>('res.partner', 'create', { vals_list: [values] })
    await expect.poll(() => receiver.received.length, within).toBe(1)
    await asPerson('res.partner', 'write', { ids: [id], vals: { phone: '2' } })
    await expect.poll(() => receiver.received.length, within).toBe(2)
    expect(receiver.received.map(({ body }) => body)).toMatchObject([
      { specversion: '1.0', type: 'contacts.created', data: { key: `${mark}-D`, fields: { name: 'Dee', phone: '1' } } },
      { type: 'contacts.updated', subject: `${mark}-D`, data: { id: `${mark}-D`, fields: { phone: '2' } } },
    ])
    expect(receiver.forged).toEqual([])
  })
})
