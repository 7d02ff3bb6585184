import { describe } from 'vitest'
import { ODOO_SKIPS, setUpOdoo } from '../connectors/odoo-setup.ts'
import { describeConnector } from '../connectors/suite.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'

describe.skipIf(!hasRealOdoo('14')).each(PROTOCOLS_OF['14'])('Odoo 14 over %s', (protocol) => {
  describeConnector('odoo, against a real one', () => setUpOdoo({ ...realOdoo('14'), protocol }), { skip: ODOO_SKIPS })
})
