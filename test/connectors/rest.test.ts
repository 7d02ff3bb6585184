import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createRestConnector } from '../../src/connectors/rest/index.ts'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Value } from '../../src/contract/value.ts'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'
import { type Api, type ApiOptions, startApi } from './rest-api.ts'

const signal = new AbortController().signal

const FIELDS = {
  id: { type: 'text', read_only: true },
  code: 'text',
  name: 'text',
  count: 'integer',
  amount: 'decimal',
  flag: 'boolean',
  born: 'date',
  met: 'datetime',
  extra: 'json',
}
const LIST = { path: '/items', items: 'data.items' }
const CALLS = {
  read: { path: '/items/{id}', item: 'item' },
  find: { code: { path: '/items', query: { code: '{values}' }, items: 'data.items' } },
  create: { path: '/items', item: 'item' },
  update: { path: '/items/{id}', item: 'item' },
  remove: { path: '/items/{id}' },
}
const CHANGES = { field: 'updated_at', filters: [{ since: '{since}' }], resolution: '1ms' }
const PAGING: Readonly<Record<ApiOptions['paging'], object>> = {
  none: { by: 'none' },
  page: { by: 'page', size: 'size', limit: 3 },
  offset: { by: 'offset', size: 'size', limit: 3 },
  cursor: { by: 'cursor', next: 'next_cursor', size: 'size', limit: 3 },
  link: { by: 'link', size: 'size', limit: 3 },
  next: { by: 'next', next: 'next', size: 'size', limit: 3 },
  keyset: { by: 'keyset', size: 'size', limit: 3 },
}

function connect(url: string, collection: object, more: object = {}): Connector {
  const settings = {
    type: 'rest',
    url,
    collections: { items: collection, nowhere: { list: { path: '/nowhere', items: 'data.items' } } },
    ...more,
  }
  return createRestConnector(settings, 'shop')
}

/** Where records are deleted while their list is read page by page, others move to a page that was read before. */
const SHIFTS = {
  skip: {
    'list gives what stays exactly once while other records come and go': 'numbered pages shift when a record goes',
  },
}

function setUp(options: ApiOptions, collection: object): () => Promise<ConnectorSetup> {
  return async () => {
    const api = await startApi(options)
    const paging = {
      ...PAGING[options.paging],
      limit: 100,
      ...(options.paging === 'page' ? { pages: 'data.pages' } : {}),
    }
    const definition = { fields: FIELDS, list: { ...LIST, paging }, ...CALLS, ...collection }
    return {
      connector: connect(api.url, definition),
      reconnect: () => connect(api.url, definition),
      request: {
        spec: { collection: 'items' },
        fields: ['code', 'name', 'count', 'amount', 'flag', 'born', 'met', 'extra'],
        consumer: 'suite',
        key: 'code',
      },
      missing: { spec: { collection: 'nowhere' }, name: 'nowhere' },
      fields: {
        key: 'code',
        text: 'name',
        integer: 'count',
        decimal: 'amount',
        boolean: 'flag',
        date: 'born',
        datetime: 'met',
        json: 'extra',
      },
      person: api,
      refused: { count: 13 },
      tearDown: () => api.close(),
    }
  }
}

describeConnector('rest: pages and a change filter', setUp({ paging: 'page' }, { changes: CHANGES }), SHIFTS)
describeConnector('rest: ids, no change filter', setUp({ paging: 'keyset' }, {}), {
  skip: {
    'a quiet system is caught up in one page of usual size, and nothing in it is gone':
      'where the API does not tell how much there is, only an empty page is surely the last',
  },
})
describeConnector(
  'rest: hints, whole seconds, reading several at once',
  setUp(
    { paging: 'next', wholeSeconds: true },
    {
      changes: { ...CHANGES, resolution: '1s', format: 'iso_seconds' },
      partial: true,
    },
  ),
  SHIFTS,
)

