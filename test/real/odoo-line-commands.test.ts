import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import type { Operation, Outcome } from '../../src/contract/sink.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { connectOdoo } from '../connectors/odoo-setup.ts'
import { hasOdooDatabaseAccess, realOdoo } from './environment.ts'
import { asPerson } from './person.ts'

const signal = new AbortController().signal

interface Document {
  readonly model: string
  readonly field: string
  /** The lines' field that is compared, and the one that is edited. */
  readonly name: string
  readonly edited: string
  readonly values: (ids: { partner: number; product: number; mark: string }) => Fields
  readonly line: (n: number, product: number) => Fields
}

const DOCUMENTS: readonly Document[] = [
  {
    model: 'sale.order',
    field: 'order_line',
    name: 'name',
    edited: 'product_uom_qty',
    values: ({ partner }) => ({ partner_id: partner }),
    line: (n, product) => ({ name: `line ${n}`, product_id: product, product_uom_qty: n }),
  },
  {
    model: 'purchase.order',
    field: 'order_line',
    name: 'name',
    edited: 'product_qty',
    values: ({ partner }) => ({ partner_id: partner }),
    line: (n, product) => ({ name: `line ${n}`, product_id: product, product_qty: n, price_unit: 2 }),
  },
  {
    model: 'account.move',
    field: 'invoice_line_ids',
    name: 'name',
    edited: 'quantity',
    values: ({ partner }) => ({ partner_id: partner, move_type: 'out_invoice' }),
    line: (n, product) => ({ name: `line ${n}`, product_id: product, quantity: n, price_unit: 2 }),
  },
  {
    model: 'res.partner',
    field: 'child_ids',
    name: 'name',
    edited: 'phone',
    values: ({ mark }) => ({ name: mark, is_company: true }),
    line: (n) => ({ name: `line ${n}`, phone: String(n) }),
  },
]

describe.skipIf(!hasOdooDatabaseAccess).each(DOCUMENTS)('lines of $model', (document) => {
  const { model, field, name, edited } = document
  let connector: Connector
  let collection: Collection
  let ids = { partner: 0, product: 0, mark: '' }

  beforeEach(async () => {
    const mark = `C${randomUUID().slice(0, 8)}`
    const [partner = 0] = await asPerson<number[]>('res.partner', 'create', { vals_list: [{ name: mark }] })
    const [product = 0] = await asPerson<number[]>('product.product', 'create', { vals_list: [{ name: mark }] })
    ids = { partner, product, mark }
    connector = connectOdoo({ ...realOdoo('19'), protocol: 'json2' })
    const values = Object.keys(document.values(ids))
    collection = connector.collection({
      spec: { model, archive: null },
      fields: [...values, field],
      lines: { [field]: { fields: Object.keys(document.line(1, product)) } },
      consumer: 'test',
    })
  })
  afterEach(() => connector[Symbol.asyncDispose]())

  async function apply(...operations: readonly Operation[]): Promise<readonly Outcome[]> {
    return (await collection.sink?.apply(operations, signal)) ?? []
  }
  function done(outcome: Outcome | undefined): { id: string; lines: readonly Fields[]; isOurs: boolean } {
    if (outcome?.kind !== 'done' || !outcome.record) throw new Error(JSON.stringify(outcome))
    return { id: outcome.record.id, lines: outcome.record.fields[field] as readonly Fields[], isOurs: outcome.isOurs }
  }
  const names = (lines: readonly Fields[]) => lines.map((line) => line[name])
  const update = (id: string, before: readonly Fields[], lines: readonly Value[]): Operation => ({
    kind: 'update',
    id,
    fields: { [field]: lines },
    expected: { [field]: before },
  })

  test('are made with it, and then only what differs is written', async () => {
    const { product } = ids
    const line = (n: number) => document.line(n, product)
    const create: Operation = {
      kind: 'create',
      fields: { ...document.values(ids), [field]: [line(1), line(2), line(3)] },
    }
    const made = done((await apply(create))[0])
    expect(names(made.lines)).toEqual(['line 1', 'line 2', 'line 3'])
    expect(made.isOurs).toBe(true)
    const [first, second, third] = made.lines
    const changed = { ...second, [edited]: model === 'res.partner' ? '7' : 7 }
    const after = done((await apply(update(made.id, made.lines, [third ?? {}, changed, line(4)])))[0])
    expect(names(after.lines)).toEqual(['line 2', 'line 3', 'line 4'])
    expect(after.lines.slice(0, 2).map(({ id }) => id)).toEqual([second?.id, third?.id])
    expect(after.lines[0]?.[edited]).toBe(changed[edited] ?? null)
    expect(after.lines.some(({ id }) => id === first?.id)).toBe(false)
    // What is read anew is what the write told.
    const [state] = [...((await collection.sink?.read([made.id], signal))?.values() ?? [])]
    expect(state?.fields[field]).toEqual(after.lines)
  })

  test('of two records go in one call and come back with each', async () => {
    const line = (n: number) => document.line(n, ids.product)
    const create = (n: number): Operation => ({
      kind: 'create',
      fields: { ...document.values(ids), [field]: [line(n)] },
    })
    const made = (await apply(create(1), create(2))).map(done)
    const both = await apply(...made.map(({ id, lines }, n) => update(id, lines, [...lines, line(5 + n)])))
    expect(both.map(done).map(({ lines, isOurs }) => [names(lines), isOurs])).toEqual([
      [['line 1', 'line 5'], true],
      [['line 2', 'line 6'], true],
    ])
  })

  test('that somebody added or took away meanwhile are neither removed nor missed', async () => {
    const line = (n: number) => document.line(n, ids.product)
    const [outcome] = await apply({ kind: 'create', fields: { ...document.values(ids), [field]: [line(1), line(2)] } })
    const made = done(outcome)
    await asPerson(model, 'write', { ids: [Number(made.id)], vals: { [field]: [[0, 0, line(9)]] } })
    const changed = { ...made.lines[0], [name]: 'line 7' }
    const after = done((await apply(update(made.id, made.lines, [changed, made.lines[1] ?? {}])))[0])
    expect(names(after.lines)).toEqual(['line 7', 'line 2', 'line 9'])
    await asPerson(model, 'write', { ids: [Number(made.id)], vals: { [field]: [[2, after.lines[0]?.id ?? 0, 0]] } })
    const again = update(made.id, after.lines, [{ ...after.lines[0], [name]: 'line 8' }, ...after.lines.slice(1)])
    expect(await apply(again)).toEqual([{ kind: 'stale' }])
  })
})
