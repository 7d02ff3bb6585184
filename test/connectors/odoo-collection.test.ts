import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createClockFloor } from '../../src/connectors/odoo/clock-floor.ts'
import { createCollection } from '../../src/connectors/odoo/collection.ts'
import { createConnection } from '../../src/connectors/odoo/connection.ts'
import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import { formatWriteDate, parseWriteDate, recordVersion } from '../../src/connectors/odoo/record-version.ts'
import { odooSettings } from '../../src/connectors/odoo/settings.ts'
import { odooError } from '../../src/connectors/odoo/transport/errors.ts'
import type { OdooCall } from '../../src/connectors/odoo/transport/transport.ts'
import { isSameVersion } from '../../src/contract/change.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Operation } from '../../src/contract/sink.ts'
import type { Fields, Value } from '../../src/contract/value.ts'

const signal = new AbortController().signal
const SETTINGS = { type: 'odoo', url: 'http://localhost:1', database: 'd', api_key: 'k' }

/** An Odoo that knows one model, and answers each method as the test says. What it can do is what it has answers for. */
function fakeOdoo(answers: Record<string, (call: OdooCall) => Value>) {
  const calls: OdooCall[] = []
  const field = { type: 'char', store: true, readonly: false, required: false }
  const known: typeof answers = {
    fields_get: () => ({ name: field, write_date: field, write_uid: field, image: { ...field, type: 'binary' } }),
    has_access: () => true,
    search_read: () => [],
    read: () => [],
    ...answers,
  }
  const connection = createConnection(
    'erp',
    {
      async call(call) {
        const answer = known[call.method]
        if (call.model === 'res.users' && answer !== undefined) return true
        calls.push(call)
        if (answer === undefined) throw refusal(404, 'werkzeug.exceptions.NotFound', call)
        return answer(call)
      },
      route: async () => null,
      serverInfo: async () => ({ version: '19.0', clockOffsetMs: 0 }),
      async *content() {
        yield Buffer.from('AAEC', 'base64')
      },
      userId: async () => 5,
    },
    { tracking_disable: true },
    () => 0,
  )
  const open = (fields = ['name'], contents = false) =>
    createCollection(connection, { spec: { model: 'res.partner' }, fields, contents, consumer: 'test' })
  return { open, calls, methods: () => calls.map(({ method }) => method) }
}

function refusal(status: number, name: string, { model, method, changesData }: OdooCall): SyncError {
  return odooError(status, { name, message: 'No.' }, { model, method, changesData, retryAfterMs: null })
}

const row = (id: number, more: Record<string, Value> = {}) => ({
  id,
  name: `n${id}`,
  write_date: '2026-11-21 08:00:00',
  write_uid: 5,
  ...more,
})
const update = (id: string, name: string): Operation => ({ kind: 'update', id, fields: { name }, expected: null })

describe('the fields of a model', () => {
  const stored = { type: 'char', store: true, readonly: true, required: false }
  const computed = { ...stored, depends: ['partner_id.email'] }
  const lines = { ...stored, type: 'one2many', relation: 'account.move.line' }
  const inDraft = { draft: [['readonly', false]] }
  test.each<[what: string, field: Fields, isReadOnly: boolean]>([
    ['is shown as read-only and is stored', stored, false],
    ['is computed', computed, true],
    ['is computed and can be written', { ...computed, readonly: false }, false],
    ['is not stored', { ...stored, store: false }, true],
    ['is shown as read-only to one who may not write the model', { ...computed, states: {} }, false],
    ['can be written in some states', { ...computed, states: inDraft }, false],
    ['has states that make it required', { ...computed, states: { draft: [['required', true]] } }, true],
    ['holds lines with a domain', { ...lines, depends: ['name.is_shown'] }, false],
    ['holds lines that are computed', { ...lines, depends: ['name.is_shown', 'state'] }, true],
  ])('one that %s', async (_what, field, isReadOnly) => {
    const known = { name: field, write_date: stored, write_uid: stored }
    const fake = fakeOdoo({ fields_get: () => known, default_get: () => ({}) })
    const { fields } = await fake.open().describe(signal)
    expect(fields.get('name')?.isReadOnly).toBe(isReadOnly)
  })
})

