import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Receiver, startReceiver } from '../connectors/webhook-receiver.ts'
import { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const LONG = { timeout: 30_000 }

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

interface Bench extends AsyncDisposable {
  readonly receiver: Receiver
  create(name: string): Promise<number>
  start(options?: DaemonOptions): Promise<Daemon>
  /** What the receiver holds, having dropped what it knows by its id and trusted everything else. */
  held(): ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-target-'))
  const mark = `t-${randomUUID().slice(0, 8)}`
  const receiver = await startReceiver(SECRET)
  const { url, database, apiKey } = standIn
  const config = {
    connections: {
      erp: { type: 'odoo', url, database, api_key: apiKey },
      partner: { type: 'webhook', url: receiver.url, secrets: [SECRET] },
    },
    server: { listen: 'off' },
    limits: { in_doubt: '500ms' },
  }
  const mapping = {
    mapping: 'customers',
    odoo: { connection: 'erp', model: 'res.partner', domain: [['function', '=', mark]], key: 'ref' },
    external: { connection: 'partner', collection: 'customers', key: 'code' },
    fields: [{ odoo: 'name', external: 'name' }, 'phone', { odoo: 'active', external: 'active' }],
    direction: 'from-odoo',
    deletes: { from_odoo: 'delete', from_external: 'ignore' },
    schedule: 'every 200ms',
    deep: 'every 1s',
    sweep: 'every 1s',
  }
  mkdirSync(join(folder, 'mappings'))
  const configFile = join(folder, 'config.yaml')
  writeFileSync(configFile, JSON.stringify(config))
  writeFileSync(join(folder, 'mappings', 'customers.yaml'), JSON.stringify(mapping))
  const daemons: Daemon[] = []
  return {
    receiver,
    create: (name) => standIn.create({ name, ref: `${mark}-${name}`, function: mark, phone: '1' }),
    async start(options) {
      const daemon = startDaemon(configFile, options)
      daemons.push(daemon)
      return daemon
    },
    held() {
      const records = new Map<string, Record<string, unknown>>()
      const known = new Set<string>()
      for (const { id, type, body } of receiver.received) {
        if (known.has(id)) continue
        known.add(id)
        const data = body.data as { key?: string; id?: string; fields?: Record<string, unknown> }
        const name = String(data.key ?? data.id).replace(`${mark}-`, '')
        if (type === 'customers.removed') records.delete(name)
        else records.set(name, { ...records.get(name), ...data.fields })
      }
      return records
    },
    async [Symbol.asyncDispose]() {
      for (const daemon of daemons) if (daemon.isRunning()) await daemon.kill()
      await receiver.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const phones = (bench: Bench) => [...bench.held()].map(([name, { phone }]) => [name, phone])

describe('a receiver of webhooks', () => {
  it('is told of each change once, in order, and of deletes; then it is quiet', async () => {
    await using bench = await openBench()
    const daemon = await bench.start()
    const id = await bench.create('A')
    await expect.poll(() => phones(bench), LONG).toEqual([['A', '1']])
    for (const phone of ['2', '3']) {
      await standIn.write(id, { phone })
      await expect.poll(() => phones(bench), LONG).toEqual([['A', phone]])
    }
    // An empty listing deletes nothing: this one stays.
    await bench.create('B')
    await expect.poll(() => bench.held().size, LONG).toBe(2)
    await standIn.unlink(id)
    await expect.poll(() => phones(bench), LONG).toEqual([['B', '1']])
    expect(bench.receiver.received.map(({ type }) => type.split('.')[1])).toEqual([
      'created',
      'updated',
      'updated',
      'created',
      'removed',
    ])
    expect(daemon.isRunning()).toBe(true)
    expect(bench.receiver.forged).toEqual([])
  })

  it('gets it again under the same id where the answer is lost, or the daemon died', async () => {
    await using bench = await openBench()
    const { receiver } = bench
    let lost = 0
    receiver.answer = (response) => {
      if (lost++ > 0) return false
      response.destroy()
      return true
    }
    await (await bench.start()).said('running')
    const id = await bench.create('A')
    await expect.poll(() => receiver.received.length, LONG).toBe(2)
    expect(new Set(receiver.received.map((message) => message.id)).size).toBe(1)

    lost = 0
    await standIn.write(id, { phone: '2' })
    await expect.poll(() => receiver.received.length, LONG).toBe(4)
    expect(receiver.received[2]?.id).toBe(receiver.received[3]?.id)
    expect(phones(bench)).toEqual([['A', '2']])
  })

  it.each(['intended', 'applied', 'settled'])('survives a death at %s', async (crashAt) => {
    await using bench = await openBench()
    const { receiver } = bench
    const dying = await bench.start({ crashAt: `${crashAt}:2` })
    await dying.said('running')
    const id = await bench.create('A')
    await expect.poll(() => phones(bench), LONG).toEqual([['A', '1']])
    await standIn.write(id, { phone: '2' })
    expect((await dying.ended).signal).toBe('SIGKILL')
    await bench.start()
    await expect.poll(() => phones(bench), LONG).toEqual([['A', '2']])
    await standIn.write(id, { phone: '3' })
    await expect.poll(() => phones(bench), LONG).toEqual([['A', '3']])
    const updates = receiver.received.filter(({ type }) => type === 'customers.updated')
    expect(new Set(updates.map((message) => message.id)).size).toBe(2)
  })

  it('is left alone for as long as it asks', async () => {
    await using bench = await openBench()
    const { receiver } = bench
    const times: number[] = []
    receiver.answer = (response) => {
      times.push(performance.now())
      if (times.length > 1) return false
      response.writeHead(503, { 'retry-after': '2' }).end()
      return true
    }
    await (await bench.start()).said('running')
    await bench.create('A')
    await expect.poll(() => times.length, LONG).toBe(2)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1900)
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1)
  })
})
