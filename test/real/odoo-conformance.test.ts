import { describeOdooConformance } from '../conformance/odoo-suite.ts'

function variable(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`set ${name}, as scripts/test-real.ts does`)
  return value
}

describeOdooConformance('a real Odoo 19', async () => {
  const adminApiKey = process.env.ODOO_ADMIN_API_KEY
  return {
    url: variable('ODOO_URL'),
    database: variable('ODOO_DB'),
    apiKey: variable('ODOO_API_KEY'),
    ...(adminApiKey && { adminApiKey }),
    close: async () => undefined,
  }
})