/** Reads to the end, and the ids that were told, in order. */
async function drain(collection: Collection, cursor: string | null, limit: number) {
  const changes: Change[] = []
  for (let at = cursor; ; ) {
    const page = await collection.feed?.read({ cursor: at, limit, depth: 'tail', nowMs: 0 }, signal)
    if (page === undefined) throw new Error('no feed')
    changes.push(...page.changes)
    at = page.cursor
    if (page.caughtUp)
      return { ids: changes.map((change) => ('id' in change ? change.id : change.state.id)), cursor: at }
  }
}

function open(connector: Connector, fields: readonly string[] = ['code', 'name']): Collection {
  return connector.collection({ spec: 'items', fields, consumer: 'test', key: 'code' })
}

async function failureOf(work: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(SyncError)
  return error as SyncError
}

describe('paging', () => {
  const kinds = Object.keys(PAGING) as ApiOptions['paging'][]

  it.each(kinds.flatMap((kind) => [1, 2, 3, 5, 100].map((limit) => ({ kind, limit }))))(
    '$kind tells each of 8 records once, $limit at a time',
    async ({ kind, limit }) => {
      await using shop = await openShop({ paging: kind }, { list: { ...LIST, paging: PAGING[kind] }, ...CALLS })
      const ids = Array.from({ length: 8 }, (_, n) => shop.api.insert({ code: `K${n}`, name: 'x' }))
      expect((await drain(open(shop.connector), null, limit)).ids).toEqual(ids)
    },
  )

  it.each(['page', 'offset', 'keyset'] as const)(
    '%s goes on where the API gives shorter pages than asked for',
    async (kind) => {
      const paging = { ...PAGING[kind], limit: 50 }
      await using shop = await openShop({ paging: kind, cap: 4 }, { list: { ...LIST, paging }, ...CALLS })
      const ids = Array.from({ length: 11 }, (_, n) => shop.api.insert({ code: `K${n}` }))
      const { ids: told } = await drain(open(shop.connector), null, 100)
      expect(told).toEqual(ids)
    },
  )

  it('does not follow the API to another server with our credentials', async () => {
    await using shop = await openShop({ paging: 'next' }, { list: { ...LIST, paging: PAGING.next }, ...CALLS })
    shop.api.intercept = (_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ data: { items: [{ id: 1 }] }, next: 'http://127.0.0.1:9/items?start=1' }))
      return true
    }
    const failure = await failureOf(drain(open(shop.connector), null, 10))
    expect(failure.message).toContain('not under')
    expect(shop.api.requests.length).toBeLessThanOrEqual(3)
  })
})

interface Shop extends AsyncDisposable {
  readonly api: Api
  readonly connector: Connector
}

async function openShop(options: ApiOptions, collection: object, more: object = {}): Promise<Shop> {
  const api = await startApi(options)
  const connector = connect(api.url, collection, more)
  return {
    api,
    connector,
    async [Symbol.asyncDispose]() {
      await connector[Symbol.asyncDispose]()
      await api.close()
    },
  }
}

describe('changes', () => {
  it('that only the second filter sees are told', async () => {
    const changes = { ...CHANGES, filters: [{ since: '{since}' }, { created_since: '{since}' }] }
    const collection = { list: { ...LIST, paging: PAGING.page }, ...CALLS, changes }
    await using shop = await openShop({ paging: 'page', nullOnCreate: true }, collection)
    const items = open(shop.connector)
    const { cursor } = await drain(items, null, 10)
    const id = shop.api.insert({ code: 'K1' })
    expect((await drain(items, cursor, 10)).ids).toContain(id)
  })

  it('of records that another list points to are told as hints', async () => {
    const related = [{ path: '/items', items: 'data.items', id: 'parent', changes: CHANGES }]
    const collection = { list: { ...LIST, paging: PAGING.page }, ...CALLS, changes: CHANGES, related }
    await using shop = await openShop({ paging: 'page' }, collection)
    const { cursor } = await drain(open(shop.connector), null, 10)
    shop.api.insert({ code: 'V1', parent: '77' })
    expect((await drain(open(shop.connector), cursor, 10)).ids).toContain('77')
  })

  it('are still all told by an API that ignores the filter, and check says that it does', async () => {
    const collection = { list: { ...LIST, paging: PAGING.page }, ...CALLS, changes: CHANGES }
    await using shop = await openShop({ paging: 'page', ignoresFilter: true }, collection)
    const id = shop.api.insert({ code: 'K1' })
    const items = open(shop.connector)
    const { cursor } = await drain(items, null, 10)
    expect((await drain(items, cursor, 10)).ids).toContain(id)
    const problems = await items.check({ create: true, update: true, remove: true }, signal)
    expect(problems.map(({ message }) => message).join()).toContain('ignore the filter since')
  })
})

