import { describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess } from '../environment.ts'
import { asPerson } from '../person.ts'
import { openLab } from './lab.ts'

describe.skipIf(!hasOdooDatabaseAccess)('mappings/stock-levels.yaml', () => {
  it('shows what is there, and applies what is counted once', async () => {
    await using lab = await openLab('stock-levels')
    const sku = `${lab.mark}-L`
    const product = await lab.make('product.product', {
      name: `${lab.mark} lamp`,
      default_code: sku,
      type: 'consu',
      is_storable: true,
    })
    const location = await lab.find('stock.location', ['complete_name', '=', 'WH/Stock'])
    const quant = await lab.make('stock.quant', {
      product_id: product,
      location_id: location,
      inventory_quantity: 8,
    })
    await asPerson('stock.quant', 'action_apply_inventory', { ids: [quant] })
    await lab.settle()
    const level = async () => (await lab.query('SELECT * FROM stock_levels WHERE sku = $1', [sku]))[0]
    expect(await level()).toMatchObject({
      quant_id: String(quant),
      location: 'WH/Stock',
      on_hand: '8.000',
      reserved: '0.000',
      available: '8.000',
    })
    expect(await lab.unrest()).toEqual([])

    await lab.query('UPDATE stock_levels SET counted = 5.5, counted_at = now() WHERE sku = $1', [sku])
    await lab.settle()
    const stock = () => lab.read('stock.quant', quant, 'quantity', 'inventory_quantity_set')
    expect(await stock()).toMatchObject({ quantity: 5.5, inventory_quantity_set: false })
    expect(await level()).toMatchObject({ on_hand: '5.500', available: '5.500' })
    expect(lab.events.filter(({ kind }) => kind === 'step').map(({ message }) => message)).toEqual([
      'count: called',
      'apply-count: called',
    ])
    expect(await lab.unrest()).toEqual([])
    expect(await stock()).toMatchObject({ quantity: 5.5 })
  })
})
