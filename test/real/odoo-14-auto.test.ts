import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ODOO_SERIES } from '../../scripts/real/odoo-install.ts'
import { createCapabilities } from '../../src/connectors/odoo/capabilities.ts'
import { odooSettings } from '../../src/connectors/odoo/settings.ts'
import { openTransport } from '../../src/connectors/odoo/transport/open-transport.ts'
import type { Fields } from '../../src/contract/value.ts'
import { type Doorkeeper, openDoorkeeper } from './doorkeeper.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'

const signal = new AbortController().signal

describe.each(ODOO_SERIES)('Odoo %s', (series) => {
  describe.skipIf(!hasRealOdoo(series))('as it is found', () => cases(series))
})

function cases(series: (typeof ODOO_SERIES)[number]): void {
  const odoo = realOdoo(series)
  let keeper: Doorkeeper
  beforeAll(async () => {
    keeper = await openDoorkeeper(odoo.url)
  })
  afterAll(() => keeper[Symbol.asyncDispose]())
  beforeEach(() => {
    keeper.shut = []
    keeper.asked.length = 0
  })

  const open = (more: Fields) => {
    const { database } = odoo
    return openTransport(odooSettings.parse({ type: 'odoo', url: keeper.url, database, ...more }))
  }
  const key = { user: odoo.login, api_key: odoo.apiKey }
  const both = { ...key, password: odoo.password }

  test.each([
    ['a key', { api_key: odoo.apiKey }, [], series === '19' ? '/json/2/' : null],
    ['a user and his key', key, [], series === '19' ? '/json/2/' : '/jsonrpc'],
    ['a user and his password', { user: odoo.login, password: odoo.password }, [], '/jsonrpc'],
    ['JSON-2 shut', key, ['/json/2'], '/jsonrpc'],
    ['JSON-RPC shut, too', key, ['/json/2', '/jsonrpc'], '/xmlrpc/2/'],
    ['only the web open', both, ['/json/2', '/jsonrpc', '/xmlrpc'], '/web/dataset/call_kw'],
    ['only the web open, and no password', key, ['/json/2', '/jsonrpc', '/xmlrpc'], null],
  ])('with %s, auto takes the best that is left', async (_what, credentials, shut, path) => {
    keeper.shut = shut
    const transport = open(credentials)
    const call = { model: 'res.partner', method: 'search_count', args: { domain: [] }, changesData: false }
    if (path === null) {
      await expect(transport.call(call, signal)).rejects.toMatchObject({ code: 'config' })
    } else {
      expect(await transport.call(call, signal)).toBeGreaterThan(0)
      keeper.asked.length = 0
      await transport.call(call, signal)
      expect(keeper.asked).toHaveLength(1)
      expect(keeper.asked[0]?.startsWith(path), keeper.asked[0]).toBe(true)
    }
    await transport.close()
  })

  test.each(PROTOCOLS_OF[series])('what it can do is found over %s', async (protocol) => {
    const transport = open({ ...both, protocol })
    const capabilities = createCapabilities((model, method, args) =>
      transport.call({ model, method, args, changesData: false }, signal),
    )
    const isNew = series === '19'
    expect(await capabilities.canSaveMulti(signal)).toBe(isNew)
    expect(await capabilities.searchReadTakesLoad(signal)).toBe(isNew)
    expect(await capabilities.webhooks(signal)).toEqual({ incoming: isNew, outgoing: isNew })
    expect(await capabilities.mayAccess('res.partner', 'write', signal)).toBe(true)
    expect(await capabilities.mayAccess('res.currency', 'write', signal)).toBe(false)
    const userId = await transport.userId(signal)
    expect(await capabilities.isInGroup(userId, 'base.group_user', signal)).toBe(true)
    expect(await capabilities.isInGroup(userId, 'base.group_system', signal)).toBe(false)
    expect((await transport.serverInfo(signal)).version).toBe(`${series}.0`)
    await transport.close()
  })

  test('a web session that ends is opened again, once for all who wait', async () => {
    const transport = open({ ...both, protocol: 'session' })
    const call = { model: 'res.partner', method: 'search_count', args: { domain: [] }, changesData: false }
    await transport.call(call, signal)
    // What a log-out does to everybody who has the cookie.
    await fetch(`${odoo.url}/web/session/destroy`, {
      method: 'POST',
      headers: { cookie: keeper.cookie ?? '', 'content-type': 'application/json' },
      body: '{}',
    })
    keeper.asked.length = 0
    const answers = await Promise.all(Array.from({ length: 6 }, () => transport.call(call, signal)))
    expect(new Set(answers).size).toBe(1)
    expect(keeper.asked.filter((path) => path === '/web/session/authenticate')).toHaveLength(1)
    await transport.close()
  })
}
