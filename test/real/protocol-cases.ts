import { describe } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { describeConnector } from '../../src/testing/connector-suite.ts'
import { ODOO_SKIPS, setUpOdoo } from '../connectors/odoo-setup.ts'
import { hasRealOdoo, realOdoo } from './environment.ts'
import { describeOdooConnector } from './odoo-connector-cases.ts'

/**
 * What every connector can do, and what this one does with a real Odoo, over one protocol. Several of these run side by
 * side. `reading` is about `write_date`, which is the same over each protocol of a version: once is enough.
 */
export function describeProtocol(series: OdooSeries, protocol: Protocol, parts = { reading: false }): void {
  describe.skipIf(!hasRealOdoo(series))(`Odoo ${series} over ${protocol}`, () => {
    describeConnector('odoo, against a real one', () => setUpOdoo({ ...realOdoo(series), protocol }), {
      skip: ODOO_SKIPS,
    })
  })
  describeOdooConnector(series, protocol, parts)
}
