import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FaultSpec } from '../../src/sandbox/odoo/faults.ts'
import { type SandboxOdoo, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'

const PARTNER = 'res.partner'

let sandbox: SandboxOdoo
beforeEach(async () => {
  sandbox = await startSandboxOdoo()
})
afterEach(async () => {
  await sandbox.close()
})

interface Reply {
  readonly status: number
  readonly text: string
  readonly retryAfter: unknown
}

async function call(method: string, body: object, model = PARTNER): Promise<Reply> {
  const {
    statusCode,
    headers,
    body: answer,
  } = await request(`${sandbox.url}/json/2/${model}/${method}`, {
    method: 'POST',
    headers: { authorization: `bearer ${sandbox.apiKey}` },
    body: JSON.stringify(body),
  })
  return { status: statusCode, text: await answer.text(), retryAfter: headers['retry-after'] }
}

const create = (): Promise<Reply> => call('create', { vals_list: [{ name: 'New', ref: 'new' }] })
const made = (): number[] => sandbox.as('admin').search(PARTNER, [['ref', '=', 'new']])

describe('faults', () => {
  it.each([
    ['rate_limited', 429],
    ['unavailable', 503],
    ['error_json', 500],
    ['error_html', 500],
  ] as const)('%s answers %i without doing the work', async (kind, status) => {
    sandbox.faults.add({ kind, times: 1 })
    expect((await create()).status).toBe(status)
    expect(made()).toEqual([])
    expect((await create()).status).toBe(200)
    expect(made()).toHaveLength(1)
  })

  it('tells how long to wait with 429 and 503', async () => {
    sandbox.faults.add({ kind: 'rate_limited', retryAfterS: 7, times: 1 })
    sandbox.faults.add({ kind: 'unavailable', retryAfterS: 8, times: 1 })
    expect((await create()).retryAfter).toBe('7')
    expect((await create()).retryAfter).toBe('8')
  })

  it('does the work and swallows the answer', async () => {
    sandbox.faults.add({ kind: 'swallowed', times: 1 })
    await expect(create()).rejects.toThrow()
    expect(made()).toHaveLength(1)
  })

  it('drops a request before any work', async () => {
    sandbox.faults.add({ kind: 'dropped', times: 1 })
    await expect(create()).rejects.toThrow()
    expect(made()).toEqual([])
  })

  it('cuts an answer in half after the work', async () => {
    sandbox.faults.add({ kind: 'truncated', times: 1 })
    const { status, text } = await call('search_read', { domain: [], fields: ['name'] })
    expect(status).toBe(200)
    expect(() => JSON.parse(text) as unknown).toThrow()
  })

  it.each(['latency', 'slow_body'] as const)('takes its time with %s', async (kind) => {
    sandbox.faults.add({ kind, delayMs: 200, times: 1 })
    const startedMs = performance.now()
    const { text } = await create()
    expect(performance.now() - startedMs).toBeGreaterThan(180)
    expect(JSON.parse(text)).toHaveLength(1)
  })

  it('takes only the model and the method that it names, until it is disarmed', async () => {
    const disarm = sandbox.faults.add({ kind: 'unavailable', model: PARTNER, method: 'create' })
    expect((await call('search', { domain: [] })).status).toBe(200)
    expect((await call('search', { domain: [] }, 'res.country')).status).toBe(200)
    expect((await create()).status).toBe(503)
    disarm()
    expect((await create()).status).toBe(200)
  })

  it('takes the same calls for the same seed, and about the share asked for', async () => {
    const spec: FaultSpec = { kind: 'unavailable', probability: 0.3, seed: 42 }
    const run = async (): Promise<number[]> => {
      sandbox.faults.clear()
      sandbox.faults.add(spec)
      const statuses: number[] = []
      for (let count = 0; count < 100; count++) statuses.push((await call('search', { domain: [], limit: 1 })).status)
      return statuses
    }
    const first = await run()
    expect(await run()).toEqual(first)
    const taken = first.filter((status) => status === 503).length
    expect(taken).toBeGreaterThan(15)
    expect(taken).toBeLessThan(45)
  })

  it('can be armed and cleared from another process', async () => {
    const control = (method: 'POST' | 'DELETE', body?: object): Promise<{ statusCode: number }> =>
      request(`${sandbox.url}/sandbox/faults`, { method, ...(body && { body: JSON.stringify(body) }) })
    expect((await control('POST', { kind: 'unavailable' })).statusCode).toBe(200)
    expect((await create()).status).toBe(503)
    expect((await control('DELETE')).statusCode).toBe(200)
    expect((await create()).status).toBe(200)
    expect((await control('POST', { kind: 'nonsense' })).statusCode).toBe(400)
  })
})

describe('the request log', () => {
  it('counts the calls by model and method, and what was under way at once', async () => {
    sandbox.faults.add({ kind: 'latency', delayMs: 100, times: 3 })
    await Promise.all([create(), create(), call('search', { domain: [] })])
    expect(sandbox.requests.byMethod()).toEqual({ 'res.partner/create': 2, 'res.partner/search': 1 })
    expect(sandbox.requests.count({ method: 'create' })).toBe(2)
    expect(sandbox.requests.count({ model: 'res.country' })).toBe(0)
    expect(sandbox.requests.count()).toBe(3)
    expect(sandbox.requests.mostInFlight).toBe(3)
    sandbox.requests.reset()
    expect(sandbox.requests.count()).toBe(0)
  })
})
