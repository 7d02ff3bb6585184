import { ODOO_SKIPS, setUpOdoo } from '../connectors/odoo-setup.ts'
import { describeConnector } from '../connectors/suite.ts'
import { odooDatabaseAccess, realEnvironment } from './environment.ts'

describeConnector(
  'odoo, against a real one',
  () => {
    const { odooUrl: url, odooDatabase: database, odooApiKey: apiKey } = realEnvironment()
    return setUpOdoo({ url, database, apiKey, personKey: odooDatabaseAccess().odooAdminApiKey })
  },
  { skip: ODOO_SKIPS },
)
