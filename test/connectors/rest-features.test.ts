import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRestConnector } from '../../src/connectors/rest/index.ts'
import { formatMoment, parseMoment } from '../../src/connectors/rest/moment.ts'
import { createTokenSource } from '../../src/connectors/rest/token.ts'
import type { Collection } from '../../src/contract/connector.ts'
import { type Api, startApi } from './rest-api.ts'

const signal = new AbortController().signal
let api: Api
beforeEach(async () => {
  api = await startApi({ paging: 'none' })
})
afterEach(() => api.close())

function open(collection: object, more: object = {}): Collection {
  const list = { path: '/items', items: 'data.items' }
  const settings = { type: 'rest', url: api.url, collections: { items: { list, ...collection } }, ...more }
  return createRestConnector(settings, 'shop').collection({
    spec: 'items',
    fields: ['code'],
    consumer: 'test',
    key: 'code',
  })
}

async function scan(collection: Collection, cursor: string | null) {
  const told: string[] = []
  for (let at = cursor; ; ) {
    const page = await collection.feed?.read({ cursor: at, limit: 100, depth: 'tail', nowMs: 0 }, signal)
    if (!page) throw new Error('no feed')
    for (const change of page.changes) {
      if (change.kind === 'broken') continue
      told.push(`${change.kind} ${change.kind === 'state' ? change.state.id : change.id}`)
    }
    at = page.cursor
    if (page.caughtUp) return { told, cursor: at }
  }
}

/** Answers one path, in place of the API. */
function answer(path: string, body: (request: IncomingMessage) => unknown): void {
  api.intercept = (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith(path)) return false
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(body(request)))
    return true
  }
}

describe('a list of deleted records', () => {
  it('is told as deletes, by its own id and since its own moment', async () => {
    const changes = { field: 'updated_at', filters: [{ since: '{since}' }] }
    const deleted = {
      path: '/gone',
      items: 'entries',
      id: 'record.number',
      changes: { field: 'at', filters: [{ deleted_after: '{since}' }], format: 'unix_s' },
    }
    const collection = open({ changes, deleted })
    const id = api.insert({ code: 'K1' })
    const asked: string[] = []
    answer('/gone', (request) => {
      asked.push(new URL(request.url ?? '', 'http://api').searchParams.get('deleted_after') ?? '')
      return { entries: [{ record: { number: 77 } }, { record: {} }] }
    })
    const first = await scan(collection, null)
    expect(first.told).toEqual([`state ${id}`])
    // The first reading takes what is there: what was deleted before is nobody's partner.
    expect(asked).toEqual([])
    const second = await scan(collection, first.cursor)
    expect(second.told).toContain('gone 77')
    expect(asked).toEqual([expect.stringMatching(/^\d{10}$/)])
  })
})

describe('the moment of a change filter', () => {
  it.each([
    ['iso', '2026-11-21T08:30:05.250Z'],
    ['iso_seconds', '2026-11-21T08:30:05Z'],
    ['sql', '2026-11-21 08:30:05'],
    ['unix_s', 1795249805],
    ['unix_ms', 1795249805250],
  ] as const)('as %s', (format, written) => {
    const ms = Date.UTC(2026, 10, 21, 8, 30, 5, 250)
    expect(formatMoment(ms, format)).toEqual(written)
  })

  it.each([
    ['2026-11-21T09:30:05+01:00', Date.UTC(2026, 10, 21, 8, 30, 5)],
    ['2026-11-21T08:30:05Z', Date.UTC(2026, 10, 21, 8, 30, 5)],
    [null, null],
    ['', null],
    ['soon', null],
  ])('%s of a record is understood, whatever its zone, or is none', (text, ms) => {
    expect(parseMoment(text)).toBe(ms)
  })

  it('without a zone is in that of the API, and never later than it was meant', () => {
    const zone = 'Europe/Berlin'
    expect(parseMoment('2026-07-21 10:30:00', zone)).toBe(Date.UTC(2026, 6, 21, 8, 30))
    expect(parseMoment('2026-07-21T10:30:00Z', zone)).toBe(Date.UTC(2026, 6, 21, 10, 30))
    expect(formatMoment(Date.UTC(2026, 6, 21, 8, 30), 'sql', zone)).toBe('2026-07-21 10:30:00')
    expect(formatMoment(Date.UTC(2026, 6, 21, 8, 30), 'iso_seconds', zone)).toBe('2026-07-21T08:30:00Z')
    // On 25 October the hour from 2 to 3 comes twice: an API that takes the second would leave out an hour of changes.
    for (let minute = 0; minute < 240; minute += 10) {
      const ms = Date.UTC(2026, 9, 24, 23, minute)
      const text = String(formatMoment(ms, 'sql', zone))
      const second = Date.parse(`${text.replace(' ', 'T')}+01:00`)
      const first = Date.parse(`${text.replace(' ', 'T')}+02:00`)
      const isMeant = ms < Date.UTC(2026, 9, 25, 0) ? first : second
      expect(isMeant, text).toBeLessThanOrEqual(ms)
    }
  })

  it('is asked for in the zone of the API, and the fields have it too', async () => {
    const changes = { field: 'seen', filters: [{ since: '{since}' }], format: 'sql' }
    const fields = { code: 'text', seen: 'datetime' }
    const collection = open({
      changes,
      fields,
      timezone: 'Pacific/Kiritimati',
      list: { path: '/local', items: 'data' },
    })
    const asked: (string | null)[] = []
    answer('/local', (request) => {
      asked.push(new URL(request.url ?? '', 'http://api').searchParams.get('since'))
      return { data: [{ id: 1, code: 'K1', seen: '2026-07-21 22:30:00' }] }
    })
    const { cursor } = await scan(collection, null)
    await scan(collection, cursor)
    // Fourteen hours ahead of UTC, and of the Date header of the answer.
    const ahead = Date.parse(`${String(asked[1]).replace(' ', 'T')}Z`) - Date.now()
    expect(Math.abs(ahead - 14 * 3_600_000)).toBeLessThan(600_000)
  })
})

