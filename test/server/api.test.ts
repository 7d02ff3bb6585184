import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ApiRoute } from '../../src/server/api/api-route.ts'
import { apiCalls } from '../../src/server/api/api-routes.ts'
import { failure } from '../../src/server/api/schemas/common.ts'
import { systemCalls } from '../../src/server/api/system-calls.ts'
import { createAllStudies } from '../../src/server/studies.ts'
import { type Fixture, openFixture } from './fixture.ts'

const FAULT = { code: 'constraint', message: 'full_name must not be empty', hint: null } as const

let fixture: Fixture
let all: readonly ApiRoute[]
let routes: readonly ApiRoute[]

beforeEach(async () => {
  fixture = await openFixture({ mappings: ['customers', 'orders'] })
  // What asks the systems themselves is called in api-systems.test.ts.
  const asking = new Set(systemCalls.map(({ name }) => name))
  all = apiCalls(createAllStudies(fixture.site))
  routes = all.filter(({ name }) => !asking.has(name))
  await fixture.addDeadLetters('customers', [
    { id: '7', fields: { name: 'Ann', email: null }, fault: FAULT },
    { id: 'a/b c', fields: { name: '' }, fault: { ...FAULT, code: 'invalid' } },
  ])
  await fixture.addConflicts('customers', [
    { odooId: '1', externalId: '2', key: 'C-1', conflicts: [{ field: 'email:email', odoo: 'a@x', external: 'b@x' }] },
  ])
  await fixture.addHistory('customers', [
    {
      ...{ atMs: 5, event: 'updated', side: 'external', odooId: '1', externalId: '2', key: 'C-1' },
      detail: { before: { email: 'old@x' }, after: { email: 'base@x' } },
    },
  ])
})
afterEach(() => fixture[Symbol.asyncDispose]())

const call = async (method: string, path: string, body?: unknown) => {
  const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await fixture.app.request(`http://127.0.0.1${path}`, { method, ...init })
  return { status: answer.status, data: (await answer.json()) as Record<string, unknown> }
}

/** One good call of every route, by its name. */
const GOOD: Readonly<Record<string, readonly [path: string, body?: unknown]>> = {
  readStatus: ['/api/status'],
  readMapping: ['/api/mappings/customers'],
  probeMapping: ['/api/mappings/customers/health'],
  readThroughput: ['/api/mappings/customers/throughput?hours=1'],
  listRuns: ['/api/mappings/customers/runs'],
  pauseMapping: ['/api/mappings/customers/pause', { reason: 'stocktaking' }],
  resumeMapping: ['/api/mappings/customers/resume'],
  confirmGuards: ['/api/mappings/customers/guards/confirm', {}],
  readConnection: ['/api/connections/erp'],
  pauseConnection: ['/api/connections/erp/pause', {}],
  resumeConnection: ['/api/connections/erp/resume'],
  listConflicts: ['/api/conflicts?mapping=customers&limit=1'],
  readConflict: ['/api/conflicts/customers/odoo/1'],
  listDeadLetters: ['/api/dead-letters?limit=1'],
  readDeadLetter: ['/api/dead-letters/customers/odoo/a%2Fb%20c'],
  retryDeadLetters: ['/api/dead-letters/customers/retry', { records: null, code: 'constraint' }],
  discardDeadLetters: [
    '/api/dead-letters/customers/discard',
    { records: [{ side: 'odoo', id: 'a/b c' }], reason: 'a test' },
  ],
  traceRecord: ['/api/records/customers?key=C-1'],
  syncMapping: ['/api/mappings/customers/sync', {}],
  resyncMapping: ['/api/mappings/customers/resync', { from: 'odoo', since: '2d' }],
  resolveConflicts: ['/api/conflicts/customers/resolve', { records: [{ side: 'odoo', id: '1' }], take: 'odoo' }],
  editDeadLetter: ['/api/dead-letters/customers/odoo/7/edit', { fields: { name: 'Bo' } }],
  undoEntry: ['/api/records/customers/undo', { entry: 1 }],
  readJob: ['/api/jobs/1'],
  beginDryRun: ['/api/mappings/customers/dry-run', { kind: 'resync', from: 'external' }],
  readDryRun: ['/api/dry-runs/{dryRun}'],
  beginVerification: ['/api/mappings/customers/verify', { strict: true }],
  readVerification: ['/api/verifications/{verification}'],
}

