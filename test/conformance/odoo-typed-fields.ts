import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Fields, type Lab, PARTNER } from './odoo-lab.ts'

/** Fields as a company adds them; the stand-in has them, a real Odoo gets them for the time of the run. */
const CUSTOM: readonly Fields[] = [
  { name: 'x_credit_limit', field_description: 'Credit limit', ttype: 'float' },
  { name: 'x_currency_id', field_description: 'Currency', ttype: 'many2one', relation: 'res.currency' },
  { name: 'x_turnover', field_description: 'Turnover', ttype: 'monetary', currency_field: 'x_currency_id' },
  { name: 'x_customer_since', field_description: 'Customer since', ttype: 'date' },
  { name: 'x_last_visit', field_description: 'Last visit', ttype: 'datetime' },
  {
    name: 'x_segment',
    field_description: 'Segment',
    ttype: 'selection',
    selection_ids: [
      [0, 0, { value: 'gold', name: 'Gold', sequence: 1 }],
      [0, 0, { value: 'silver', name: 'Silver', sequence: 2 }],
    ],
  },
]

const CASES: readonly (readonly [field: string, written: unknown, read: unknown])[] = [
  ['x_credit_limit', 1.123456789, 1.123456789],
  ['x_credit_limit', 0.1, 0.1],
  ['x_turnover', 1.239, 1.239],
  ['x_customer_since', '2026-01-31', '2026-01-31'],
  ['x_customer_since', '2026-01-31 23:59:59', '2026-01-31'],
  ['x_customer_since', false, false],
  ['x_customer_since', '', false],
  ['x_last_visit', '2026-01-31 10:20:30', '2026-01-31 10:20:30'],
  ['x_last_visit', '2026-01-31', '2026-01-31 00:00:00'],
  ['x_last_visit', false, false],
  ['x_segment', 'gold', 'gold'],
  ['x_segment', false, false],
]

const REFUSED: readonly (readonly [field: string, written: unknown])[] = [
  ['x_customer_since', 'abc'],
  ['x_customer_since', '2026-02-30'],
  ['x_last_visit', 'abc'],
  ['x_last_visit', '2026-01-31T10:20:30'],
  ['x_last_visit', '2026-01-31 10:20:30.5'],
  ['x_segment', 'bronze'],
]

export function describeTypedFields(inLab: () => Lab): void {
  describe('custom fields', () => {
    let added: number[] = []

    beforeAll(async () => {
      const lab = inLab()
      const known = await lab.call<Fields>(PARTNER, 'fields_get', { attributes: ['type'] })
      const missing = CUSTOM.filter(({ name }) => !(String(name) in known))
      const key = lab.odoo.adminApiKey
      if (missing.length > 0) {
        if (key === undefined) throw new Error('adding fields needs the key of an administrator')
        const [model_id] = await lab.call<number[]>(
          'ir.model',
          'search',
          { domain: [['model', '=', PARTNER]] },
          { key },
        )
        // 14 takes x_currency_id for the currency without being told.
        const attributes = await lab.call<Fields>('ir.model.fields', 'fields_get', { attributes: ['type'] }, { key })
        const settable = (field: Fields) => Object.entries(field).filter(([name]) => name in attributes)
        const vals_list = missing.map((field) => ({
          ...Object.fromEntries(settable(field)),
          model_id,
          state: 'manual',
        }))
        added = await lab.call<number[]>('ir.model.fields', 'create', { vals_list }, { key })
      }
    })

    afterAll(async () => {
      const lab = inLab()
      const options = lab.odoo.adminApiKey === undefined ? {} : { key: lab.odoo.adminApiKey }
      // The monetary field refers to the currency, so it goes first.
      if (added.length > 0) {
        await lab.call('ir.model.fields', 'unlink', { ids: added.toReversed() }, options)
      }
    })

    it.each(CASES)('store %s %j as %j', async (field, written, read) => {
      expect(await inLab().stored(field, written)).toEqual(read)
    })

    it.each(REFUSED)('refuse %s %j', async (field, written) => {
      const lab = inLab()
      const error = await lab.fail(PARTNER, 'create', { vals_list: [{ name: 'x', [field]: written }] })
      expect(error).toMatchObject(lab.failure(500, 'builtins.ValueError'))
    })

    it('round a monetary value to its currency, also one that comes with it', async () => {
      const lab = inLab()
      const currency = async (name: string): Promise<number> => {
        const body = { domain: [['name', '=', name]], context: { active_test: false } }
        return (await lab.call<number[]>('res.currency', 'search', body))[0] ?? 0
      }
      const [euro, yen] = [await currency('EUR'), await currency('JPY')]
      const [first = 0, second = 0] = await lab.partners([
        { x_currency_id: euro, x_turnover: 1.235 },
        { x_turnover: 1234.5, x_currency_id: yen },
      ])
      expect((await lab.read(first, ['x_turnover'])).x_turnover).toBe(1.24)
      expect((await lab.read(second, ['x_turnover'])).x_turnover).toBe(1235)
      await lab.call(PARTNER, 'write', { ids: [first], vals: { x_turnover: 9.999 } })
      expect((await lab.read(first, ['x_turnover'])).x_turnover).toBe(10)
    })

    it('describe themselves as manual', async () => {
      const described = await inLab().call(PARTNER, 'fields_get', {
        allfields: ['x_turnover', 'x_segment', 'x_credit_limit'],
        attributes: ['type', 'manual', 'currency_field', 'selection', 'digits'],
      })
      expect(described).toEqual({
        x_turnover: { type: 'monetary', manual: true, currency_field: 'x_currency_id' },
        x_segment: {
          type: 'selection',
          manual: true,
          selection: [
            ['gold', 'Gold'],
            ['silver', 'Silver'],
          ],
        },
        x_credit_limit: { type: 'float', manual: true },
      })
    })

    it('are found by a date and by a datetime of their own', async () => {
      const lab = inLab()
      const id = await lab.partner({ x_customer_since: '2026-01-31', x_last_visit: '2026-01-31 10:20:30' })
      const count = (...condition: unknown[]): Promise<number> =>
        lab.call<number>(PARTNER, 'search_count', { domain: [['id', '=', id], condition] })
      expect(await count('x_customer_since', '=', '2026-01-31')).toBe(1)
      expect(await count('x_customer_since', '>', '2026-01-31')).toBe(0)
      expect(await count('x_customer_since', '<=', '2026-01-31')).toBe(1)
      expect(await count('x_customer_since', '=', false)).toBe(0)
      expect(await count('x_last_visit', '=', '2026-01-31 10:20:30')).toBe(1)
      expect(await count('x_last_visit', '>', '2026-01-31 10:20:30')).toBe(0)
      expect(await count('x_last_visit', '!=', false)).toBe(1)
    })
  })
}
