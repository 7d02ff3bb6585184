import { describe, expect, it } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import type { NewArrival } from '../../src/ledger/arrival.ts'
import { hookPath, pushTarget } from '../../src/server/hook-address.ts'
import { createWebApp } from '../../src/server/web-app.ts'

const SETTINGS = {
  publicUrl: 'https://sync.example',
  hookSecrets: ['new-secret-of-some-length', 'old-secret-of-length'],
}
const tokenOf = (mapping: string, side: 'odoo' | 'external', secret?: string) =>
  pushTarget(secret ? { ...SETTINGS, hookSecrets: [secret] } : SETTINGS, mapping, side)?.token ?? ''
const PATH = hookPath('customers', 'odoo', tokenOf('customers', 'odoo'))
const JSON_TYPE = { 'content-type': 'application/json' }

function open(receive: (arrivals: readonly NewArrival[]) => Promise<void> = async () => {}) {
  const received: NewArrival[] = []
  const defects: string[] = []
  const app = createWebApp({
    settings: SETTINGS,
    parserOf: (mapping, side) => {
      if (mapping !== 'customers' || side !== 'odoo') return null
      return ({ body, event }) => {
        if (body === 'defect') throw new TypeError('a defect')
        if (typeof body !== 'object' || body === null || !('id' in body)) throw new SyncError('invalid', 'no id')
        const id = String(body.id)
        return [event === 'gone' ? { kind: 'gone', id, atMs: null } : { kind: 'hint', id, version: null }]
      }
    },
    inbox: {
      async receive(arrivals) {
        await receive(arrivals)
        received.push(...arrivals)
      },
    },
    ledger: { mappings: async () => [] },
    onDefect: (message) => defects.push(message),
  })
  const post = (path: string, body: string, headers: Readonly<Record<string, string>> = JSON_TYPE) =>
    app.request(path, { method: 'POST', body, headers })
  return { app, received, defects, post }
}

describe('an address that is told of changes', () => {
  it('answers 204 once it is stored', async () => {
    const { post, received } = open()
    expect((await post(PATH, '{"id":7}')).status).toBe(204)
    expect((await post(`${PATH}?event=gone`, '{"id":8}')).status).toBe(204)
    expect(received).toEqual([
      { mapping: 'customers', side: 'odoo', change: { kind: 'hint', id: '7', version: null } },
      { mapping: 'customers', side: 'odoo', change: { kind: 'gone', id: '8', atMs: null } },
    ])
  })

  it('is known by its secret, the one before included', async () => {
    const { post, received } = open()
    const old = hookPath('customers', 'odoo', tokenOf('customers', 'odoo', 'old-secret-of-length'))
    expect((await post(old, '{"id":7}')).status).toBe(204)
    const wrong = [
      hookPath('customers', 'odoo', ''),
      hookPath('customers', 'odoo', 'guess'),
      hookPath('customers', 'odoo', 'x'.repeat(43)),
      hookPath('customers', 'odoo', tokenOf('customers', 'odoo', 'another-secret-of-length')),
      hookPath('customers', 'odoo', tokenOf('customers', 'external')),
      hookPath('customers', 'external', tokenOf('customers', 'odoo')),
      hookPath('orders', 'odoo', tokenOf('orders', 'odoo')),
      hookPath('customers', 'nowhere', tokenOf('customers', 'odoo')),
      `${PATH}/more`,
      '/hooks/customers',
    ]
    for (const path of wrong) {
      const answer = await post(path, '{"id":7}')
      expect([path, answer.status, await answer.json()]).toEqual([
        path,
        404,
        { error: { code: 'not_found', message: 'There is nothing here.' } },
      ])
    }
    expect(received).toHaveLength(1)
  })

  it.each([
    ['another type', '{"id":7}', { 'content-type': 'text/plain' }, 415],
    ['no type', '{"id":7}', {}, 415],
    ['what is not JSON', '{"id":', JSON_TYPE, 400],
    ['an empty body', '', JSON_TYPE, 400],
    ['a prototype', '{"__proto__":{"id":1}}', JSON_TYPE, 400],
    ['a thousand levels', `${'['.repeat(1000)}${']'.repeat(1000)}`, JSON_TYPE, 400],
    ['what the system does not send', '{"name":7}', JSON_TYPE, 422],
    ['a large body', `{"id":"${'x'.repeat(300_000)}"}`, JSON_TYPE, 413],
  ])('refuses %s', async (_, body, headers, status) => {
    const { post, received } = open()
    expect((await post(PATH, body, headers)).status).toBe(status)
    expect(received).toEqual([])
  })

  it('takes POST alone', async () => {
    const { app } = open()
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await app.request(PATH, { method })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    }
  })

  it.each([
    [new SyncError('rate_limited', 'too much', { retryAfterMs: 1500 }), 429, '2', 'too much'],
    [new SyncError('unavailable', 'too much', { retryAfterMs: 1000 }), 503, '1', 'too much'],
    [new SyncError('ledger', 'the ledger /var/lib/x cannot grow'), 503, '5', 'This cannot be stored at the moment.'],
  ])('says when to come again: %s', async (error, status, retryAfter, message) => {
    const { post } = open(() => Promise.reject(error))
    const answer = await post(PATH, '{"id":7}')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter])
    expect(await answer.json()).toEqual({ error: { code: error.code, message } })
  })

  it('says nothing of a defect to a stranger, and all of it to us', async () => {
    const { post, defects } = open()
    const answer = await post(PATH, '"defect"')
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('a defect')
    expect(defects).toEqual([expect.stringContaining('a defect')])
    expect(defects[0]).not.toContain(tokenOf('customers', 'odoo'))
  })
})

describe('/healthz', () => {
  it('is 200, for GET alone', async () => {
    const { app } = open()
    expect(await (await app.request('/healthz')).json()).toEqual({ status: 'ok' })
    expect((await app.request('/healthz', { method: 'POST' })).status).toBe(405)
  })
})