describe('writing', () => {
  const collection = { list: { ...LIST, paging: PAGING.page }, ...CALLS, changes: CHANGES }

  it('is refused where someone else wrote after our read, if the API has ETags', async () => {
    await using shop = await openShop({ paging: 'page' }, { ...collection, if_match: true })
    const { sink } = open(shop.connector)
    const id = shop.api.insert({ code: 'K1', name: 'old' })
    await sink?.read([id], signal)
    await new Promise((resolve) => setTimeout(resolve, 5))
    shop.api.edit(id, { name: 'by hand' })
    const update = { kind: 'update', id, fields: { name: 'ours' }, expected: null } as const
    expect((await sink?.apply([update], signal))?.[0]?.kind).toBe('stale')
    expect(shop.api.items.get(id)?.name).toBe('by hand')
    await sink?.read([id], signal)
    expect((await sink?.apply([update], signal))?.[0]?.kind).toBe('done')
  })

  it('carries the same idempotency key when a create is sent again, and another for another record', async () => {
    await using shop = await openShop({ paging: 'page' }, { ...collection, idempotency_header: 'Idempotency-Key' })
    const { sink } = open(shop.connector)
    const keys: unknown[] = []
    shop.api.intercept = (request, response) => {
      keys.push(request.headers['idempotency-key'])
      response.destroy()
      return true
    }
    const create = (code: string) => ({ kind: 'create', fields: { code, name: 'x' } }) as const
    for (const code of ['K1', 'K1', 'K2']) {
      const outcomes = await sink?.apply([create(code)], signal)
      expect(outcomes?.[0]).toMatchObject({ kind: 'rejected', error: { code: 'network', inDoubt: true } })
    }
    expect(keys[0]).toBeTypeOf('string')
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
  })

  it('in a batch is told record by record', async () => {
    const batch = {
      create: { path: '/items/batch', body: { create: '{items}' }, items: 'create', error: 'error' },
    }
    await using shop = await openShop({ paging: 'page' }, { ...collection, batch })
    const { sink } = open(shop.connector)
    const outcomes = await sink?.apply(
      [1, 13, 3].map((count) => ({ kind: 'create', fields: { code: `K${count}`, count } }) as const),
      signal,
    )
    expect(outcomes?.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'done'])
    expect(outcomes?.[1]).toMatchObject({ error: { code: 'invalid' } })
    expect(shop.api.requests.filter((line) => line.startsWith('POST'))).toEqual(['POST /items/batch'])
  })

  it('puts fields with a path into nested objects', async () => {
    const fields = { code: 'text', 'address.city': 'text' }
    await using shop = await openShop({ paging: 'page' }, { ...collection, fields })
    const items = open(shop.connector, ['code', 'address.city'])
    const [outcome] = (await items.sink?.apply(
      [{ kind: 'create', fields: { code: 'K1', 'address.city': 'Bern' } }],
      signal,
    )) ?? [null]
    expect(outcome).toMatchObject({ kind: 'done', record: { fields: { 'address.city': 'Bern' } } })
    expect([...shop.api.items.values()][0]).toMatchObject({ address: { city: 'Bern' } })
  })

  describe('of one element of a list', () => {
    const eur = 'prices.[currency=eur].amount'
    const prices = [
      { currency: 'usd', amount: 3, note: 'kept' },
      { currency: 'eur', amount: 4, note: 'kept', made_at: 'not to be sent' },
    ]
    const fields = { code: 'text', [eur]: 'decimal' }

    it('is read and written by what it is chosen by', async () => {
      await using shop = await openShop({ paging: 'page' }, { ...collection, fields })
      const { sink } = open(shop.connector, ['code', eur])
      const id = shop.api.insert({ code: 'K1', prices })
      expect((await sink?.read([id], signal))?.get(id)?.fields[eur]).toBe(4)
      await sink?.apply([{ kind: 'create', fields: { code: 'K2', [eur]: 5 } }], signal)
      expect([...shop.api.items.values()][1]).toMatchObject({ prices: [{ currency: 'eur', amount: 5 }] })
    })

    it('leaves the others where the API replaces the list', async () => {
      const lists = { prices: ['currency', 'amount', 'note'] }
      await using shop = await openShop({ paging: 'page' }, { ...collection, fields, lists })
      const { sink } = open(shop.connector, ['code', eur])
      const [both = '', none = ''] = [shop.api.insert({ code: 'K1', prices }), shop.api.insert({ code: 'K2' })]
      const update = (id: string) => ({ kind: 'update', id, fields: { [eur]: 5 }, expected: null }) as const
      const outcomes = await sink?.apply([update(both), update(none), update('99')], signal)
      expect(outcomes?.map(({ kind }) => kind)).toEqual(['done', 'done', 'gone'])
      expect(shop.api.items.get(both)?.prices).toEqual([
        { currency: 'usd', amount: 3, note: 'kept' },
        { currency: 'eur', amount: 5, note: 'kept' },
      ])
      expect(shop.api.items.get(none)?.prices).toEqual([{ currency: 'eur', amount: 5 }])
    })
  })

  it('may take a path from the record, and a body from single fields', async () => {
    const update = {
      path: '/items/{record.number}',
      body: { name: '{fields.name}', label: '{fields.label}' },
      item: 'item',
    }
    const fields = { code: 'text', name: 'text', label: 'text' }
    await using shop = await openShop({ paging: 'page' }, { ...collection, fields, update })
    const { sink } = open(shop.connector, ['code', 'name'])
    const id = shop.api.insert({ code: 'K1', name: 'Ann', label: 'stays' })
    shop.api.edit(id, { number: Number(id) })
    const nameless = shop.api.insert({ code: 'K2' })
    const change = (at: string) => ({ kind: 'update', id: at, fields: { name: 'Berta' }, expected: null }) as const
    const outcomes = await sink?.apply([change(id), change(nameless), change('99')], signal)
    expect(outcomes?.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'gone'])
    expect(outcomes?.[1]).toMatchObject({ error: { code: 'invalid' } })
    expect(shop.api.items.get(id)).toMatchObject({ name: 'Berta', label: 'stays' })
    expect(shop.api.items.get(nameless)?.name).toBeUndefined()
  })
})

