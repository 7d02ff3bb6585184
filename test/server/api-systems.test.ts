import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSetup, systemClock } from '../../src/app.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { apiCalls } from '../../src/server/api/api-routes.ts'
import { failure } from '../../src/server/api/schemas/common.ts'
import type { ServerSite } from '../../src/server/site.ts'
import { createAllStudies } from '../../src/server/studies.ts'
import { createWebApp } from '../../src/server/web-app.ts'
import { openWorkspace, type Workspace } from '../cli/workspace.ts'
import { createSandboxClock } from '../sandbox/clock.ts'

let space: Workspace
let ledger: Ledger
let woken: string[]
let defects: string[]

beforeEach(async () => {
  space = await openWorkspace()
  space.addPartners({ ref: 'C-1', name: 'Ada' })
  expect((await space.tandem('sync')).code).toBe(0)
  ledger = await openSqliteLedger({ file: join(space.folder, 'data/tandem.db'), program: 'test' })
  woken = []
  defects = []
})
afterEach(async () => {
  await ledger[Symbol.asyncDispose]()
  await space[Symbol.asyncDispose]()
})

/** A call to a server that has just read the configuration. An answer that is not described does not pass. */
async function call(method: string, path: string, body?: unknown) {
  const onDefect = (message: string): void => void defects.push(message)
  const site: ServerSite = {
    ...readSetup(join(space.folder, 'config.yaml'), {}),
    ...{ ledger, clock: systemClock, startedAtMs: 0, contextOf: () => null, onDefect },
    wake: (mappings) => void woken.push(...mappings),
    signal: new AbortController().signal,
  }
  const app = createWebApp({
    ...{
      site,
      ledger,
      settings: site.config.server,
      parserOf: () => null,
      inbox: { receive: async () => {} },
      onDefect,
    },
  })
  const init = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await app.request(`http://127.0.0.1${path}`, { method, ...init })
  const data = (await answer.json()) as Record<string, unknown>
  const asked = path.split('?')[0] ?? ''
  const route = apiCalls(createAllStudies(site)).find(
    (each) =>
      each.method === method.toLowerCase() && new RegExp(`^${each.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked),
  )
  expect((answer.status === 200 ? route?.answer : failure)?.parse(data)).toEqual(data)
  expect(JSON.stringify(data)).not.toContain(space.odoo.apiKey)
  return { status: answer.status, data }
}

describe('over the API', () => {
  it('a check tells of every connection and mapping what the command tells', async () => {
    space.writeMapping({ '- email': '- { odoo: emial, external: email }' })
    const { status, data } = await call('POST', '/api/check')
    expect(status).toBe(200)
    const findings = data.findings as { subject: string; severity: string; message: string }[]
    expect(findings.filter(({ severity }) => severity === 'ok').map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['erp', 'shop']),
    )
    expect(findings.find(({ severity }) => severity === 'error')).toMatchObject({
      subject: 'customers',
      message: expect.stringMatching(/customers\.yaml:9:\d+: .*emial/),
    })
    const command = JSON.parse((await space.tandem('check', '--json')).stdout)
    expect(data).toEqual(command)
  })

  it('a check tells of a system that does not answer, and of the others', async () => {
    space.writeConfig({ url: 'http://127.0.0.1:9' })
    const { status, data } = await call('POST', '/api/check', {})
    expect(status).toBe(200)
    const findings = data.findings as { subject: string; severity: string }[]
    expect(findings).toContainEqual(expect.objectContaining({ subject: 'erp', severity: 'error' }))
    expect(findings).toContainEqual(expect.objectContaining({ subject: 'shop', severity: 'ok' }))
  })

  it('a collection is probed', async () => {
    const { data } = await call('GET', '/api/connections/shop/probe?collection=customers')
    expect(data).toMatchObject({
      name: 'customers',
      fields: expect.arrayContaining([expect.objectContaining({ name: 'full_name', isRequired: true })]),
    })
    expect(data).toEqual(JSON.parse((await space.tandem('probe', 'shop', 'customers', '--json')).stdout))
    const odoo = await call('GET', '/api/connections/erp/probe?collection=res.partner')
    expect(odoo.status).toBe(200)
    expect((await call('GET', '/api/connections/shop/probe?collection=nothing')).data).toMatchObject({
      error: { code: 'schema' },
    })
    expect((await call('GET', '/api/connections/shpo/probe?collection=customers')).data).toMatchObject({
      error: { code: 'config', message: expect.stringContaining('did you mean "shop"') },
    })
    expect((await call('GET', '/api/connections/shop/probe')).status).toBe(422)
  })

  it('a database that is not recognised is looked at and accepted', async () => {
    expect((await call('GET', '/api/connections/erp/database')).data).toMatchObject({
      recognised: true,
      accepted: null,
    })
    await using other = await openWorkspace(createSandboxClock(2000))
    other.addPartners({ ref: 'C-2', name: 'Bo' })
    space.writeConfig({ url: other.odoo.url, database: other.odoo.database, apiKey: other.odoo.apiKey })
    expect((await space.tandem('sync')).code).toBe(2)

    const look = await call('GET', '/api/connections/erp/database')
    expect(look.data).toMatchObject({ recognised: false, suspicion: 'another', accepted: null })
    expect(look.data.findings).not.toEqual([])
    expect((await call('POST', '/api/connections/erp/accept', { as: 'restored' })).data).toMatchObject({
      error: { message: expect.stringContaining('partner, restored or policy') },
    })
    expect((await ledger.state('customers')).pause).toMatchObject({ code: 'identity' })

    const accepted = await call('POST', '/api/connections/erp/accept', { as: 'other' })
    expect(accepted).toMatchObject({ status: 200, data: { accepted: 'other', mappings: ['customers'] } })
    expect((await ledger.state('customers')).pause).toBeNull()
    expect(woken).toEqual(['customers'])
    expect((await space.tandem('sync')).code).toBe(0)
    expect(space.shop.prepare('select code from customers order by code').pluck().all()).toContain('C-2')
  })

  it('a verdict is refused without a body, and for a connection that is not there', async () => {
    expect((await call('POST', '/api/connections/erp/accept')).status).toBe(422)
    expect((await call('POST', '/api/connections/erp/accept', { as: 'mine' })).status).toBe(422)
    expect((await call('POST', '/api/connections/nobody/accept', { as: 'same' })).status).toBe(404)
    expect((await call('GET', '/api/connections/nobody/database')).status).toBe(404)
  })

  it('hooks say what is missing where they cannot be made', async () => {
    // The stand-in has no automation rules; test/real/odoo-hooks.test.ts does the same with the real Odoo's.
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/install'],
      ['POST', '/remove'],
    ] as const) {
      const { status, data } = await call(method, `/api/mappings/customers/hooks${path}`)
      expect([path, status, data]).toMatchObject([path, 404, { error: { code: 'config' } }])
      expect(JSON.stringify(data)).toMatch(/hook_secret|base_automation/)
    }
    expect(await call('POST', '/api/mappings/customers/hooks/install', { side: 'external' })).toMatchObject({
      data: { error: { code: 'config', message: expect.stringContaining('shop (external of customers)') } },
    })
    expect((await call('POST', '/api/mappings/nobody/hooks/install', {})).status).toBe(404)
    expect((await call('POST', '/api/mappings/customers/hooks/destroy', {})).status).toBe(404)
  })
})

describe('a backup over the API', () => {
  const folder = () => readdirSync(join(space.folder, 'data'))

  async function download() {
    const setup = readSetup(join(space.folder, 'config.yaml'), {})
    const onDefect = (message: string): void => void defects.push(message)
    const site: ServerSite = {
      ...{ ...setup, ledger, clock: systemClock, startedAtMs: 0, contextOf: () => null, onDefect, wake: () => {} },
      signal: new AbortController().signal,
    }
    const app = createWebApp({
      ...{
        site,
        ledger,
        settings: setup.config.server,
        parserOf: () => null,
        inbox: { receive: async () => {} },
        onDefect,
      },
    })
    return app.request('http://127.0.0.1/api/backup')
  }

  it('is a whole ledger that can be restored, and leaves nothing behind', async () => {
    const before = folder()
    const answer = await download()
    expect(answer.headers.get('content-type')).toBe('application/vnd.sqlite3')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="tandem-\d{4}-\d\d-\d\d\.db"$/)
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect(String(bytes.length)).toBe(answer.headers.get('content-length'))
    const file = join(space.folder, 'copy.db')
    writeFileSync(file, bytes)
    const db = new Database(file, { readonly: true })
    expect(db.prepare('select count(*) from link').pluck().get()).toBe(1)
    db.close()
    await expect.poll(folder).toEqual(before)
    await ledger[Symbol.asyncDispose]()
    expect((await space.tandem('restore', file)).stderr).toBe('')
    ledger = await openSqliteLedger({ file: join(space.folder, 'data/tandem.db'), program: 'test' })
    expect(await ledger.countLinks('customers')).toBe(1)
  })

  it('leaves nothing behind where nobody takes it to the end', async () => {
    const before = folder()
    await (await download()).body?.cancel()
    await expect.poll(folder).toEqual(before)
  })
})
