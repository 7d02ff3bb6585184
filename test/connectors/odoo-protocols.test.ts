import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import { odooSettings } from '../../src/connectors/odoo/settings.ts'
import { createAuto } from '../../src/connectors/odoo/transport/auto.ts'
import { openTransport } from '../../src/connectors/odoo/transport/open-transport.ts'
import { rpcArguments } from '../../src/connectors/odoo/transport/rpc-arguments.ts'
import { type OdooTransport, PROTOCOLS, type Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { type SandboxOdoo, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'

const signal = new AbortController().signal
const count = { model: 'res.partner', method: 'search_count', args: { domain: [] }, changesData: false } as const

let sandbox: SandboxOdoo
beforeEach(async () => {
  sandbox = await startSandboxOdoo()
})
afterEach(() => sandbox.close())

function open(protocol: Protocol | 'auto', more: Fields = {}) {
  const { url, database, login: user, apiKey: api_key, password } = sandbox
  return openTransport(odooSettings.parse({ type: 'odoo', url, database, protocol, user, api_key, password, ...more }))
}

describe('a web session', () => {
  test('that has ended is renewed once for all calls that meet its end, and none is lost', async () => {
    const session = open('session')
    await session.call(count, signal)
    const logins = countLogins()
    sandbox.endSessions()
    const answers = await Promise.all(Array.from({ length: 8 }, () => session.call(count, signal)))
    expect(new Set(answers).size).toBe(1)
    expect(logins()).toBe(1)
    await session.close()
  })

  test('that cannot be renewed is `unauthorized`', async () => {
    const session = open('session', { password: 'wrong' })
    await expect(session.call(count, signal)).rejects.toMatchObject({ code: 'unauthorized', inDoubt: false })
    await session.close()
  })

  function countLogins(): () => number {
    const before = sandbox.requests.count({ method: 'authenticate' })
    return () => sandbox.requests.count({ method: 'authenticate' }) - before
  }
})

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test.each([
    ['error_html', 'server', true],
    ['unavailable', 'unavailable', false],
    ['rate_limited', 'rate_limited', false],
    ['swallowed', 'network', true],
    ['truncated', 'network', true],
  ] as const)('%s is `%s`, in doubt where something is changed: %j', async (kind, code, inDoubt) => {
    const transport = open(protocol)
    await transport.userId(signal)
    sandbox.faults.add({ kind, model: 'res.partner', times: 2 })
    await expect(transport.call(count, signal)).rejects.toMatchObject({ code, inDoubt: false })
    const args = { ids: [1], vals: { city: 'x' } }
    const write = transport.call({ model: 'res.partner', method: 'write', args, changesData: true }, signal)
    await expect(write).rejects.toMatchObject({ code, inDoubt })
    await transport.close()
  })
})

describe('auto', () => {
  const closed = new SyncError('config', 'not here')
  const transport = (userId: () => Promise<number>): OdooTransport => ({
    userId,
    call: async () => null,
    route: async () => null,
    content: async function* () {
      yield await Promise.reject<Uint8Array>(new Error('not asked here'))
    },
    serverInfo: async () => ({ version: null, clockOffsetMs: null }),
  })
  const asked = (answers: Partial<Record<Protocol, number | Error>>) => {
    const order: string[] = []
    const possible = new Map(
      PROTOCOLS.filter((protocol) => protocol in answers).map((protocol) => [
        protocol,
        transport(() => {
          order.push(protocol)
          const answer = answers[protocol] ?? 0
          return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
        }),
      ]),
    )
    return { order, auto: createAuto(possible) }
  }

  test('takes the first protocol that is there, and asks once', async () => {
    const { order, auto } = asked({ json2: closed, jsonrpc: 7, xmlrpc: 8 })
    await Promise.all([auto.call(count, signal), auto.call(count, signal)])
    await auto.call(count, signal)
    expect(order).toEqual(['json2', 'jsonrpc'])
  })

  test('does not go on to another one with credentials that were refused', async () => {
    const { order, auto } = asked({ json2: new SyncError('unauthorized', 'no'), jsonrpc: 7 })
    await expect(auto.userId(signal)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(order).toEqual(['json2'])
  })

  test('decides nothing while the server cannot be reached', async () => {
    const answers: Partial<Record<Protocol, number | Error>> = { json2: new SyncError('network', 'down'), jsonrpc: 7 }
    const { order, auto } = asked(answers)
    await expect(auto.call(count, signal)).rejects.toMatchObject({ code: 'network' })
    answers.json2 = 5
    expect(await auto.userId(signal)).toBe(5)
    expect(order).toEqual(['json2', 'json2', 'json2'])
  })

  test('says what to add where a key alone is not enough', async () => {
    const { auto } = asked({ json2: closed })
    await expect(auto.userId(signal)).rejects.toMatchObject({ code: 'config', hint: expect.stringContaining('`user`') })
  })
})

describe('the settings', () => {
  const base = { type: 'odoo', url: 'http://localhost:1', database: 'd' }
  test.each<[Fields, string | null]>([
    [{ api_key: 'k' }, null],
    [{ user: 'u', password: 'p' }, null],
    [{ user: 'u', api_key: 'k', protocol: 'xmlrpc' }, null],
    [{ api_key: 'k', protocol: 'json2' }, null],
    [{}, 'api_key'],
    [{ password: 'p' }, 'user'],
    [{ api_key: 'k', protocol: 'jsonrpc' }, 'user'],
    [{ user: 'u', password: 'p', protocol: 'json2' }, 'api_key'],
    [{ user: 'u', api_key: 'k', protocol: 'session' }, 'password'],
  ])('%j: what is missing is %s', (more, missing) => {
    const make = () => createOdooConnector({ ...base, ...more }, 'erp')
    if (missing === null) expect(make).not.toThrow()
    else expect(make).toThrow(new RegExp(`${missing}: is missing`))
  })
})

describe('arguments by name', () => {
  test.each<[string, Fields, Value[], Fields]>([
    ['search', { domain: [], limit: 1 }, [[]], { limit: 1 }],
    ['write', { ids: [1], vals: { a: 1 }, context: {} }, [[1], { a: 1 }], { context: {} }],
    ['create', { vals_list: [{ a: 1 }] }, [[{ a: 1 }]], {}],
    ['web_save_multi', { ids: [], vals_list: [], specification: {} }, [[], [], {}], {}],
    ['web_save_multi', { ids: [], specification: {} }, [[]], { specification: {} }],
    ['action_confirm', { ids: [4] }, [[4]], {}],
    ['fields_get', { attributes: ['type'] }, [], { attributes: ['type'] }],
  ])('%s %j', (method, args, positional, kwargs) => {
    expect(rpcArguments({ model: 'm', method, args, changesData: false })).toEqual({ args: positional, kwargs })
  })
})
