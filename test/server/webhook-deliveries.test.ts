import { describe, expect, it } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { hmac, LISTENERS, NOW_S, openWebhooks, toldByVersion } from './webhook-bench.ts'

const SECRET = 'a-secret-for-tests'
const DAY_MS = 24 * 60 * 60_000
const HMAC = { header: 'x-sign' }
const sign = (body: string, id?: string): Record<string, string> => ({
  'x-sign': hmac('sha256', SECRET, body, 'hex'),
  ...(id === undefined ? {} : { 'x-id': id }),
})
const HINTS = { scheme: 'hmac', hmac: HMAC, secrets: [SECRET], events: [{ collection: 'customers', id: 'id' }] }
const NAMED = { ...HINTS, event_id: '{header.x-id}' }
const RECORDS = { ...HINTS, events: [{ collection: 'customers', record: 'data' }] }
const TELLING = LISTENERS.map((listener) => ({ ...listener, told: toldByVersion }))

/** As a run does it: looked at, and taken out. */
async function work({ ledger }: Awaited<ReturnType<typeof openWebhooks>>): Promise<void> {
  for (const mapping of ['customers', 'contacts', 'orders']) {
    const arrivals = await ledger.arrivals(mapping, Number.MAX_SAFE_INTEGER, 1000)
    const heard = arrivals.map(({ change, seq }) => ({
      id: change.kind === 'state' ? change.state.id : change.id,
      seq,
    }))
    await ledger.stage(mapping, { side: 'external', changes: [], touched: [], unchanged: 0, heard, nowMs: 0 })
  }
}

describe('an event', () => {
  it('reaches every mapping whose collection it concerns, and no other', async () => {
    const { post, told } = await openWebhooks(HINTS)
    expect(await post('{"id":7}', sign('{"id":7}'))).toBe(204)
    expect([await told('customers'), await told('contacts'), await told('orders')]).toEqual([
      ['hint 7'],
      ['hint 7'],
      [],
    ])
  })

  it('is known by its id for a week, whatever it holds then', async () => {
    const bench = await openWebhooks(NAMED)
    const { post, told, passMs, ledger } = bench
    expect(await post('{"id":7}', sign('{"id":7}', 'e1'))).toBe(204)
    await work(bench)
    passMs(7 * DAY_MS)
    await ledger.prune({ historyBeforeMs: 0, requestsBeforeMs: 0, eventsBeforeMs: NOW_S * 1000 - DAY_MS })
    expect(await post('{"id":7}', sign('{"id":7}', 'e1'))).toBe(204)
    expect(await post('{"id":8}', sign('{"id":8}', 'e1'))).toBe(204)
    expect(await told()).toEqual([])
    expect(await post('{"id":7}', sign('{"id":7}', 'e2'))).toBe(204)
    expect([await told(), await told('contacts')]).toEqual([['hint 7'], ['hint 7']])
    await work(bench)
    await ledger.prune({ historyBeforeMs: 0, requestsBeforeMs: 0, eventsBeforeMs: NOW_S * 1000 + 1 })
    expect(await post('{"id":7}', sign('{"id":7}', 'e1'))).toBe(204)
    expect(await told()).toEqual(['hint 7'])
  })

  it('without an id: "look at 7" may be said again, an equal record with its version not', async () => {
    const hints = await openWebhooks(HINTS)
    await hints.post('{"id":7}', sign('{"id":7}'))
    await work(hints)
    await hints.post('{"id":7}', sign('{"id":7}'))
    expect(await hints.told()).toEqual(['hint 7'])

    const records = await openWebhooks(RECORDS, TELLING)
    const body = '{"data":{"id":7,"v":3,"name":"Ada"}}'
    await records.post(body, sign(body))
    expect(await records.told()).toEqual(['7 at 3'])
    await work(records)
    expect(await records.post(body, sign(body))).toBe(204)
    expect(await records.told()).toEqual([])
  })

  it('is one event in a storm of itself', async () => {
    const { post, told } = await openWebhooks({ ...RECORDS, event_id: '{header.x-id}' }, TELLING)
    const body = '{"data":{"id":7,"v":3}}'
    const statuses = await Promise.all(Array.from({ length: 300 }, () => post(body, sign(body, 'e1'))))
    expect(new Set(statuses)).toEqual(new Set([204]))
    expect([await told(), await told('contacts')]).toEqual([['7 at 3'], ['7 at 3']])
  })

  it('may be told out of order: the newest version stays', async () => {
    const { post, told } = await openWebhooks(RECORDS, TELLING)
    for (const v of [4, 9, 10, 3]) {
      const body = `{"data":{"id":7,"v":${v}}}`
      await post(body, sign(body))
    }
    expect(await told()).toEqual(['7 at 10'])
    const undecided = '{"data":{"id":7,"v":10,"name":"other"}}'
    await post(undecided, sign(undecided))
    expect(await told()).toEqual(['hint 7'])
  })

  it('may be about several records', async () => {
    const { post, told } = await openWebhooks(
      { ...HINTS, events: [{ collection: 'customers', record: 'rows' }] },
      TELLING,
    )
    const body = '{"rows":[{"id":1,"v":1},{"id":2,"v":1}]}'
    await post(body, sign(body))
    expect(await told()).toEqual(['1 at 1', '2 at 1'])
    const crowd = JSON.stringify({ rows: Array.from({ length: 1001 }, (_, id) => ({ id, v: 1 })) })
    expect(await post(crowd, sign(crowd))).toBe(422)
  })

  it('is not stored at all where a part of it cannot be', async () => {
    const { post, told } = await openWebhooks({ ...NAMED, events: [{ collection: 'customers', id: 'ids' }] })
    for (const body of [
      '{"ids":[1,null]}',
      '{"ids":[1,{"a":1}]}',
      '{"ids":[1,""]}',
      '{"other":1}',
      '[]',
      '7',
      'null',
    ]) {
      expect([body, await post(body, sign(body, 'e1'))]).toEqual([body, 422])
    }
    expect(await told()).toEqual([])
    expect(await post('{"ids":[1]}', sign('{"ids":[1]}', 'e1'))).toBe(204)
    expect(await told()).toEqual(['hint 1'])
  })
})

