import { describeOdooFiles } from '../connectors/odoo-files.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'

for (const series of ['19', '14'] as const) {
  for (const protocol of hasRealOdoo(series) ? PROTOCOLS_OF[series] : []) {
    describeOdooFiles(`Odoo ${series} over ${protocol}`, async () => ({ ...realOdoo(series), protocol }))
  }
}