describe('files', () => {
  const file = { type: 'binary', store: true, readonly: false, required: false, attachment: true }
  const fieldsGet = () => ({
    image: file,
    write_date: { ...file, type: 'datetime' },
    write_uid: { ...file, type: 'many2one' },
  })
  /** What `search_read` answers: of the attachments, and of the model, where it is asked for a full field. */
  const open = (attachments: Value[], full: Value[]) =>
    fakeOdoo({
      fields_get: fieldsGet,
      search_read: ({ model, args }) => {
        if (model === 'ir.attachment') return attachments
        return JSON.stringify(args.domain).includes('image') ? full : [row(1, { image: 'AAEC' })]
      },
    })
  const read = {
    checksum: `sha1:${createHash('sha1').update(Buffer.from('AAEC', 'base64')).digest('hex')}`,
    size: 3,
  }
  const seen = { id: 9, res_id: 1, res_field: 'image', checksum: 'a'.repeat(40), file_size: 3 }

  test.each([
    {
      name: 'their checksum is seen',
      attachments: [seen],
      full: [],
      image: { checksum: `sha1:${seen.checksum}`, size: 3 },
    },
    {
      name: 'it is hidden from our user: then their bytes are read through',
      attachments: [],
      full: [{ id: 1 }],
      image: read,
    },
    { name: 'there are none yet', attachments: [], full: [], image: null },
  ])('where $name', async ({ attachments, full, image }) => {
    const odoo = open(attachments, full)
    const states = await odoo.open(['image'], true).sink?.read(['1'], signal)
    expect(states?.get('1')?.fields).toEqual({ image })
  })

  test('whether checksums are seen is asked again while there is nothing by which to tell', async () => {
    const [attachments, full]: [Value[], Value[]] = [[], []]
    const { sink } = open(attachments, full).open(['image'], true)
    expect((await sink?.read(['1'], signal))?.get('1')?.fields).toEqual({ image: null })
    full.push({ id: 1 })
    expect((await sink?.read(['1'], signal))?.get('1')?.fields).toEqual({ image: read })
  })
})

describe('writing', () => {
  test('one web_save_multi for different values, one write for equal ones', async () => {
    const odoo = fakeOdoo({
      web_save_multi: () => [row(1), row(2)],
      write: () => true,
      search_read: () => [row(1), row(2, { write_uid: 9 })],
    })
    const sink = odoo.open().sink
    const unequal = await sink?.apply([update('1', 'a'), update('2', 'b')], signal)
    expect(unequal).toMatchObject([
      { kind: 'done', isOurs: true },
      { kind: 'done', isOurs: true },
    ])
    const equal = await sink?.apply([update('1', 'a'), update('2', 'a')], signal)
    expect(equal).toMatchObject([
      { kind: 'done', isOurs: true },
      { kind: 'done', isOurs: false },
    ])
    expect(odoo.methods()).toEqual(['fields_get', 'web_save_multi', 'write', 'search_read'])
    expect(odoo.calls[1]?.args.context).toEqual({ tracking_disable: true })
  })

  test('binary fields are not taken from web_save_multi, which reads their sizes', async () => {
    const odoo = fakeOdoo({
      web_save_multi: () => [row(1, { image: '2 bytes' }), row(2, { image: '2 bytes' })],
      search_read: () => [row(1, { image: 'AAEC' }), row(2, { image: 'AAEC' })],
    })
    const outcomes = await odoo.open(['name', 'image']).sink?.apply([update('1', 'a'), update('2', 'b')], signal)
    expect(outcomes?.[0]).toMatchObject({ record: { fields: { image: 'AAEC' } } })
  })

  test('without web_save_multi, different values for the same fields are one load, as text and in UTC', async () => {
    const odoo = fakeOdoo({ load: () => ({ ids: [1, 2], messages: [] }), search_read: () => [row(1), row(2)] })
    const outcomes = await odoo.open().sink?.apply([update('1', 'a'), update('2', 'b')], signal)
    expect(outcomes?.map(({ kind }) => kind)).toEqual(['done', 'done'])
    const load = odoo.calls.find(({ method }) => method === 'load')
    expect(load).toMatchObject({
      args: {
        fields: ['.id', 'name'],
        data: [
          ['1', 'a'],
          ['2', 'b'],
        ],
        context: { tz: 'UTC' },
      },
    })
  })

  test('where load refuses, each distinct set of values is a write, and a refused one fails alone', async () => {
    const odoo = fakeOdoo({
      load: () => ({ ids: false, messages: [{ type: 'error', record: 0, message: 'No.' }] }),
      write: (call) => {
        if ((call.args.vals as { name: string }).name === 'bad') throw refusal(422, 'odoo.exceptions.UserError', call)
        if ((call.args.ids as number[]).includes(4)) throw refusal(404, 'odoo.exceptions.MissingError', call)
        return true
      },
      search_read: () => [row(1), row(2), row(3)],
    })
    const operations = [update('1', 'a'), update('2', 'bad'), update('3', 'a'), update('4', 'c')]
    const outcomes = await odoo.open().sink?.apply(operations, signal)
    expect(outcomes?.map(({ kind }) => kind)).toEqual(['done', 'rejected', 'done', 'gone'])
  })

  test('a create that cannot be read back is in doubt', async () => {
    const odoo = fakeOdoo({
      create: () => [1],
      search_read: () => {
        throw new SyncError('network', 'reset')
      },
    })
    const apply = odoo.open().sink?.apply([{ kind: 'create', fields: { name: 'x' } }], signal)
    await expect(apply).rejects.toMatchObject({ code: 'network', inDoubt: true })
  })

  test('a KeyError of a batch is halved, of one record it is tried again: the registry may be changing', async () => {
    const odoo = fakeOdoo({
      create: (call) => {
        throw refusal(500, 'builtins.KeyError', call)
      },
    })
    const create: Operation = { kind: 'create', fields: { name: 'x' } }
    await expect(odoo.open().sink?.apply([create, create], signal)).rejects.toMatchObject({ code: 'invalid' })
    await expect(odoo.open().sink?.apply([create], signal)).rejects.toMatchObject({ code: 'server', inDoubt: false })
  })
})

