import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { countBytes } from './count-bytes.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
import { picture } from './pictures.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** Pictures of records, transferred where they differ. */
export function describePictures(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series} over ${protocol}`, () => cases(series, protocol))
}

function cases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  const person = personOf(odoo)
  const counter = countBytes()
  let tandem: RealTandem
  afterEach(() => tandem?.close())

  const PICTURES = {
    observe: counter.observe,
    table: `CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text, photo bytea)`,
    mapping: (mark: string, schema: string) => `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external: { connection: shop, collection: ${schema}.customers, key: code }
fields:
  - { odoo: name, external: full_name }
  - { odoo: image_1920, external: photo }
deletes: { from_odoo: delete, from_external: archive }
`,
  }

  async function imageInOdoo(ref: string): Promise<Buffer | null> {
    const [row] = await person<{ image_1920: string | false }[]>('res.partner', 'search_read', {
      domain: [['ref', '=', ref]],
      fields: ['image_1920'],
    })
    return row?.image_1920 ? Buffer.from(row.image_1920, 'base64') : null
  }

  async function photoInShop(code: string): Promise<Buffer | null> {
    const { rows } = await tandem.shop.query<{ photo: Buffer | null }>('SELECT photo FROM customers WHERE code = $1', [
      code,
    ])
    return rows[0]?.photo ?? null
  }

  describe(`pictures of records`, () => {
    it('go both ways, and the form that Odoo makes of one is no edit', async () => {
      tandem = await openRealTandem({ ...PICTURES, odoo, protocol })
      const [a, b] = [`${tandem.mark}-A`, `${tandem.mark}-B`]
      const [small, large] = [picture(60, 40), picture(2400, 100)]
      await tandem.insertPartner({ name: 'Ann', ref: a, image_1920: small.toString('base64') })
      await tandem.shop.query(`INSERT INTO customers (code, full_name, photo) VALUES ($1, 'Bob', $2)`, [b, large])
      await tandem.settle()
      expect(await photoInShop(a)).toEqual(small)
      const shrunk = await imageInOdoo(b)
      expect(shrunk?.subarray(1, 4).toString()).toBe('PNG')
      expect(shrunk).not.toEqual(large)
      expect(counter.take()).toEqual({ odoo: small.length, external: large.length })
      await expectQuiet(tandem, counter)
      expect(await photoInShop(b)).toEqual(large)

      const other = picture(50, 50)
      const [partner] = await person<{ id: number }[]>('res.partner', 'search_read', {
        domain: [['ref', '=', b]],
        fields: ['id'],
      })
      await person('res.partner', 'write', { ids: [partner?.id], vals: { image_1920: other.toString('base64') } })
      await tandem.settle()
      expect(await photoInShop(b)).toEqual(other)
      await expectQuiet(tandem, counter)
    })

    it('that are equal when the records first meet are not transferred', async () => {
      tandem = await openRealTandem({ ...PICTURES, odoo, protocol })
      const [a, b] = [`${tandem.mark}-A`, `${tandem.mark}-B`]
      const [same, one, two] = [picture(80, 80), picture(30, 30), picture(31, 30)]
      await tandem.insertPartner({ name: 'Ann', ref: a, image_1920: same.toString('base64') })
      await tandem.insertPartner({ name: 'Bob', ref: b, image_1920: one.toString('base64') })
      await tandem.shop.query(
        `INSERT INTO customers (code, full_name, photo) VALUES ($1, 'Ann', $2), ($3, 'Bob', $4)`,
        [a, same, b, two],
      )
      await tandem.settle()
      const written = tandem.events.filter(({ kind }) => kind === 'updated' || kind === 'created')
      expect(written).toHaveLength(1)
      // One of the equal two is read to be digested; those of different sizes only to be transferred.
      const transferred = counter.take()
      expect([same.length, same.length + two.length]).toContain(transferred.external)
      expect([0, one.length]).toContain(transferred.odoo)
      expect(await imageInOdoo(b)).toEqual(await photoInShop(b))
      await expectQuiet(tandem, counter)
    })

    it('are removed where they were removed on the other side', async () => {
      tandem = await openRealTandem({ ...PICTURES, odoo, protocol })
      const [a, b] = [`${tandem.mark}-A`, `${tandem.mark}-B`]
      const ann = await tandem.insertPartner({ name: 'Ann', ref: a, image_1920: picture(20, 20).toString('base64') })
      await tandem.insertPartner({ name: 'Bob', ref: b, image_1920: picture(20, 20).toString('base64') })
      await tandem.settle()
      await person('res.partner', 'write', { ids: [ann], vals: { image_1920: false } })
      await tandem.shop.query('UPDATE customers SET photo = NULL WHERE code = $1', [b])
      await tandem.settle()
      expect(await photoInShop(a)).toBeNull()
      expect(await imageInOdoo(b)).toBeNull()
      await expectQuiet(tandem, counter)
      await tandem.shop.query(`UPDATE customers SET photo = '' WHERE code = $1`, [b])
      await tandem.settle()
      expect(await imageInOdoo(b)).toBeNull()
      await expectQuiet(tandem, counter)
    })

    it('that Odoo cannot read are parked, each alone', async () => {
      tandem = await openRealTandem({ ...PICTURES, odoo, protocol })
      await tandem.shop.query(
        `INSERT INTO customers (code, full_name, photo) VALUES ($1, 'Ann', $2), ($3, 'Bob', $4)`,
        [`${tandem.mark}-A`, randomBytes(500), `${tandem.mark}-B`, picture(10, 10)],
      )
      await tandem.settle()
      expect(await tandem.partners()).toMatchObject([{ name: 'Bob' }])
      const dead = tandem.events.filter(({ kind }) => kind === 'dead')
      expect(dead).toMatchObject([{ message: expect.stringContaining('could not be decoded as an image') }])
    })
  })
}
