import { expect, it } from 'vitest'
import { CUSTOMERS, customers, PARTNERS } from '../engine/customers.ts'
import { createWorld, Killed } from '../engine/world.ts'

/** People go on while nobody syncs: between the death of a process and the start of the next one. */
it.each([
  ['nothing', {}],
  ['another field', { phone: '2' }],
])('an edit of a record that was just created is kept; edited in Odoo meanwhile: %s', async (_, inOdoo) => {
  const world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: customers() },
  })
  try {
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', email: 'old@x', phone: '1' })
    world.killAt('applied')
    await expect(world.run()).rejects.toThrow(Killed)
    world.advance(5000)
    world.stores.external.edit('customers', '1', { email: 'new@x' })
    world.advance(5000)
    if (Object.keys(inOdoo).length > 0) world.stores.odoo.edit('partners', '1', inOdoo)
    world.advance(5000)
    await world.settle()
    const wanted = { email: 'new@x', phone: '1', ...inOdoo }
    expect(world.stores.odoo.get('partners', '1')).toMatchObject(wanted)
    expect(world.stores.external.get('customers', '1')).toMatchObject(wanted)
  } finally {
    await world.close()
  }
})

it('an edit that takes a value back is kept, although our write of it is still in doubt', async () => {
  const world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: customers() },
  })
  try {
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', email: 'old@x', phone: '1' })
    await world.settle()
    // The shop stores it without its blanks.
    world.stores.odoo.edit('partners', '1', { email: ' new@x ' })
    world.killAt('applied')
    await expect(world.run()).rejects.toThrow(Killed)
    world.advance(5000)
    world.stores.odoo.edit('partners', '1', { email: 'old@x' })
    world.stores.external.edit('customers', '1', { phone: '2' })
    world.advance(5000)
    await world.settle()
    expect(world.stores.odoo.get('partners', '1')).toMatchObject({ email: 'old@x', phone: '2' })
    expect(world.stores.external.get('customers', '1')).toMatchObject({ email: 'old@x', phone: '2' })
  } finally {
    await world.close()
  }
})
