import { startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'
import { describeOdooConformance } from '../conformance/odoo-suite.ts'

describeOdooConformance('the stand-in', async () => {
  let us = Date.now() * 1000
  const sandbox = await startSandboxOdoo({ nowUs: () => us })
  return {
    ...sandbox,
    passSecond: () => {
      us += 1_000_000
    },
  }
})
