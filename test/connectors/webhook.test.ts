import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWebhookConnector } from '../../src/connectors/webhook/index.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Operation, Outcome } from '../../src/contract/sink.ts'
import { describeConnector } from '../../src/testing/connector-suite.ts'
import { type Receiver, startReceiver } from './webhook-receiver.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const signal = new AbortController().signal

let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver(SECRET)
})
afterEach(() => receiver.close())

function open(more: object = {}, request: object = {}) {
  const settings = { type: 'webhook', url: receiver.url, secrets: [SECRET], ...more }
  const connector = createWebhookConnector(settings, 'partner')
  const collection = connector.collection({
    spec: { collection: 'customers' },
    fields: ['code', 'name'],
    consumer: 'customers',
    key: 'code',
    ...request,
  })
  const apply = (...operations: Operation[]): Promise<readonly Outcome[]> =>
    collection.sink?.apply(operations, signal) ?? Promise.resolve([])
  return { connector, collection, apply }
}

const create = (code: string, name = 'odoo 7 1'): Operation => ({ kind: 'create', fields: { code, name: 'Ann' }, name })
const update: Operation = { kind: 'update', id: 'A', fields: { name: 'Bo' }, expected: null, name: 'odoo 7 2' }

describe('a target of type webhook', () => {
  it('is told of creates, updates and removes, signed', async () => {
    const { apply } = open({ secrets: [OTHER, SECRET], headers: { 'X-Tenant': 't1' } })
    expect(await apply(create('A'))).toMatchObject([{ kind: 'done', record: { id: 'A', fields: { name: 'Ann' } } }])
    expect(await apply(update)).toMatchObject([{ kind: 'done', record: { id: 'A' }, isOurs: true }])
    expect(await apply({ kind: 'remove', id: 'A', name: 'odoo 7 3' })).toMatchObject([{ kind: 'done', record: null }])
    expect(receiver.received.map(({ body }) => body)).toMatchObject([
      { type: 'customers.created', data: { key: 'A', fields: { code: 'A', name: 'Ann' } } },
      { type: 'customers.updated', data: { id: 'A', fields: { name: 'Bo' } } },
      { type: 'customers.removed', data: { id: 'A' } },
    ])
    expect(receiver.received[0]?.headers['x-tenant']).toBe('t1')
    expect(receiver.forged).toEqual([])
  })

  it('gives a message that is sent again its id again, and no other', async () => {
    const [first, second] = [open(), open()]
    await first.apply(create('A'))
    await second.apply(create('A'))
    await first.apply(create('A', 'odoo 7 9'))
    await first.apply(create('B'))
    const ids = receiver.received.map(({ id }) => id)
    expect(ids[0]).toBe(ids[1])
    expect(new Set(ids).size).toBe(3)
  })

  it('speaks CloudEvents 1.0', async () => {
    const { apply } = open({ format: 'cloudevents', source: 'https://sync.example' })
    await apply(create('A'))
    const [message] = receiver.received
    expect(message?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8')
    expect(message?.body).toEqual({
      specversion: '1.0',
      id: message?.id,
      source: 'https://sync.example',
      type: 'customers.created',
      subject: 'A',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      datacontenttype: 'application/json',
      data: { key: 'A', fields: { code: 'A', name: 'Ann' } },
    })
  })

  it('takes the id from the answer where it is configured, and needs it then', async () => {
    const { apply } = open({ collections: { customers: { path: '/customers', id: 'data.id' } } })
    receiver.answer = (response) => {
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"data":{"id":42}}')
      return true
    }
    expect(await apply(create('A'))).toMatchObject([{ kind: 'done', record: { id: '42' } }])
    receiver.answer = null
    expect(await apply(create('B'))).toMatchObject([{ kind: 'rejected', error: { code: 'unexpected' } }])
  })

  it.each([
    [400, {}, 'invalid', null],
    [401, {}, 'unauthorized', null],
    [403, {}, 'forbidden', null],
    [404, {}, 'config', null],
    [410, {}, 'config', null],
    [413, {}, 'too_large', null],
    [302, { location: 'http://127.0.0.1:1/' }, 'config', null],
    [429, { 'retry-after': '7' }, 'rate_limited', 7000],
    [503, { 'retry-after': '3' }, 'unavailable', 3000],
    [500, {}, 'server', null],
  ])('a %i is told as what it is, and is never in doubt', async (status, headers, code, retryAfterMs) => {
    const { apply } = open()
    receiver.answer = (response) => {
      response.writeHead(status, headers).end('no')
      return true
    }
    const [outcome] = await apply(update)
    const error = outcome?.kind === 'rejected' ? outcome.error : null
    expect([error?.code, error?.retryAfterMs, error?.inDoubt]).toEqual([code, retryAfterMs, false])
  })

  it('is in doubt where the answer is lost, and not where nobody listens', async () => {
    const { apply } = open()
    receiver.answer = (response) => {
      response.destroy()
      return true
    }
    expect(await apply(update)).toMatchObject([{ kind: 'rejected', error: { inDoubt: true } }])
    await receiver.close()
    expect(await apply(update)).toMatchObject([{ kind: 'rejected', error: { code: 'network', inDoubt: false } }])
  })

  it('one refused message hurts no other', async () => {
    const { apply } = open()
    receiver.answer = (response, { body }) => {
      const isBad = JSON.stringify(body).includes('"B"')
      if (isBad) response.writeHead(422).end()
      return isBad
    }
    const outcomes = await apply(create('A'), create('B'), create('C'))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'done'])
  })

  it('refuses a record without a key, settings and collections that are not there', async () => {
    const { apply } = open()
    expect(await apply({ kind: 'create', fields: { code: '', name: 'x' } })).toMatchObject([
      { kind: 'rejected', error: { code: 'key' } },
    ])
    expect(receiver.received).toEqual([])
    expect(() => open({ secrets: [] })).toThrow(SyncError)
    expect(() => open({ collections: { orders: {} } })).toThrow(/no collection "customers"/)
    expect(() => open({}, { spec: { table: 'x' } })).toThrow(/does not name a collection/)
  })

  it('check: any answer shows that somebody is there', async () => {
    const { connector } = open()
    expect(await connector.check(signal)).toMatchObject({ server: receiver.url.replace('/take', ''), problems: [] })
    await receiver.close()
    await expect(connector.check(signal)).rejects.toMatchObject({ code: 'network' })
  })
})

