import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { describeOdooFiles } from './odoo-files.ts'

describeOdooFiles('the stand-in', async () => {
  const sandbox = await startSandboxOdoo()
  return { ...sandbox, personKey: sandbox.adminApiKey }
})