describe('credentials', () => {
  const collection = { list: { ...LIST, paging: PAGING.page }, ...CALLS }

  it.each([
    ['bearer', { bearer: 's3cret' }, 'Bearer s3cret'],
    ['basic', { basic: { user: 'ann', password: 'pä:ss' } }, `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`],
    ['a header', { header: { name: 'Authorization', value: 'Token x' } }, 'Token x'],
  ])('by %s', async (_, auth, expected) => {
    await using shop = await openShop({ paging: 'page', authorization: () => expected }, collection, { auth })
    expect((await drain(open(shop.connector), null, 10)).ids).toEqual([])
  })

  it('in the query do not show in messages', async () => {
    const auth = { query: { name: 'key', value: 's3cret' } }
    await using shop = await openShop({ paging: 'page', authorization: () => 'never' }, collection, { auth })
    const failure = await failureOf(drain(open(shop.connector), null, 10))
    expect(shop.api.requests[0]).toContain('key=s3cret')
    expect(failure.code).toBe('unauthorized')
    expect(failure.advice).not.toContain('s3cret')
  })

  it('by a login are made once for calls at the same time, and anew when they are refused', async () => {
    let good = 1
    let logins = 0
    const auth = {
      login: { path: '/login', body: { user: 'ann', password: 'x' }, token: 'session.token' },
    }
    await using shop = await openShop({ paging: 'page', authorization: () => `Bearer t${good}` }, collection, { auth })
    shop.api.intercept = (request, response) => {
      if (request.url !== '/login') return false
      logins += 1
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ session: { token: `t${good}` } }))
      return true
    }
    const { sink } = open(shop.connector)
    const ids = Array.from({ length: 5 }, (_, n) => shop.api.insert({ code: `K${n}` }))
    expect((await sink?.read(ids, signal))?.size).toBe(5)
    expect(logins).toBe(1)
    good = 2
    expect((await sink?.read(ids, signal))?.size).toBe(5)
    expect(logins).toBe(2)
  })

  it('of OAuth 2.0 are fetched with the client, and follow a changing refresh token', async () => {
    const forms: string[] = []
    const auth = { oauth2: { token_url: '', client_id: 'tandem', client_secret: 'pass', refresh_token: 'r1' } }
    const api = await startApi({ paging: 'page', authorization: () => `Bearer a${forms.length}` })
    auth.oauth2.token_url = `${api.url}/oauth/token`
    const connector = connect(api.url, collection, { auth })
    api.intercept = (request, response) => {
      if (request.url !== '/oauth/token') return false
      expect(request.headers.authorization).toBe(`Basic ${Buffer.from('tandem:pass').toString('base64')}`)
      void text(request).then((form) => {
        forms.push(form)
        response.setHeader('content-type', 'application/json')
        const n = forms.length
        response.end(JSON.stringify({ access_token: `a${n}`, refresh_token: `r${n + 1}`, expires_in: 0 }))
      })
      return true
    }
    try {
      const items = open(connector)
      await drain(items, null, 10)
      forms.push('another client made a token')
      await drain(items, null, 10)
      expect(forms.filter((form) => form.includes('grant'))).toEqual([
        'grant_type=refresh_token&refresh_token=r1',
        'grant_type=refresh_token&refresh_token=r2',
      ])
    } finally {
      await connector[Symbol.asyncDispose]()
      await api.close()
    }
  })
})