describe('reading', () => {
  test('what a rule hides is told as existing, what is missing is not', async () => {
    const odoo = fakeOdoo({
      search_read: () => [row(1)],
      read: (call) => {
        if ((call.args.ids as number[]).includes(3)) throw refusal(403, 'odoo.exceptions.AccessError', call)
        return []
      },
    })
    const states = await odoo.open().sink?.read(['1', '2', '3', '4', 'x'], signal)
    expect([...(states?.keys() ?? [])]).toEqual(['1', '3'])
    expect(states?.get('3')).toEqual({ id: '3', version: null, changedAtMs: null, byUs: null, fields: {} })
  })

  test('a refused model is `forbidden`, a refused record is not', async () => {
    for (const [allowed, code] of [
      [false, 'forbidden'],
      [true, 'forbidden_record'],
    ] as const) {
      const odoo = fakeOdoo({
        has_access: () => allowed,
        unlink: (call) => {
          throw refusal(403, 'odoo.exceptions.AccessError', call)
        },
      })
      await expect(odoo.open().sink?.apply([{ kind: 'remove', id: '1' }], signal)).rejects.toMatchObject({ code })
    }
  })
})

describe('versions', () => {
  test('are hot until the clock is surely two seconds on', () => {
    const atMs = parseWriteDate('2026-11-21 08:00:00')
    expect(formatWriteDate(atMs)).toBe('2026-11-21 08:00:00')
    expect(recordVersion(atMs, null)).toBe(`${atMs / 1000}~`)
    expect(recordVersion(atMs, atMs + 1999)).toBe(`${atMs / 1000}~`)
    expect(recordVersion(atMs, atMs + 2000)).toBe(`${atMs / 1000}`)
    expect(recordVersion(parseWriteDate(false), 0)).toBe(null)
    expect(isSameVersion(recordVersion(atMs, null), recordVersion(atMs, null))).toBe(false)
  })

  test('the floor of the clock rises with time and observations, and never falls', () => {
    let nowMs = 100
    const clock = createClockFloor(() => nowMs)
    expect(clock.nowMs()).toBe(null)
    clock.observe(5000)
    nowMs = 1100
    expect(clock.nowMs()).toBe(5999)
    clock.observe(5500)
    expect(clock.nowMs()).toBe(5999)
    clock.observe(9000)
    expect(clock.nowMs()).toBe(9000)
  })
})

describe('settings', () => {
  test('have defaults, and keys that are unknown fail by name', () => {
    expect(odooSettings.parse(SETTINGS)).toMatchObject({
      context: { tracking_disable: true, mail_notrack: true },
      limits: { concurrency: 4, per_second: null },
      timeouts: { connect: 10_000 },
    })
    const own = odooSettings.parse({ ...SETTINGS, context: { tracking_disable: false, lang: 'de_DE' } })
    expect(own.context).toMatchObject({ tracking_disable: false, lang: 'de_DE', mail_notrack: true })
    expect(() => createOdooConnector({ ...SETTINGS, apikey: 'x' }, 'erp')).toThrow(/apikey/)
    expect(() => createOdooConnector({ ...SETTINGS, timeouts: { total: 'soon' } }, 'erp')).toThrow(/timeouts.total/)
  })

  test.each([42, {}, { model: 'res.partner', key: 'ref' }, { model: 'res.partner', domain: ['='] }, { model: 'a b' }])(
    'the spec %j is refused',
    async (spec) => {
      await using connector = createOdooConnector(SETTINGS, 'erp')
      const open = () => connector.collection({ spec, fields: [], consumer: 'test' })
      expect(open).toThrow(expect.objectContaining({ code: 'config' }))
    },
  )

  test('archiving is by `active`, unless the mapping says otherwise', async () => {
    await using connector = createOdooConnector(SETTINGS, 'erp')
    const archive = (more: object) =>
      connector.collection({ spec: { model: 'res.partner', ...more }, fields: [], consumer: 'test' }).capabilities
        .archive
    expect(archive({})).toEqual({ field: 'active', archived: false })
    expect(archive({ archive: 'x_active' })).toEqual({ field: 'x_active', archived: false })
    expect(archive({ archive: null })).toBe(null)
  })
})
