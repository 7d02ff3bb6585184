import { describe } from 'vitest'
import { ODOO_SKIPS, setUpOdoo } from '../connectors/odoo-setup.ts'
import { describeConnector } from '../connectors/suite.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'

describe.skipIf(!hasRealOdoo('19')).each(PROTOCOLS_OF['19'])('Odoo 19 over %s', (protocol) => {
  describeConnector('odoo, against a real one', () => setUpOdoo({ ...realOdoo('19'), protocol }), { skip: ODOO_SKIPS })
})