describe('what a stranger may send', () => {
  it.each([
    ['another type', '{"id":7}', { 'content-type': 'text/plain' }, 415],
    ['a form', 'id=7', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['another charset', '{"id":7}', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['what is packed', '{"id":7}', { 'content-encoding': 'gzip' }, 415],
    ['what is not JSON', '{"id":', {}, 400],
    ['an empty body', '', {}, 400],
    ['a prototype', '{"__proto__":{"id":7},"id":7}', {}, 400],
    ['a thousand levels', `${'['.repeat(1000)}${']'.repeat(1000)}`, {}, 400],
    ['a path into what every object has', '{"constructor":1}', {}, 422],
  ])('refuses %s, signed or not', async (_, body, headers, status) => {
    const events = [{ collection: 'customers', id: status === 422 ? 'constructor.name' : 'id' }]
    const { post, told, failures } = await openWebhooks({ ...HINTS, events })
    expect(await post(body, headers)).toBe(401)
    expect(await post(body, { ...sign(body), ...headers })).toBe(status)
    expect([await told(), failures]).toEqual([[], []])
  })

  it('refuses what is not UTF-8, and takes UTF-8 under its name', async () => {
    const { post } = await openWebhooks(HINTS)
    const latin = Buffer.from('{"id":"\xe9"}', 'latin1')
    expect(await post(new Uint8Array(latin), { 'x-sign': hmac('sha256', SECRET, latin, 'hex') })).toBe(400)
    const utf8 = Buffer.from('{"id":"é"}')
    const type = { 'content-type': 'application/vnd.shop+json; charset="UTF-8"' }
    expect(await post(new Uint8Array(utf8), { 'x-sign': hmac('sha256', SECRET, utf8, 'hex'), ...type })).toBe(204)
  })

  it('stops reading a body that has no end', async () => {
    const { post, told } = await openWebhooks(HINTS)
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(0x20))
      },
    })
    expect(await post(endless, sign(''))).toBe(413)
    expect(sent).toBeLessThan(3_000_000)
    expect(await post(`{"id":"${'x'.repeat(1_100_000)}"}`)).toBe(413)
    expect(await told()).toEqual([])
  })

  it('says when to come again where it cannot be stored', async () => {
    const bench = await openWebhooks(NAMED)
    const { receive } = bench.ledger
    Object.assign(bench.ledger, { receive: () => Promise.reject(new SyncError('ledger', 'the disk is full')) })
    const init = {
      method: 'POST',
      body: '{"id":7}',
      headers: { 'content-type': 'application/json', ...sign('{"id":7}', 'e1') },
    }
    const refused = await bench.app.request('/hooks/shop', init)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.text()).not.toContain('disk')
    Object.assign(bench.ledger, { receive })
    expect((await bench.app.request('/hooks/shop', init)).status).toBe(204)
    expect(await bench.told()).toEqual(['hint 7'])
  })

  it('does not find what is not there', async () => {
    const { post, app } = await openWebhooks(HINTS)
    expect(await post('{"id":7}', sign('{"id":7}'), '/hooks/other')).toBe(404)
    expect(await post('{"id":7}', sign('{"id":7}'), '/hooks/shop/more')).toBe(404)
    expect((await app.request('/hooks/shop')).status).toBe(405)
  })
})
