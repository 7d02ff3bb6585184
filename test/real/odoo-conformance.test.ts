import { describeOdooConformance } from '../conformance/odoo-suite.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo, underConformance } from './environment.ts'

if (hasRealOdoo('19')) {
  for (const protocol of PROTOCOLS_OF['19']) {
    describeOdooConformance(
      `Odoo 19 over ${protocol}`,
      async () => underConformance(realOdoo('19'), protocol),
      protocol,
    )
  }
}