describe('a token', () => {
  it('is renewed before it ends, once for all who ask', async () => {
    let nowMs = 0
    let fetched = 0
    const source = createTokenSource(
      async () => ({ token: `t${++fetched}`, livesMs: 100_000 }),
      () => nowMs,
    )
    expect(await Promise.all([source.current(signal), source.current(signal)])).toEqual(['t1', 't1'])
    nowMs = 89_999
    expect(await source.current(signal)).toBe('t1')
    nowMs = 90_001
    expect(await Promise.all([source.current(signal), source.current(signal)])).toEqual(['t2', 't2'])
    // A late refusal of the first one does not throw away the second.
    source.refused('t1')
    expect(await source.current(signal)).toBe('t2')
    expect(fetched).toBe(2)
  })

  it('of a token server that failed is asked for again by the next call', async () => {
    let isDown = true
    const source = createTokenSource(
      async () => {
        if (isDown) throw new Error('down')
        return { token: 'good', livesMs: null }
      },
      () => 0,
    )
    await expect(Promise.all([source.current(signal), source.current(signal)])).rejects.toThrow('down')
    isDown = false
    expect(await source.current(signal)).toBe('good')
  })

  it('of OAuth 2.0 by client credentials in the body, with a scope', async () => {
    const forms: string[] = []
    const seen: unknown[] = []
    api.intercept = (request, response) => {
      if (request.url !== '/token') {
        seen.push(request.headers.authorization)
        return false
      }
      void text(request).then((form) => {
        forms.push(form)
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ access_token: 'a1', expires_in: 3600 }))
      })
      return true
    }
    const client = { client_id: 'tan dem', client_secret: 'p&ss', client_in: 'body', scope: 'read write' }
    const collection = open({}, { auth: { oauth2: { token_url: `${api.url}/token`, ...client } } })
    await scan(collection, null)
    await scan(collection, null)
    expect(forms.map((form) => Object.fromEntries(new URLSearchParams(form)))).toEqual([
      { grant_type: 'client_credentials', scope: 'read write', client_id: 'tan dem', client_secret: 'p&ss' },
    ])
    expect(new Set(seen)).toEqual(new Set(['Bearer a1']))
  })
})

describe('pages in no order', () => {
  it('tell every record once, and the next reading begins where this one began, whatever came last', async () => {
    const ids = Array.from({ length: 9 }, (_, n) => api.insert({ code: `K${n}` }))
    const shuffled = [3, 8, 0, 5, 1, 7, 2, 6, 4].map((index) => ids[index] ?? '')
    const asked: (string | null)[] = []
    answer('/items', (request) => {
      const { searchParams } = new URL(request.url ?? '', 'http://api')
      const page = Number(searchParams.get('page'))
      if (page === 1) asked.push(searchParams.get('since'))
      const since = Date.parse(searchParams.get('since') ?? '1970-01-01')
      const changed = shuffled.filter((id) => Date.parse(String(api.items.get(id)?.updated_at)) >= since)
      return { data: { items: changed.slice((page - 1) * 4, page * 4).map((id) => api.items.get(id)) } }
    })
    const beganMs = Date.now()
    const collection = open({
      list: { path: '/items', items: 'data.items', paging: { by: 'page', size: 'limit', limit: 4 } },
      changes: { field: 'updated_at', filters: [{ since: '{since}' }] },
    })
    const first = await scan(collection, null)
    expect(first.told.toSorted()).toEqual(ids.map((id) => `state ${id}`).toSorted())
    await scan(collection, first.cursor)
    expect(Date.parse(asked.at(-1) ?? '')).toBeLessThanOrEqual(beganMs)
  })
})

describe('a status', () => {
  it('means what the configuration says where the API differs from HTTP', async () => {
    api.intercept = (_, response) => response.writeHead(400).end('{"message":"slow down"}') !== null
    const usual = open({}, {}).sink?.read(['1'], signal)
    await expect(usual).rejects.not.toMatchObject({ code: 'rate_limited' })
    const told = open({}, { statuses: { 400: 'rate_limited' } }).sink?.read(['1'], signal)
    await expect(told).rejects.toMatchObject({ code: 'rate_limited', disposition: 'defer' })
  })
})