/** It takes whatever it is told; nobody can ask what it has. */
const NO_ANSWERS = 'a receiver cannot be asked what it has'

describeConnector(
  'webhook',
  async () => {
    const suited = await startReceiver(SECRET)
    const collections = { customers: { fields: { name: 'text', flag: 'boolean', amount: 'decimal' } } }
    const settings = { type: 'webhook', url: suited.url, secrets: [SECRET], collections }
    const connect = () => createWebhookConnector(settings, 'partner')
    return {
      connector: connect(),
      reconnect: connect,
      request: {
        spec: { collection: 'customers' },
        fields: ['code', 'name', 'flag', 'amount'],
        consumer: 'suite',
        key: 'code',
      },
      missing: { spec: { collection: 'nowhere' }, name: 'nowhere' },
      fields: { key: 'code', text: 'name', boolean: 'flag', decimal: 'amount' },
      // Nobody edits a receiver's records in a way that we could see.
      person: { insert: ({ code }) => String(code), edit: () => {}, remove: () => {} },
      tearDown: () => suited.close(),
    }
  },
  {
    skip: {
      'a missing collection is named, by check and by every call':
        'which collections there are is written in config.yaml',
      'create answers in order with what is stored': NO_ANSWERS,
      'create with a key that is taken answers `exists` and writes nothing': NO_ANSWERS,
      'a create in one batch with its own double makes one record': NO_ANSWERS,
      'update of a record that is missing answers `gone`, and its neighbours are done': NO_ANSWERS,
      'remove of a record that is missing answers `gone`, and its neighbours are done': NO_ANSWERS,
      'null empties a field, and a missing field stays as it is': NO_ANSWERS,
      'a missing field stops reading with `schema`, and is named': 'a receiver takes any field',
    },
  },
)
