import { PROTOCOLS } from '../../src/connectors/odoo/transport/transport.ts'
import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { describeOdooConformance } from '../conformance/odoo-suite.ts'

for (const protocol of PROTOCOLS) {
  const start = async () => {
    let us = Date.now() * 1000
    const sandbox = await startSandboxOdoo({ nowUs: () => us })
    return {
      ...sandbox,
      series: '19',
      protocol,
      adminPassword: sandbox.password,
      passSecond: () => {
        us += 1_000_000
      },
    } as const
  }
  describeOdooConformance(`the stand-in over ${protocol}`, start, protocol)
}
