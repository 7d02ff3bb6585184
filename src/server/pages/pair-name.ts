/** A pair of fields as a person reads it: "name / full_name"; once where both sides call it the same. */
export function pairName(pair: string): string {
  const [odoo = '', external = ''] = pair.split(':')
  return odoo === external || external === '' ? odoo : `${odoo} / ${external}`
}
