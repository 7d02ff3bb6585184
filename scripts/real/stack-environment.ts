import { join } from 'node:path'
import type { OdooSeries } from './odoo-install.ts'
import type { Odoo } from './odoo-server.ts'
import { adminLogin } from './odoo-template.ts'
import type { Stack } from './stack.ts'

/** How to reach a stack, by the names that the README and the tests use. */
export function stackEnvironment({ odoo, series, shopUrl }: Stack): Record<string, string> {
  return { ...odooEnvironment(odoo, series, 'ODOO'), PG_URL: shopUrl }
}

/** Odoo 14 beside 19: without another database for the other side. */
export function odoo14Environment({ odoo, series }: Stack): Record<string, string> {
  return odooEnvironment(odoo, series, 'ODOO14')
}

function odooEnvironment(odoo: Odoo, series: OdooSeries, name: string): Record<string, string> {
  const values = {
    ODOO_URL: odoo.url,
    ODOO_DB: odoo.database,
    ODOO_LOGIN: odoo.login,
    ODOO_PASSWORD: odoo.password,
    ODOO_API_KEY: odoo.apiKey,
    ODOO_ADMIN_API_KEY: odoo.adminApiKey,
    ODOO_ADMIN_LOGIN: adminLogin,
    ODOO_ADMIN_PASSWORD: odoo.adminPassword,
    ODOO_PG_URL: odoo.postgresUrl,
    // Where Odoo looks for modules of one's own.
    ODOO_ADDONS: join(odoo.server.cwd, 'addons', `${series}.0`),
  }
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key.replace('ODOO', name), value]))
}

export function asShellExports(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'\n`)
  return lines.join('')
}