describe('the API', () => {
  it('does what each call says, and answers in the form that is described', async () => {
    expect(Object.keys(GOOD).sort()).toEqual(routes.map(({ name }) => name).sort())
    const begun = { dryRun: '', verification: '' }
    const isLast = (name: string): boolean => /^read(Job|DryRun|Verification)$/.test(name)
    for (const route of [...routes].sort((a, b) => Number(isLast(a.name)) - Number(isLast(b.name)))) {
      const [path = '', body] = GOOD[route.name] ?? []
      const { status, data } = await call(
        route.method.toUpperCase(),
        path.replace(/\{(dryRun|verification)\}/, (_, name: 'dryRun' | 'verification') => begun[name]),
        body,
      )
      const expected = route.name === 'probeMapping' ? 503 : route.status
      expect([route.name, status, data]).toEqual([route.name, expected, data])
      // What is not described would be cut away here.
      expect([route.name, route.answer.parse(data)]).toEqual([route.name, data])
      if (route.name === 'beginDryRun') begun.dryRun = String(data.dryRun)
      if (route.name === 'beginVerification') begun.verification = String(data.verification)
    }
    expect(fixture.defects).toEqual([])
  })

  it('is described by OpenAPI, with every call and nothing that is not there', async () => {
    const { data } = await call('GET', '/api/openapi.json')
    expect(data).toMatchObject({ openapi: '3.1.0', info: { title: 'Tandem' } })
    const paths = data.paths as Record<string, Record<string, { operationId: string; parameters: object[] }>>
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((each) => `${each} ${path}`),
    )
    expect(described.sort()).toEqual([...all.map(({ method, path }) => `${method} ${path}`), 'get /api/backup'].sort())
    const names = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    )
    expect(new Set(names).size).toBe(all.length + 1)
    const schemas = (data.components as { schemas: object }).schemas
    const text = JSON.stringify(data)
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      expect(schemas).toHaveProperty(name)
    expect(text).not.toMatch(/#\/\$defs|"\$schema"/)
    expect(paths['/api/dead-letters']?.get?.parameters).toContainEqual({
      ...{ name: 'limit', in: 'query', required: false },
      schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    })
  })

  it.each([
    ['GET', '/api/nothing', undefined, 404, 'not_found'],
    ['GET', '/api/mappings/nobody', undefined, 404, 'config'],
    ['POST', '/api/mappings/nobody/pause', {}, 404, 'config'],
    ['POST', '/api/mappings/nobody/sync', {}, 404, 'config'],
    ['POST', '/api/mappings/nobody/dry-run', {}, 404, 'config'],
    ['POST', '/api/conflicts/nobody/resolve', { records: null, take: 'odoo' }, 404, 'config'],
    ['GET', '/api/connections/nobody', undefined, 404, 'config'],
    ['GET', '/api/dead-letters?limit=0', undefined, 422, 'invalid'],
    ['GET', '/api/dead-letters?limit=9999', undefined, 422, 'invalid'],
    ['GET', '/api/dead-letters?code=nonsense', undefined, 422, 'invalid'],
    ['GET', '/api/dead-letters?after=nonsense', undefined, 404, 'config'],
    ['GET', '/api/dead-letters/customers/nowhere/7', undefined, 422, 'invalid'],
    ['GET', '/api/dead-letters/customers/odoo/8', undefined, 404, 'config'],
    ['GET', '/api/records/customers', undefined, 404, 'config'],
    ['GET', '/api/jobs/77', undefined, 404, 'config'],
    ['GET', '/api/jobs/x', undefined, 404, 'config'],
    ['GET', '/api/dry-runs/x', undefined, 404, 'config'],
    ['POST', '/api/mappings/customers/pause', { raeson: 'x' }, 422, 'invalid'],
    ['POST', '/api/mappings/customers/pause', [], 422, 'invalid'],
    ['POST', '/api/mappings/customers/resync', { since: 'yesterday' }, 422, 'invalid'],
    ['POST', '/api/mappings/customers/resync', { ids: ['1'], keys: ['C-1'] }, 422, 'invalid'],
    ['POST', '/api/dead-letters/customers/retry', {}, 422, 'invalid'],
    ['POST', '/api/dead-letters/customers/retry', { records: [] }, 422, 'invalid'],
    ['POST', '/api/dead-letters/customers/discard', { records: [{ side: 'odoo', id: '7' }] }, 422, 'invalid'],
    ['DELETE', '/api/mappings/customers', undefined, 405, 'method'],
    ['POST', '/api/backup', {}, 405, 'method'],
    ['GET', '/api/mappings/customers/pause', undefined, 405, 'method'],
  ])('refuses %s %s %j with %i %s', async (method, path, body, status, code) => {
    const answer = await call(method, path, body)
    expect([answer.status, answer.data]).toEqual([status, { error: { ...(answer.data.error as object), code } }])
    expect(failure.parse(answer.data)).toEqual(answer.data)
    expect(fixture.defects).toEqual([])
  })

  it('pages through a list without missing or repeating any', async () => {
    const letters = Array.from({ length: 25 }, (_, index) => ({ id: `n${index}`, fields: {}, fault: FAULT }))
    await fixture.addDeadLetters('orders', letters)
    const seen: string[] = []
    for (let after = ''; ; ) {
      const { data } = await call('GET', `/api/dead-letters?limit=10${after}`)
      const { deadLetters, next } = data as { deadLetters: { id: string }[]; next: string | null }
      seen.push(...deadLetters.map(({ id }) => id))
      if (next === null) break
      after = `&after=${encodeURIComponent(next)}`
    }
    expect(seen).toHaveLength(27)
    expect(new Set(seen)).toEqual(new Set(['7', 'a/b c', ...letters.map(({ id }) => id)]))
  })

  it('tells what a conflict was before, as far as the history knows', async () => {
    const { data } = await call('GET', '/api/conflicts/customers/odoo/1')
    expect(data.base).toEqual({ 'email:email': { external: 'base@x' } })
    // No mapping runs here that could ask.
    expect(data.writers).toEqual({ odoo: null, external: null })
  })

  it('tells no secret of the configuration', async () => {
    for (const [path, body] of Object.values(GOOD)) {
      const method = routes.find(({ name }) => GOOD[name]?.[0] === path)?.method ?? 'get'
      const { data } = await call(method.toUpperCase(), path, body)
      expect(JSON.stringify(data)).not.toMatch(/secret-api-key|hidden-password/)
    }
  })
})