describe('answers', () => {
  const collection = { list: { ...LIST, paging: PAGING.page }, ...CALLS }

  it.each<[number, Value, string, boolean]>([
    [400, { message: 'no' }, 'invalid', false],
    [401, { message: 'no' }, 'unauthorized', false],
    [403, { message: 'no' }, 'forbidden', false],
    [413, null, 'too_large', false],
    [429, null, 'rate_limited', false],
    [500, null, 'server', true],
    [502, null, 'server', true],
    [503, null, 'unavailable', false],
    [504, null, 'timeout', true],
    [302, null, 'config', false],
  ])('%i to a create is %j → %s, in doubt: %s', async (status, body, code, inDoubt) => {
    await using shop = await openShop({ paging: 'page' }, collection)
    shop.api.intercept = (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' })
      response.end(JSON.stringify(body))
      return true
    }
    const outcomes = await open(shop.connector).sink?.apply([{ kind: 'create', fields: { code: 'K1' } }], signal)
    expect(outcomes?.[0]).toMatchObject({ kind: 'rejected', error: { code, inDoubt } })
  })

  it('that hold no list say what they hold instead', async () => {
    await using shop = await openShop({ paging: 'page' }, { ...collection, list: { path: '/items', items: 'rows' } })
    const failure = await failureOf(drain(open(shop.connector), null, 10))
    expect(failure).toMatchObject({ code: 'config' })
    expect(failure.advice).toContain('the answer has data, next_cursor, next')
  })

  it('with a good status that hold errors are failures where the configuration says so', async () => {
    await using shop = await openShop({ paging: 'page' }, collection, { error: 'errors' })
    shop.api.intercept = (_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ data: null, errors: [{ message: 'no such field' }] }))
      return true
    }
    const outcomes = await open(shop.connector).sink?.apply([{ kind: 'create', fields: { code: 'K1' } }], signal)
    const error = { code: 'invalid', message: expect.stringContaining('no such field') as string }
    expect(outcomes?.[0]).toMatchObject({ kind: 'rejected', error })
  })
})
