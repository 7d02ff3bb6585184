import { describeOdooConformance } from '../conformance/odoo-suite.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo, underConformance } from './environment.ts'

if (hasRealOdoo('14')) {
  for (const protocol of PROTOCOLS_OF['14']) {
    const start = async () => underConformance(realOdoo('14'), protocol)
    describeOdooConformance(`Odoo 14 over ${protocol}`, start, protocol, '14')
  }
}
