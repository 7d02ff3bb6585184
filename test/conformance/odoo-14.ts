import { beforeAll, describe, expect, it } from 'vitest'
import { type Fields, type Lab, PARTNER, shiftSeconds, TAG } from './odoo-lab.ts'

/** Where Odoo 14 does something else than 19: what it does. */
export function describeOdoo14(inLab: () => Lab): void {
  describe('Odoo 14', () => {
    let id = 0
    let writeDate = ''
    const find = (condition: unknown[]) => inLab().call(PARTNER, 'search', { domain: [['id', '=', id], condition] })
    beforeAll(async () => {
      // Within the first microseconds of a second, both ways of comparing would agree.
      for (let tries = 0; tries < 3; tries++) {
        id = await inLab().partner({ name: 'of 14', ref: '14', color: 0 })
        writeDate = String((await inLab().read(id, ['write_date'])).write_date)
        if (((await find(['write_date', '=', writeDate])) as number[]).length === 0) return
      }
    })

    it.each([
      ['=', 0, false],
      ['>', 0, true],
      ['>=', 0, true],
      ['<=', 0, false],
      ['<', 0, false],
      ['<=', 1, true],
      ['>=', 1, false],
    ])(
      'compares write_date %s the second it reads as, shifted by %i, with its microseconds: %s',
      async (operator, shift, isFound) => {
        expect(await find(['write_date', operator, shiftSeconds(writeDate, shift)])).toEqual(isFound ? [id] : [])
      },
    )

    it.each([
      ['color', '=', false],
      ['email', '=', ''],
    ])('does not take what is empty for null: %s %s %j finds nothing', async (field, operator, value) => {
      expect(await find([field, operator, value])).toEqual([])
    })

    it('knows no `any`, no `nulls first` and no limit of a count', async () => {
      const lab = inLab()
      const any = { domain: [['country_id', 'any', [['code', '=', 'FR']]]] }
      expect((await lab.fail(PARTNER, 'search', any)).name).toBe('builtins.TypeError')
      const sorted = await lab.fail(PARTNER, 'search', { domain: [], order: 'email nulls first' })
      expect(sorted.name).toBe('odoo.exceptions.UserError')
      expect((await lab.fail(PARTNER, 'search_count', { domain: [], limit: 1 })).name).toBe('builtins.TypeError')
    })

    it.each([
      ['web_save_multi', { ids: [], vals_list: [], specification: {} }, 'builtins.AttributeError'],
      ['has_access', { ids: [], operation: 'read' }, 'builtins.AttributeError'],
      ['search_read', { domain: [], load: '' }, 'builtins.TypeError'],
    ])('has no %s as 19 has it', async (method, body, name) => {
      expect((await inLab().fail(PARTNER, method, body)).name).toBe(name)
    })

    it('tells what our user may do by check_access_rights, and his groups by a method of the model', async () => {
      const lab = inLab()
      const mayWrite = (model: string) =>
        lab.call(model, 'check_access_rights', { operation: 'write', raise_exception: false })
      expect([await mayWrite(PARTNER), await mayWrite('res.currency')]).toEqual([true, false])
      expect(await lab.call('res.users', 'has_group', { group_ext_id: 'base.group_user' })).toBe(true)
    })

    it('writes different values by load, and nothing where one row is wrong', async () => {
      const lab = inLab()
      const [a = 0, b = 0] = await lab.partners([{ city: '1' }, { city: '1' }])
      const load = (first: string, second: string, field = 'color') =>
        lab.call<{ ids: unknown; messages: unknown[] }>(PARTNER, 'load', {
          fields: ['.id', 'city', field],
          data: [
            [String(a), '2', first],
            [String(b), '2', second],
          ],
        })
      expect(await load('5', '6')).toMatchObject({ ids: [a, b], messages: [] })
      const refused = await load('7', 'word')
      expect(refused).toMatchObject({ ids: false, messages: [{ record: 1, field: 'color' }] })
      expect(await lab.read(a, ['city', 'color'])).toMatchObject({ city: '2', color: 5 })
      // Neither does a row whose record is gone.
      const gone = {
        fields: ['.id', 'city'],
        data: [
          [String(a), '3'],
          ['99999999', '3'],
        ],
      }
      expect(await lab.call(PARTNER, 'load', gone)).toMatchObject({ ids: false })
      expect((await lab.read(a, ['city'])).city).toBe('2')
    })

    it('takes a selection by its label in a load', async () => {
      const lab = inLab()
      const data = [[String(id), 'Invoice Address']]
      await lab.call(PARTNER, 'load', { fields: ['.id', 'type'], data })
      expect((await lab.read(id, ['type'])).type).toBe('invoice')
    })

    it('names an unknown field to write by a ValueError', async () => {
      const lab = inLab()
      expect((await lab.fail(PARTNER, 'write', { ids: [id], vals: { nope: 1 } })).name).toBe('builtins.ValueError')
      expect((await lab.fail(TAG, 'write', { ids: [await lab.tag('x')], vals: { nope: 1 } })).name).toBe(
        'builtins.ValueError',
      )
    })

    it('refuses a language that is not installed, stores display_name, and a many2one written as text', async () => {
      const lab = inLab()
      expect((await lab.fail(PARTNER, 'write', { ids: [id], vals: { lang: 'xx_XX' } })).name).toBe(
        'builtins.ValueError',
      )
      const [country = 0] = await lab.call<number[]>('res.country', 'search', { domain: [['code', '=', 'DE']] })
      const vals = { display_name: 'written', country_id: String(country) }
      await lab.call(PARTNER, 'write', { ids: [id], vals })
      expect(await lab.read(id, ['display_name', 'country_id'])).toMatchObject({
        display_name: 'written',
        country_id: [country, expect.any(String)],
      })
    })

    it('keeps the address and the tax id of a contact to itself, and the write_date of a company’s contacts', async () => {
      const lab = inLab()
      const company = await lab.partner({ name: 'Company', is_company: true, city: 'Ulm' })
      const child = await lab.partner({ name: 'child', parent_id: company })
      const before = await lab.read(child, ['write_date'])
      await lab.nextSecond()
      await lab.call(PARTNER, 'write', { ids: [company], vals: { phone: '1' } })
      expect(await lab.read(child, ['write_date'])).toEqual(before)
      await lab.call(PARTNER, 'write', { ids: [child], vals: { city: 'Bonn', vat: 'XX1' } })
      expect((await lab.call<Fields[]>(PARTNER, 'read', { ids: [company], fields: ['city', 'vat'] }))[0]).toMatchObject(
        {
          city: 'Ulm',
          vat: false,
        },
      )
    })
  })
}
