import { describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from '../environment.ts'
import { asPerson } from '../person.ts'
import { openLab } from './lab.ts'

describe.skipIf(!hasOdooDatabaseAccess)('mappings/customers.yaml', () => {
  it('brings companies and their contacts in step both ways', async () => {
    await using lab = await openLab('customers')
    const company = await lab.make('res.partner', {
      name: `${lab.mark} Ltd`,
      is_company: true,
      ref: `${lab.mark}-L`,
      website: 'http://example.com',
      child_ids: [
        [0, 0, { name: `${lab.mark} Ann`, email: `${lab.mark}@example.com` }],
        [0, 0, { name: `${lab.mark} goods in`, type: 'delivery', street: 'Back yard 1' }],
      ],
    })
    const [shopCompany] = await lab.query<{ id: string }>(
      `INSERT INTO customers (code, full_name, is_company, country) VALUES ($1, $2, true, 'BE') RETURNING id`,
      [`${lab.mark}-S`, `${lab.mark} SA`],
    )
    await lab.query('INSERT INTO customers (full_name, parent_id) VALUES ($1, $2)', [
      `${lab.mark} Bob`,
      shopCompany?.id,
    ])
    await lab.settle()
    const rows = await lab.query('SELECT * FROM customers WHERE full_name LIKE $1 ORDER BY full_name', [`${lab.mark}%`])
    const [ann, bob, ltd, sa, goods] = ['Ann', 'Bob', 'Ltd', 'SA', 'goods in'].map((name) =>
      rows.find((row) => row.full_name === `${lab.mark} ${name}`),
    )
    expect(ltd).toMatchObject({ is_company: true, website: 'http://example.com', code: `${lab.mark}-L` })
    expect(ann).toMatchObject({ parent_id: ltd?.id, code: expect.stringMatching(/^C-\d+$/) })
    expect(goods).toMatchObject({ parent_id: ltd?.id, address_kind: 'shipping', street: 'Back yard 1' })
    expect(bob).toMatchObject({ parent_id: sa?.id, code: expect.stringMatching(/^S-\d+$/) })
    const bobHere = await lab.find('res.partner', ['ref', '=', bob?.code])
    const saHere = await lab.find('res.partner', ['ref', '=', `${lab.mark}-S`])
    expect(await lab.read('res.partner', bobHere, 'parent_id')).toMatchObject({ parent_id: saHere })
    expect(await lab.unrest()).toEqual([])

    await asPerson('res.partner', 'write', { ids: [company], vals: { active: false } })
    await lab.query('UPDATE customers SET phone = $1 WHERE id = $2', ['+32 2 555', ann?.id])
    await lab.settle()
    expect(await lab.query('SELECT archived FROM customers WHERE id = $1', [ltd?.id])).toEqual([{ archived: true }])
    const annHere = await lab.find('res.partner', ['ref', '=', ann?.code])
    expect(await lab.read('res.partner', annHere, 'phone')).toMatchObject({ phone: '+32 2 555' })
    expect(await lab.unrest()).toEqual([])
  })
})
