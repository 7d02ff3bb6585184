import { describe } from 'vitest'
import { PROTOCOLS } from '../../src/connectors/odoo/transport/transport.ts'
import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { describeConnector } from '../../src/testing/connector-suite.ts'
import { createSandboxClock } from '../sandbox/clock.ts'
import { ODOO_SKIPS, setUpOdoo } from './odoo-setup.ts'

describe.each(PROTOCOLS)('over %s', (protocol) => {
  describeConnector(
    'odoo, against the stand-in',
    async () => {
      const time = createSandboxClock()
      const sandbox = await startSandboxOdoo({ nowUs: time.nowUs })
      const person = { personLogin: sandbox.adminLogin, personKey: sandbox.adminApiKey }
      const setup = await setUpOdoo({ ...sandbox, ...person, series: '19', protocol, time })
      return { ...setup, tearDown: sandbox.close }
    },
    { skip: ODOO_SKIPS },
  )
})
