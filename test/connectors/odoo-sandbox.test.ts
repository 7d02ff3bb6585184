import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { ODOO_SKIPS, setUpOdoo } from './odoo-setup.ts'
import { describeConnector } from './suite.ts'

describeConnector(
  'odoo, against the stand-in',
  async () => {
    const { url, database, apiKey, adminApiKey, close } = await startSandboxOdoo()
    const setup = await setUpOdoo({ url, database, apiKey, personKey: adminApiKey })
    return { ...setup, tearDown: close }
  },
  { skip: ODOO_SKIPS },
)
