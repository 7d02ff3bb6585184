import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { callAsPerson, connectOdoo, type OdooUnderTest } from '../connectors/odoo-setup.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'

const signal = new AbortController().signal

describe.runIf(hasRealOdoo('14'))('references and languages in a real Odoo 14', () => {
  const mark = randomUUID().slice(0, 8)
  let odoo: OdooUnderTest
  let connector: Connector
  const open = (model: string, ...fields: string[]): Collection =>
    connector.collection({ spec: { model, archive: null }, fields, consumer: 'test' })
  const person = (model: string, method: string, args: Fields): Promise<Value> =>
    callAsPerson(odoo, model, method, args)
  const make = async (model: string, vals: Fields): Promise<number> =>
    ((await person(model, 'create', { vals_list: [vals] })) as number[])[0] ?? 0
  const read = async (collection: Collection, id: number): Promise<Fields | undefined> =>
    (await collection.sink?.read([String(id)], signal))?.get(String(id))?.fields
  const update = (collection: Collection, id: number, fields: Fields, expected: Fields = {}) =>
    collection.sink?.apply([{ kind: 'update', id: String(id), fields, expected }], signal)

  beforeAll(async () => {
    odoo = { ...realOdoo('14'), protocol: 'jsonrpc' }
    connector = connectOdoo(odoo)
    const wizard = await make('base.language.install', { lang: 'fr_FR' })
    await person('base.language.install', 'lang_install', { ids: [wizard] })
  }, 60_000)
  afterAll(() => connector?.[Symbol.asyncDispose]())

  it('a translation is read, written and taken away without the others', async () => {
    const tags = open('res.partner.category', 'name', 'name@fr_FR')
    expect((await tags.describe(signal)).fields.get('name@fr_FR')).toMatchObject({ type: 'text', isUpdateOnly: true })
    const id = await make('res.partner.category', { name: `Gold ${mark}` })
    expect(await read(tags, id)).toEqual({ name: `Gold ${mark}`, 'name@fr_FR': `Gold ${mark}` })
    expect(await update(tags, id, { 'name@fr_FR': 'Or' })).toMatchObject([
      { kind: 'done', record: { fields: { name: `Gold ${mark}`, 'name@fr_FR': 'Or' } } },
    ])
    await update(tags, id, { name: `Yellow ${mark}` })
    expect(await read(tags, id)).toEqual({ name: `Yellow ${mark}`, 'name@fr_FR': 'Or' })
    await update(tags, id, { 'name@fr_FR': null })
    expect(await read(tags, id)).toEqual({ name: `Yellow ${mark}`, 'name@fr_FR': `Yellow ${mark}` })
  })

  it('a set is changed by its elements, and values of other records are read', async () => {
    const ids: number[] = []
    for (const name of ['a', 'b', 'c']) ids.push(await make('res.partner.category', { name: `${name} ${mark}` }))
    const [a = 0, b = 0, c = 0] = ids
    const [country] = (await person('res.country', 'search', { domain: [['code', '=', 'BE']] })) as number[]
    const id = await make('res.partner', { name: mark, category_id: [[6, 0, [a, c]]], country_id: country ?? 0 })
    const partners = open(
      'res.partner',
      'category_id',
      'country_id.code',
      'category_id.name',
      'parent_id.country_id.code',
    )
    // c was put in by somebody else since we looked.
    await update(partners, id, { category_id: [b] }, { category_id: [a] })
    expect(await read(partners, id)).toEqual({
      category_id: [b, c],
      'country_id.code': 'BE',
      'category_id.name': [`b ${mark}`, `c ${mark}`],
      'parent_id.country_id.code': null,
    })
    const { reasons } = await open('res.partner', 'country_id.nope', 'name@xx_XX').describe(signal)
    expect([...(reasons?.keys() ?? [])]).toEqual(['country_id.nope', 'name@xx_XX'])
  })

  it('a change of a watched record leads to those that refer to it', async () => {
    const company = await make('res.partner', { name: `Co ${mark}`, is_company: true })
    const id = await make('res.partner', { name: `Child ${mark}`, parent_id: company, type: 'other' })
    const watching = connector.collection({
      spec: { model: 'res.partner', domain: [['id', '=', id]] },
      fields: ['name', 'parent_id.vat'],
      watched: ['parent_id.vat'],
      consumer: 'test',
    })
    const before = (await watching.sink?.read([String(id)], signal))?.get(String(id))?.version
    const first = await watching.feed?.read({ cursor: null, limit: 10, depth: 'tail', nowMs: 0 }, signal)
    await person('res.partner', 'write', { ids: [company], vals: { barcode: mark } })
    const found: string[] = []
    let cursor = first?.cursor ?? null
    for (let page = 0; page < 3; page++) {
      const next = await watching.feed?.read({ cursor, limit: 10, depth: 'deep', nowMs: 0 }, signal)
      cursor = next?.cursor ?? null
      found.push(...(next?.changes ?? []).flatMap((change) => (change.kind === 'hint' ? [change.id] : [])))
    }
    expect(found).toContain(String(id))
    expect(before).toBeTruthy()
  })
})
