/**
 * The shop and its senders, a process of their own: `rate` events a second whatever the answers do (an open loop), each signed and of
 * 1 KB, each sent again with the same id until it is acknowledged. Latency counts from the moment at which a request was
 * due, so that a sender who had to wait for its turn counts too.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { standardSignature } from '../../src/http/signature.ts'
import { startShop } from './shop.ts'

export interface LoadOrder {
  readonly url: string
  readonly path: string
  readonly secret: string
  readonly perSecond: number
  readonly seconds: number
  /** Before them, at a fifth of the rate: neither process is a fresh one in real life. */
  readonly warmUpSeconds: number
  readonly records: number
}

export interface LoadReport {
  /** By event id: the record and the version that it told of. */
  readonly acknowledged: readonly (readonly [event: string, record: number, version: number])[]
  /** Milliseconds from when a request was due until its 204, with when it was due; the warm-up is before 0. */
  readonly latencies: readonly (readonly [dueMs: number, ms: number])[]
  /** Attempts by status; 0: no answer. */
  readonly statuses: Readonly<Record<string, number>>
  readonly unacknowledged: number
}

/** As many as it takes: senders do not wait for each other. */
const CONNECTIONS = 1000
const BODY_BYTES = 1024
const RESEND_MS = 250
const GIVE_UP_MS = 20_000

const shop = await startShop(Number(process.argv[2]))
process.send?.(shop.url)
process.once('message', (order: LoadOrder) => {
  void send(order).then((report) => process.send?.(report))
})

async function send({ url, path, secret, perSecond, seconds, warmUpSeconds, records }: LoadOrder): Promise<LoadReport> {
  const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 })
  const acknowledged: [string, number, number][] = []
  const latencies: [number, number][] = []
  const statuses: Record<string, number> = {}
  let unacknowledged = 0
  const startMs = performance.now() + warmUpSeconds * 1000
  const beganMs = Date.now()

  const attempt = async (event: string, body: string, dueMs: number): Promise<boolean> => {
    const at = Math.floor(Date.now() / 1000)
    const headers = {
      'content-type': 'application/json',
      'webhook-id': event,
      'webhook-timestamp': String(at),
      'webhook-signature': standardSignature(secret, event, at, body),
    }
    let status = 0
    try {
      const answer = await pool.request({ path, method: 'POST', headers, body, headersTimeout: 10_000 })
      status = answer.statusCode
      await answer.body.dump()
    } catch {
      // Nobody listens, or the daemon died before it answered.
    }
    statuses[status] = (statuses[status] ?? 0) + 1
    if (status === 204) latencies.push([dueMs, performance.now() - startMs - dueMs])
    return status === 204
  }

  const tell = async (index: number, firstDueMs: number): Promise<void> => {
    const record = index % records
    const version = beganMs + index
    shop.edit(record, version)
    const body = bodyOf(record, version)
    const event = randomUUID()
    for (let dueMs = firstDueMs; dueMs < firstDueMs + GIVE_UP_MS; dueMs = performance.now() - startMs) {
      if (await attempt(event, body, dueMs)) {
        acknowledged.push([event, record, version])
        return
      }
      await sleep(RESEND_MS)
    }
    unacknowledged += 1
  }

  const told: Promise<void>[] = []
  const warming = (perSecond / 5) * warmUpSeconds
  for (let index = 0; index < warming + perSecond * seconds; index++) {
    const dueMs = index < warming ? ((index - warming) * 5000) / perSecond : ((index - warming) * 1000) / perSecond
    const earlyMs = dueMs - (performance.now() - startMs)
    if (earlyMs > 1) await sleep(earlyMs)
    told.push(tell(index, dueMs))
  }
  await Promise.all(told)
  await pool.close()
  return { acknowledged, latencies, statuses, unacknowledged }
}

/** A record with its new phone number, filled up to 1 KB as a shop's other fields would. */
function bodyOf(record: number, version: number): string {
  const data = {
    id: record,
    code: `W-${record}`,
    name: `Customer ${record}`,
    phone: String(version),
    updated_at: new Date(version).toISOString(),
    note: '',
  }
  const event = { type: 'customer.updated', data }
  data.note = 'x'.repeat(BODY_BYTES - JSON.stringify(event).length)
  return JSON.stringify(event)
}
