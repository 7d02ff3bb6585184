import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { countBytes } from './count-bytes.ts'
import { documentsOfOne } from './documents-mapping.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
import { picture } from './pictures.ts'
import { startSync } from './start-sync.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** Files that are records of their own: `ir.attachment`. */
export function describeDocuments(series: OdooSeries, protocol: Protocol): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series} over ${protocol}`, () => cases(series, protocol))
}

function cases(series: OdooSeries, protocol: Protocol): void {
  const odoo = realOdoo(series)
  const person = personOf(odoo)
  const counter = countBytes()
  let tandem: RealTandem
  afterEach(() => tandem?.close())

  describe('documents', () => {
    it('go both ways with their bytes, and pictures of records are none of them', async () => {
      const documents = await documentsOfOne(odoo)
      tandem = await openRealTandem({ ...documents, observe: counter.observe, odoo, protocol })
      await tandem.insertPartner({ name: 'Ann', image_1920: picture(20, 20).toString('base64') })
      const files = Array.from({ length: 5 }, (_, index) => randomBytes(1000 * (index + 1)))
      await person('ir.attachment', 'create', {
        vals_list: files.map((file, index) => ({
          name: `${index}.bin`,
          description: `${tandem.mark}-${index}`,
          res_model: 'res.partner',
          res_id: documents.owner,
          datas: file.toString('base64'),
        })),
      })
      const sent = randomBytes(3_000_000)
      await tandem.shop.query(`INSERT INTO documents (code, name, body) VALUES ($1, 'x.bin', $2)`, [
        `${tandem.mark}-x`,
        sent,
      ])
      await tandem.settle()
      const { rows } = await tandem.shop.query<{ code: string; body: Buffer }>('SELECT * FROM documents ORDER BY code')
      expect(rows.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 'x'].map((each) => `${tandem.mark}-${each}`))
      for (const [index, file] of files.entries()) expect(rows[index]?.body.equals(file)).toBe(true)
      const [stored] = await person<{ datas: string }[]>('ir.attachment', 'search_read', {
        domain: [['description', '=', `${tandem.mark}-x`]],
        fields: ['datas'],
      })
      expect(Buffer.from(stored?.datas ?? '', 'base64').equals(sent)).toBe(true)
      await expectQuiet(tandem, counter)
      await tandem.shop.query('DELETE FROM documents WHERE code = $1', [`${tandem.mark}-x`])
      await tandem.settle()
      const left = { domain: [['description', '=like', `${tandem.mark}%`]] }
      expect(await person('ir.attachment', 'search_count', left)).toBe(5)
    })
  })

  const LINKED = `
  CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text);
  CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, name text, body bytea,
    customer_id bigint REFERENCES customers (id))`

  const CUSTOMERS = (mark: string, schema: string): string => `
mapping: customers
odoo: { connection: erp, model: res.partner, domain: [[function, "=", "${mark}"]], key: ref, defaults: { function: "${mark}" } }
external: { connection: shop, collection: ${schema}.customers, key: code }
fields: [{ odoo: name, external: full_name }]
deletes: { from_odoo: ignore, from_external: archive }
`

  const LINKED_DOCUMENTS = (mark: string, schema: string): string => `
mapping: documents
odoo:
  connection: erp
  model: ir.attachment
  domain: [["res_model", "=", "res.partner"], ["description", "=like", "${mark}%"]]
  key: description
  defaults: { res_model: res.partner }
  archive: null
external: { connection: shop, collection: ${schema}.documents, key: code }
fields:
  - name
  - { odoo: datas, external: body }
  - { odoo: res_id, external: customer_id, link: customers }
deletes: { from_odoo: ignore, from_external: ignore }
`

  describe('documents of customers', () => {
    it('are tied to them on both sides', async () => {
      let schema = ''
      tandem = await openRealTandem({
        odoo,
        protocol,
        table: LINKED,
        mapping: (mark, own) => {
          schema = own
          return CUSTOMERS(mark, own)
        },
      })
      const { mark } = tandem
      writeFileSync(join(tandem.folder, 'mappings', 'documents.yaml'), LINKED_DOCUMENTS(mark, schema))
      const ann = await tandem.insertPartner({ name: 'Ann', ref: `${mark}-A` })
      const [ours, theirs] = [randomBytes(5000), randomBytes(6000)]
      const vals = { name: 'o.bin', description: `${mark}-o`, res_model: 'res.partner', res_id: ann }
      await person('ir.attachment', 'create', { vals_list: [{ ...vals, datas: ours.toString('base64') }] })
      await tandem.shop.query(`INSERT INTO customers (code, full_name) VALUES ($1, 'Bob')`, [`${mark}-B`])
      await tandem.shop.query(`INSERT INTO documents (code, name, body, customer_id) VALUES ($1, 't.bin', $2, 1)`, [
        `${mark}-t`,
        theirs,
      ])
      expect((await startSync(tandem.configFile).ended).code).toBe(0)
      expect((await startSync(tandem.configFile).ended).code).toBe(0)
      const { rows } = await tandem.shop.query(
        `SELECT d.code, d.body, c.full_name FROM documents d JOIN customers c ON c.id = d.customer_id ORDER BY d.code`,
      )
      expect(rows).toEqual([
        { code: `${mark}-o`, body: ours, full_name: 'Ann' },
        { code: `${mark}-t`, body: theirs, full_name: 'Bob' },
      ])
      const [bob] = await person<{ id: number }[]>('res.partner', 'search_read', {
        domain: [['ref', '=', `${mark}-B`]],
        fields: [],
      })
      const [stored] = await person<object[]>('ir.attachment', 'search_read', {
        domain: [['description', '=', `${mark}-t`]],
        fields: ['res_id', 'res_model', 'datas'],
      })
      expect(stored).toMatchObject({ res_id: bob?.id, res_model: 'res.partner', datas: theirs.toString('base64') })
    })
  })
}
