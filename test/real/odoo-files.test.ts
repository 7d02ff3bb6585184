import { describeOdooFiles } from '../connectors/odoo-files.ts'
import { hasOdooDatabaseAccess, odooDatabaseAccess, realEnvironment } from './environment.ts'

if (hasOdooDatabaseAccess) {
  describeOdooFiles('a real Odoo 19', async () => {
    const { odooUrl: url, odooDatabase: database, odooApiKey: apiKey } = realEnvironment()
    return { url, database, apiKey, personKey: odooDatabaseAccess().odooAdminApiKey }
  })
}
