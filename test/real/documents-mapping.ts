import type { RealOdoo } from './environment.ts'
import { asPerson } from './person.ts'

export interface DocumentsOfOne {
  /** The contact in Odoo that they belong to. On 14, a document of a model that belongs to no record is seen by nobody. */
  readonly owner: number
  readonly table: string
  readonly mapping: (mark: string, schema: string) => string
}

/** A mapping of the documents of one contact, which is made for them, and a table of files. */
export async function documentsOfOne(odoo: RealOdoo): Promise<DocumentsOfOne> {
  const [owner = 0] = await asPerson<number[]>('res.partner', 'create', { vals_list: [{ name: 'Files' }] }, odoo)
  return {
    owner,
    table: `CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, name text, type text, body bytea)`,
    mapping: (mark, schema) => `
mapping: customers
odoo:
  connection: erp
  model: ir.attachment
  domain: [["res_model", "=", "res.partner"], ["description", "=like", "${mark}%"]]
  key: description
  defaults: { res_model: res.partner, res_id: ${owner} }
  archive: null
external: { connection: shop, collection: ${schema}.documents, key: code }
fields:
  - name
  - { odoo: mimetype, external: type, direction: from-odoo }
  - { odoo: datas, external: body }
deletes: { from_odoo: delete, from_external: delete }
page_size: 2
`,
  }
}
