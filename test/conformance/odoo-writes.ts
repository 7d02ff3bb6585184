import { describe, expect, it } from 'vitest'
import { type Fields, type Lab, PARTNER, TAG } from './odoo-lab.ts'

export function describeWrites(inLab: () => Lab): void {
  describe('create', () => {
    it('answers a list of ids, in the order of the values, also for one record', async () => {
      const lab = inLab()
      const single = await lab.call(PARTNER, 'create', { vals_list: { name: `${lab.prefix}single` } })
      const id = expect.any(Number) as number
      expect(single).toEqual(lab.odoo.protocol === 'json2' ? [id] : id)
      const ids = await lab.partners([{ ref: 'x' }, { ref: 'y' }])
      const found = await lab.call<Fields[]>(PARTNER, 'read', { ids, fields: ['ref'] })
      expect(found.map(({ ref }) => ref)).toEqual([`${lab.prefix}x`, `${lab.prefix}y`])
      expect(await lab.call(PARTNER, 'create', { vals_list: [] })).toEqual([])
    })

    it('makes none where one is wrong', async () => {
      const lab = inLab()
      const name = `${lab.prefix}none of them`
      const error = await lab.fail(PARTNER, 'create', { vals_list: [{ name }, { name, type: 'nope' }] })
      expect(error.name).toBe('builtins.ValueError')
      expect(await lab.call(PARTNER, 'search_count', { domain: [['name', '=', name]] })).toBe(0)
    })

    it('passes over columns that are its own', async () => {
      const lab = inLab()
      const id = await lab.partner({ name: 'own', id: 99_999_999, write_date: '2001-01-01 00:00:00', create_uid: 1 })
      const record = await lab.read(id, ['write_date', 'create_uid'])
      expect(record.write_date).not.toBe('2001-01-01 00:00:00')
      expect(record.create_uid).not.toContain(1)
      expect(id).toBeLessThan(99_999_999)
    })

    it('makes a second record with a ref that exists', async () => {
      const lab = inLab()
      const [first, second] = await lab.partners([{ ref: 'same' }, { ref: 'same' }])
      expect(first).not.toBe(second)
    })

    it('takes a context that it has no use for', async () => {
      const lab = inLab()
      const context = { tracking_disable: true, bin_size: true, lang: 'en_US' }
      const ids = await lab.call(PARTNER, 'create', { vals_list: [{ name: `${lab.prefix}quiet` }], context })
      expect(ids).toHaveLength(1)
    })
  })

  describe('write', () => {
    it('answers true, and gives the same values to all records', async () => {
      const lab = inLab()
      const ids = await lab.partners([{ ref: '1' }, { ref: '2' }])
      expect(await lab.call(PARTNER, 'write', { ids, vals: { city: 'Ulm' } })).toBe(true)
      const found = await lab.call<Fields[]>(PARTNER, 'read', { ids, fields: ['city', 'ref'] })
      expect(found.map(({ city }) => city)).toEqual(['Ulm', 'Ulm'])
      expect(found[0]?.ref).toBe(`${lab.prefix}1`)
    })

    it('answers true without ids', async () => {
      expect(await inLab().call(PARTNER, 'write', { ids: [], vals: { city: 'Ulm' } })).toBe(true)
      expect(await inLab().call(PARTNER, 'unlink', { ids: [] })).toBe(true)
    })

    it('changes none where one is gone', async () => {
      const lab = inLab()
      const id = await lab.partner({ city: 'before' })
      const error = await lab.fail(PARTNER, 'write', { ids: [id, 99_999_999], vals: { city: 'after' } })
      expect(error).toMatchObject(lab.failure(404, 'odoo.exceptions.MissingError'))
      expect((await lab.read(id, ['city'])).city).toBe('before')
    })

    it('empties with False and with null, and a many2one with nothing but an id', async () => {
      const lab = inLab()
      const [country] = await lab.call<number[]>('res.country', 'search', { domain: [['code', '=', 'DE']] })
      const id = await lab.partner({ email: 'a@b.c', phone: '1', country_id: country })
      await lab.call(PARTNER, 'write', { ids: [id], vals: { email: false, phone: null, country_id: false } })
      expect(await lab.read(id, ['email', 'phone', 'country_id'])).toEqual({
        id,
        email: false,
        phone: false,
        country_id: false,
      })
    })

    it.each([
      ['the pair it was read as', (id: number) => [id, 'Germany']],
      ['text', (id: number) => String(id)],
      ['true', () => true],
      ['an object', (id: number) => ({ id })],
    ])('clears a many2one that is written as %s', async (_title, written) => {
      const lab = inLab()
      const [country = 0] = await lab.call<number[]>('res.country', 'search', { domain: [['code', '=', 'DE']] })
      const id = await lab.partner({ country_id: country })
      expect(await lab.call(PARTNER, 'write', { ids: [id], vals: { country_id: written(country) } })).toBe(true)
      expect((await lab.read(id, ['country_id'])).country_id).toBe(false)
    })

    it.each([
      ['an unknown choice', { type: 'nope' }, 500, 'builtins.ValueError'],
      ['a many2many to nothing', { category_id: [[4, 99_999_999, 0]] }, 422, 'odoo.exceptions.ValidationError'],
      ['no name', { name: false }, 422, 'odoo.exceptions.ValidationError'],
    ])('refuses %s', async (_title, vals, status, name) => {
      const lab = inLab()
      const error = await lab.fail(PARTNER, 'write', { ids: [await lab.partner()], vals })
      expect(error).toMatchObject(lab.failure(status, name))
    })

    it('refuses a many2one to nothing, as a missing record where a module looks at the new value first', async () => {
      const lab = inLab()
      const vals = { country_id: 99_999_999 }
      const { status, name } = await lab.fail(PARTNER, 'write', { ids: [await lab.partner()], vals })
      const either = [
        lab.failure(422, 'odoo.exceptions.ValidationError'),
        lab.failure(404, 'odoo.exceptions.MissingError'),
      ]
      expect(either).toContainEqual(lab.odoo.protocol === 'json2' ? { status, name } : { name })
    })

    it('leaves a computed name alone', async () => {
      const lab = inLab()
      const id = await lab.partner({ name: 'computed' })
      await lab.call(PARTNER, 'write', { ids: [id], vals: { display_name: 'other' } })
      expect((await lab.read(id, ['display_name'])).display_name).toBe(`${lab.prefix}computed`)
    })

    it('applies the commands of a many2many', async () => {
      const lab = inLab()
      const [a, b, c] = [await lab.tag('1'), await lab.tag('2'), await lab.tag('3')]
      const id = await lab.partner({ category_id: [[6, 0, [a, b]]] })
      const written = async (...commands: unknown[]): Promise<unknown> => {
        await lab.call(PARTNER, 'write', { ids: [id], vals: { category_id: commands } })
        return (await lab.read(id, ['category_id'])).category_id
      }
      expect(await written([4, c, 0])).toEqual([a, b, c])
      expect(await written([3, a, 0])).toEqual([b, c])
      expect(await written([1, b, { name: `${lab.prefix}9` }])).toEqual([c, b])
      expect(await written([6, 0, [a]])).toEqual([a])
      expect(await written([0, 0, { name: `${lab.prefix}0` }])).toEqual([expect.any(Number), a])
      expect(await written([5, 0, 0])).toEqual([])
      expect(await written([4, c, 0], [2, c, 0])).toEqual([])
      expect(await lab.call(TAG, 'read', { ids: [c], fields: ['name'] })).toEqual([])
    })
  })

  describe('web_save_multi', () => {
    it('writes different values and reads the stored ones back with who wrote them and when', async () => {
      const lab = inLab()
      const ids = await lab.partners([{}, {}])
      const specification = { city: {}, comment: {}, write_date: {}, write_uid: {}, country_id: {}, category_id: {} }
      const vals_list = [{ city: ' Ulm ' }, { comment: 'hi' }]
      const saved = await lab.call<Fields[]>(PARTNER, 'web_save_multi', { ids, vals_list, specification })
      const common = { write_uid: expect.any(Number) as number, country_id: false, category_id: [] }
      expect(saved).toEqual([
        { ...common, id: ids[0], city: ' Ulm ', comment: false, write_date: expect.any(String) as string },
        { ...common, id: ids[1], city: false, comment: '<p>hi</p>', write_date: saved[0]?.write_date },
      ])
      expect(await lab.read(ids[1] ?? 0, ['write_date'])).toMatchObject({ write_date: saved[1]?.write_date })
    })

    it('expands a relation where its specification names fields', async () => {
      const lab = inLab()
      const [country] = await lab.call<number[]>('res.country', 'search', { domain: [['code', '=', 'DE']] })
      const tag = await lab.tag('expanded')
      const id = await lab.partner({ country_id: country, category_id: [tag] })
      const specification = {
        country_id: { fields: { code: {} } },
        category_id: { fields: { name: {} } },
        parent_id: { fields: {} },
      }
      const saved = await lab.call(PARTNER, 'web_save_multi', { ids: [id], vals_list: [{}], specification })
      expect(saved).toEqual([
        {
          id,
          country_id: { id: country, code: 'DE' },
          category_id: [{ id: tag, name: `${lab.prefix}expanded` }],
          parent_id: false,
        },
      ])
    })

    it('writes nothing where one record is refused', async () => {
      const lab = inLab()
      const ids = await lab.partners([{ city: 'before' }, {}])
      const vals_list = [{ city: 'after' }, { type: 'nope' }]
      const error = await lab.fail(PARTNER, 'web_save_multi', { ids, vals_list, specification: {} })
      expect(error).toMatchObject(lab.failure(500, 'builtins.ValueError'))
      expect((await lab.read(ids[0] ?? 0, ['city'])).city).toBe('before')
    })

    it('writes nothing where a field to read back is unknown', async () => {
      const lab = inLab()
      const id = await lab.partner({ city: 'before' })
      const body = { ids: [id], vals_list: [{ city: 'after' }], specification: { nope: {} } }
      expect((await lab.fail(PARTNER, 'web_save_multi', body)).name).toBe('builtins.ValueError')
      expect((await lab.read(id, ['city'])).city).toBe('before')
    })

    it('answers the ids alone without a specification, and applies a record named twice in order', async () => {
      const lab = inLab()
      const id = await lab.partner()
      const twice = { ids: [id, id], vals_list: [{ city: '1' }, { city: '2' }] }
      expect(await lab.call(PARTNER, 'web_save_multi', { ...twice, specification: {} })).toEqual([{ id }, { id }])
      expect((await lab.read(id, ['city'])).city).toBe('2')
    })
  })

  describe('unlink', () => {
    it('answers true, and the records are gone', async () => {
      const lab = inLab()
      const ids = await lab.partners([{}, {}])
      expect(await lab.call(PARTNER, 'unlink', { ids })).toBe(true)
      expect(
        await lab.call(PARTNER, 'search', { domain: [['id', 'in', ids]], context: { active_test: false } }),
      ).toEqual([])
    })

    it('removes none where one is gone already', async () => {
      const lab = inLab()
      const id = await lab.partner()
      const error = await lab.fail(PARTNER, 'unlink', { ids: [id, 99_999_999] })
      expect(error).toMatchObject(lab.failure(404, 'odoo.exceptions.MissingError'))
      expect(await lab.call(PARTNER, 'search_count', { domain: [['id', '=', id]] })).toBe(1)
    })

    it('never gives an id out again', async () => {
      const lab = inLab()
      const id = await lab.partner()
      await lab.call(PARTNER, 'unlink', { ids: [id] })
      expect(await lab.partner()).toBeGreaterThan(id)
    })

    it('refuses, like an archive, the contact of an active user', async () => {
      const lab = inLab()
      const [user] = await lab.call<Fields[]>('res.users', 'search_read', {
        domain: [['login', '=', 'admin']],
        fields: ['partner_id'],
      })
      const ids = [(user?.partner_id as [number, string] | undefined)?.[0]]
      const message = expect.stringContaining('contacts linked to an active user') as string
      const refused = { ...lab.failure(422, 'odoo.exceptions.ValidationError'), message }
      expect(await lab.fail(PARTNER, 'unlink', { ids })).toMatchObject(refused)
      expect(await lab.fail(PARTNER, 'write', { ids, vals: { active: false } })).toMatchObject(refused)
      const key = lab.odoo.adminApiKey
      if (key === undefined) return
      const redirected = { ...lab.failure(500, 'odoo.exceptions.RedirectWarning'), message }
      expect(await lab.fail(PARTNER, 'unlink', { ids }, { key })).toMatchObject(redirected)
    })
  })
}
