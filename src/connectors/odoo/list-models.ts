import type { CollectionInfo } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { asRows, type OdooConnection } from './connection.ts'

/** What most people look for, where the list of models may not be read. */
const USUAL: readonly (readonly [name: string, label: string])[] = [
  ['account.move', 'Invoice'],
  ['account.payment', 'Payment'],
  ['product.product', 'Product Variant'],
  ['product.template', 'Product'],
  ['purchase.order', 'Purchase Order'],
  ['res.partner', 'Contact'],
  ['sale.order', 'Sales Order'],
  ['stock.quant', 'Quantity on Hand'],
]

/** The models whose records are kept: wizards are not. */
export async function listModels(connection: OdooConnection, signal: AbortSignal): Promise<readonly CollectionInfo[]> {
  try {
    const args = { domain: [['transient', '=', false]], fields: ['model', 'name'], order: 'model' }
    const rows = asRows(await connection.call('ir.model', 'search_read', args, signal), 'ir.model')
    return rows.map(({ model, name }) => ({ name: String(model), label: name ? String(name) : null }))
  } catch (error) {
    if (!(error instanceof SyncError) || !['forbidden', 'forbidden_record', 'schema'].includes(error.code)) throw error
    return USUAL.map(([name, label]) => ({ name, label }))
  }
}
