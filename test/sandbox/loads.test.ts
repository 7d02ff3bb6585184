import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import { asSyncError } from '../../src/contract/error.ts'
import { createConnectionGuard } from '../../src/engine/connection-guard.ts'
import { guardConnector } from '../../src/engine/guarded-connector.ts'
import { type SandboxOdoo, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'

let odoo: SandboxOdoo
beforeEach(async () => {
  odoo = await startSandboxOdoo()
})
afterEach(() => odoo.close())

const { signal } = new AbortController()

/** A connection whose calls may take a second. */
function impatient() {
  const settings = {
    type: 'odoo',
    url: odoo.url,
    database: odoo.database,
    api_key: odoo.apiKey,
    timeouts: { total: '1s' },
  }
  const guard = createConnectionGuard({
    connection: 'erp',
    monotonicMs: () => performance.now(),
    nowMs: () => Date.now(),
    recognise: async () => {},
    glance: async () => true,
    onCondition: () => {},
  })
  return guardConnector(createOdooConnector(settings, 'erp'), guard)
}

describe('an Odoo that is too slow for large calls', () => {
  test('gives smaller pages after a time-out, and takes smaller batches after one that is in doubt', async () => {
    odoo.as('admin').create(
      'res.partner',
      Array.from({ length: 64 }, (_, index) => ({ name: `P${index}`, ref: `R${index}` })),
    )
    await using connector = impatient()
    const spec = { model: 'res.partner', domain: [['ref', '!=', false]] }
    const collection = connector.collection({ spec, fields: ['name', 'ref'], consumer: 't', key: 'ref' })
    const { feed, sink } = collection
    if (!feed || !sink) throw new Error('no feed')
    const page = () => feed.read({ cursor: null, limit: 40, depth: 'deep', nowMs: 0 }, signal)
    expect((await page()).changes).toHaveLength(40)
    odoo.faults.add({ kind: 'latency', model: 'res.partner', method: 'search_read', delayMs: 20_000, times: 1 })
    expect(await page().catch((error: unknown) => asSyncError(error).code)).toBe('timeout')
    expect((await page()).changes).toHaveLength(20)

    const before = collection.capabilities.maxBatch
    const creates = Array.from({ length: 30 }, (_, index) => ({
      kind: 'create' as const,
      fields: { name: `N${index}`, ref: `N${index}` },
    }))
    odoo.faults.add({ kind: 'slow_body', model: 'res.partner', method: 'create', delayMs: 20_000, times: 1 })
    const error = await sink.apply(creates, signal).then(() => null, asSyncError)
    expect(error).toMatchObject({ code: 'timeout', inDoubt: true })
    expect([before, collection.capabilities.maxBatch]).toEqual([500, 15])
    // The answer was lost, the work was done: which is why it is looked up before anything is sent again.
    const request = { field: 'ref', values: ['N0', 'N29'], fold: { case: false, space: false } }
    expect(await sink.find(request, signal)).toHaveLength(2)
  })
})
