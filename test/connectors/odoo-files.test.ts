import { PROTOCOLS } from '../../src/connectors/odoo/transport/transport.ts'
import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { describeOdooFiles } from './odoo-files.ts'

for (const protocol of PROTOCOLS) {
  describeOdooFiles(`the stand-in over ${protocol}`, async () => {
    const sandbox = await startSandboxOdoo()
    const person = { personLogin: sandbox.adminLogin, personKey: sandbox.adminApiKey }
    return { ...sandbox, ...person, series: '19', protocol }
  })
}
