import { afterEach, describe, expect, it } from 'vitest'
import { ODOO_SERIES } from '../../scripts/real/odoo-install.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'
import { customersMapping, openRealTandem, type RealTandem } from './tandem.ts'

let tandem: RealTandem
afterEach(() => tandem?.close())

describe.each(ODOO_SERIES)('a mapping that makes nothing in a real Odoo %s', (series) => {
  it.skipIf(!hasRealOdoo(series))(
    'joins what is there, and leaves the rest alone until its partner comes',
    async () => {
      const [protocol = 'jsonrpc'] = PROTOCOLS_OF[series]
      const more = 'creates: { from_external: never }'
      const mapping = (mark: string, schema: string): string => customersMapping(mark, schema, more)
      tandem = await openRealTandem({ odoo: realOdoo(series), protocol, mapping })
      const [a, b] = [`${tandem.mark}-A`, `${tandem.mark}-B`]
      await tandem.insertPartner({ name: 'Ann', ref: a })
      await tandem.shop.query(`INSERT INTO customers (code, full_name) VALUES ($1, 'Ann'), ($2, 'Bob'), (NULL, 'Cy')`, [
        a,
        b,
      ])
      await tandem.settle()
      expect(await tandem.partners()).toMatchObject([{ name: 'Ann' }])
      await tandem.insertPartner({ name: 'Bob', ref: b })
      await tandem.settle()
      expect(await tandem.customers()).toHaveLength(3)
      expect(tandem.events.filter(({ kind }) => kind === 'adopted')).toHaveLength(2)
      await tandem.shop.query(`UPDATE customers SET phone = '7' WHERE code = $1`, [b])
      await tandem.settle()
      expect(await tandem.partners()).toMatchObject([{ name: 'Ann' }, { name: 'Bob', phone: '7' }])
      expect(await tandem.differences()).toEqual([])
    },
  )
})
