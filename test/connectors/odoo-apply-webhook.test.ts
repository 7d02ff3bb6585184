import { describe, expect, it } from 'vitest'
import { applyThroughWebhook, type WebhookOperation } from '../../src/connectors/odoo/hooks/apply-webhook.ts'
import { webhookAddress } from '../../src/connectors/odoo/hooks/webhook-address.ts'
import type { OdooModel } from '../../src/connectors/odoo/model.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Fields, Value } from '../../src/contract/value.ts'

const create: WebhookOperation = { kind: 'create', vals: { ref: 'A', name: 'Ann' }, key: 'A' }
const update: WebhookOperation = { kind: 'update', id: '7', vals: { name: 'Ann' } }
const remove: WebhookOperation = { kind: 'remove', id: '7' }
const { signal } = new AbortController()

/** Partners as the stand-in for Odoo has them when they are read back, and what its webhook answers in turn. */
function office(rows: readonly Fields[], answers: readonly (number | SyncError)[]) {
  const left = [...answers]
  const posted: Fields[] = []
  const found = rows.map((row) => ({ write_date: '2026-01-01 00:00:00', write_uid: 5, ...row }))
  const model = {
    name: 'res.partner',
    spec: { model: 'res.partner', domain: [] },
    fieldNames: ['ref', 'name'],
    context: { lang: 'en_US' },
    searchContext: {},
    connection: {
      clock: { nowMs: () => null, observe: () => {} },
      capabilities: { searchReadTakesLoad: async () => true },
      call: async (_model: string, method: string): Promise<Value> => (method === 'search_read' ? found : []),
    },
    shape: async () => ({
      fields: new Map([['ref', { type: 'char' }]]),
      beyond: [],
      reader: {
        names: ['ref', 'name'],
        decoders: [(value: Value) => value, (value: Value) => value],
        ownUserId: 5,
        dependents: [],
        lines: new Map(),
      },
      lines: new Map(),
      readNames: ['ref', 'name'],
      contentNames: [],
    }),
    forgetShape() {},
  } as unknown as OdooModel
  const address = webhookAddress({
    mapping: 'customers',
    configured: 'https://odoo.example/web/hook/secret',
    odoo: model.connection,
    url: 'https://odoo.example',
    mark: 'mark',
  })
  const http = {
    async post(_url: string, body: Fields) {
      posted.push(body)
      const answer = left.shift() ?? 200
      if (answer instanceof SyncError) throw answer
      return { status: answer, headers: {}, text: '', body: undefined }
    },
    close: async () => {},
  }
  const apply = (...operations: readonly WebhookOperation[]) =>
    applyThroughWebhook({ model, keyField: 'ref', address, http }, operations, signal)
  return { apply, posted }
}

const ANN = { id: 7, ref: 'A', name: 'Ann' }

describe('a change that is sent to a webhook', () => {
  it.each([
    ['a create that is there', create, 200, [ANN], { kind: 'done', isOurs: true, record: { id: '7' } }],
    ['a create that is nowhere', create, 200, [], { kind: 'rejected', error: { code: 'unsupported' } }],
    ['a create that failed and is there', create, 500, [ANN], { kind: 'exists' }],
    ['a create that failed', create, 500, [], { kind: 'rejected', error: { code: 'server' } }],
    ['an update', update, 200, [ANN], { kind: 'done', isOurs: true, record: { id: '7' } }],
    ['an update that failed', update, 500, [ANN], { kind: 'rejected', error: { code: 'server' } }],
    ['an update of nothing', update, 500, [], { kind: 'gone' }],
    ['a delete', remove, 200, [], { kind: 'done', record: null }],
    ['a delete that did nothing', remove, 200, [ANN], { kind: 'rejected', error: { code: 'unsupported' } }],
    ['a delete that failed', remove, 500, [ANN], { kind: 'rejected', error: { code: 'server' } }],
    ['a delete that failed and is done', remove, 500, [], { kind: 'done', record: null }],
  ])('%s', async (_, operation, status, rows, outcome) => {
    expect(await office(rows, [status]).apply(operation)).toMatchObject([outcome])
  })

  it('written by somebody else since is not taken for ours', async () => {
    const [outcome] = await office([{ ...ANN, write_uid: 9 }], [200]).apply(update)
    expect(outcome).toMatchObject({ kind: 'done', isOurs: false })
  })

  it('carries the key of a create, the id of the rest, and the context', async () => {
    const { apply, posted } = office([ANN], [])
    await apply(create)
    await apply(update)
    const common = { _model: 'res.partner', context: { lang: 'en_US' } }
    expect(posted).toEqual([
      { ...common, _event: 'create', _key: 'A', values: { ref: 'A', name: 'Ann' } },
      { ...common, _event: 'update', _key: null, _id: 7, values: { name: 'Ann' } },
    ])
  })

  it.each([
    [502, 'server', true],
    [504, 'server', true],
    [503, 'unavailable', true],
    [429, 'rate_limited', false],
    [403, 'config', false],
    [404, 'config', false],
  ])('answered with HTTP %s', async (status, code, inDoubt) => {
    await expect(office([], [status]).apply(create)).rejects.toMatchObject({ code, inDoubt })
  })

  it('says nothing of the address when Odoo does not know it', async () => {
    const error: unknown = await office([], [404])
      .apply(create)
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SyncError)
    expect((error as SyncError).advice).not.toContain('secret/')
    expect((error as SyncError).advice).not.toContain('/web/hook/secret')
  })

  it('leaves the whole batch in doubt once one of it was taken', async () => {
    const second: WebhookOperation = { ...create, key: 'B' }
    await expect(office([], [200, 429]).apply(create, second)).rejects.toMatchObject({ inDoubt: true })
    const lost = new SyncError('timeout', 'late', { inDoubt: true })
    await expect(office([], [lost]).apply(create)).rejects.toMatchObject({ code: 'timeout', inDoubt: true })
  })
})
