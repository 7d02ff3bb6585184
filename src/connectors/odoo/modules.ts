import { SyncError } from '../../contract/error.ts'
import { asRows, type OdooConnection } from './connection.ts'

/**
 * Which module brings which model, read from the source of Odoo 19: a server that lacks the module knows nothing of its
 * models, so that it cannot be asked. Modules of Odoo itself that are synced often; any other is told without a name.
 */
const MODULE_OF_MODEL: Readonly<Record<string, string>> = {
  'sale.order': 'sale',
  'sale.order.line': 'sale',
  'sale.order.template': 'sale_management',
  'account.move': 'account',
  'account.move.line': 'account',
  'account.payment': 'account',
  'account.journal': 'account',
  'account.account': 'account',
  'account.tax': 'account',
  'account.payment.term': 'account',
  'account.fiscal.position': 'account',
  'account.analytic.account': 'analytic',
  'account.analytic.line': 'analytic',
  'stock.picking': 'stock',
  'stock.picking.type': 'stock',
  'stock.move': 'stock',
  'stock.quant': 'stock',
  'stock.lot': 'stock',
  'stock.location': 'stock',
  'stock.warehouse': 'stock',
  'purchase.order': 'purchase',
  'purchase.order.line': 'purchase',
  'crm.lead': 'crm',
  'crm.stage': 'crm',
  'crm.team': 'sales_team',
  'product.template': 'product',
  'product.product': 'product',
  'product.category': 'product',
  'product.pricelist': 'product',
  'product.pricelist.item': 'product',
  'product.supplierinfo': 'product',
  'product.attribute': 'product',
  'uom.uom': 'uom',
  'hr.employee': 'hr',
  'hr.department': 'hr',
  'hr.job': 'hr',
  'hr.leave': 'hr_holidays',
  'hr.expense': 'hr_expense',
  'hr.applicant': 'hr_recruitment',
  'project.project': 'project',
  'project.task': 'project',
  'mrp.production': 'mrp',
  'mrp.bom': 'mrp',
  'mrp.workcenter': 'mrp',
  'event.event': 'event',
  'event.registration': 'event',
  'pos.order': 'point_of_sale',
  'pos.config': 'point_of_sale',
  'loyalty.program': 'loyalty',
  'loyalty.card': 'loyalty',
  'fleet.vehicle': 'fleet',
  'calendar.event': 'calendar',
  'repair.order': 'repair',
  'delivery.carrier': 'delivery',
  'maintenance.request': 'maintenance',
  'maintenance.equipment': 'maintenance',
  'mailing.contact': 'mass_mailing',
  'mailing.list': 'mass_mailing',
  'survey.survey': 'survey',
  'payment.transaction': 'payment',
  'payment.provider': 'payment',
  website: 'website',
  'website.page': 'website',
  'blog.post': 'website_blog',
  'lunch.order': 'lunch',
}

/** The same for fields that a module adds to a model of another one. */
const MODULE_OF_FIELD: Readonly<Record<string, string>> = {
  'res.partner.credit_limit': 'account',
  'res.partner.customer_rank': 'account',
  'res.partner.supplier_rank': 'account',
  'res.partner.property_account_payable_id': 'account',
  'res.partner.property_account_position_id': 'account',
  'res.partner.property_account_receivable_id': 'account',
  'res.partner.property_payment_term_id': 'account',
  'res.partner.property_supplier_payment_term_id': 'account',
  'res.partner.property_product_pricelist': 'product',
  'res.partner.property_stock_customer': 'stock',
  'res.partner.property_stock_supplier': 'stock',
  'res.partner.property_delivery_carrier_id': 'delivery',
  'res.partner.opportunity_ids': 'crm',
  'res.partner.sale_order_ids': 'sale',
  'product.template.invoice_policy': 'sale',
  'product.template.expense_policy': 'sale',
  'product.template.purchase_method': 'purchase',
  'product.template.taxes_id': 'account',
  'product.template.supplier_taxes_id': 'account',
  'product.template.property_account_income_id': 'account',
  'product.template.property_account_expense_id': 'account',
  'product.template.is_storable': 'stock',
  'product.template.tracking': 'stock',
  'product.template.qty_available': 'stock',
  'product.template.route_ids': 'stock',
  'product.template.hs_code': 'stock_delivery',
  'product.template.available_in_pos': 'point_of_sale',
  'product.template.public_categ_ids': 'website_sale',
  'product.product.qty_available': 'stock',
  'sale.order.carrier_id': 'delivery',
  'sale.order.opportunity_id': 'sale_crm',
  'sale.order.picking_ids': 'sale_stock',
  'sale.order.picking_policy': 'sale_stock',
  'sale.order.warehouse_id': 'sale_stock',
  'sale.order.delivery_status': 'sale_stock',
  'sale.order.website_id': 'website_sale',
  'purchase.order.picking_ids': 'purchase_stock',
  'purchase.order.picking_type_id': 'purchase_stock',
  'purchase.order.receipt_status': 'purchase_stock',
  'stock.picking.sale_id': 'sale_stock',
  'stock.picking.purchase_id': 'purchase_stock',
  'stock.picking.carrier_id': 'stock_delivery',
  'stock.picking.carrier_tracking_ref': 'stock_delivery',
  'account.move.stock_move_ids': 'stock_account',
  'crm.lead.order_ids': 'sale_crm',
}

/**
 * What would bring a model, or a field of one, that this Odoo does not have: as a sentence, or null where it is not known.
 * The list of modules is readable by every internal user on 19, by administrators alone on 14.
 */
export async function whatBrings(
  connection: OdooConnection,
  model: string,
  field: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  const module = field === null ? MODULE_OF_MODEL[model] : MODULE_OF_FIELD[`${model}.${field}`]
  if (module === undefined) return null
  try {
    const args = { domain: [['name', '=', module]], fields: ['shortdesc', 'state'], limit: 1 }
    const [found] = asRows(await connection.call('ir.module.module', 'search_read', args, signal), 'ir.module.module')
    if (!found) return `The module ${module} brings it, which this server does not have.`
    const title = `The module ${module} (${String(found.shortdesc)}) brings it`
    if (found.state === 'installed')
      return `${title} and is installed: our user may not see it. Give the user its group.`
    return `${title} and is not installed. Install it in Odoo, under Apps.`
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    return `The module ${module} brings it. Install it in Odoo, under Apps; if it is installed, give our user its group.`
  }
}
