import { request } from 'undici'
import { odooDatabaseAccess, realEnvironment } from './environment.ts'

/** A person who works in Odoo: calls of the administrator over JSON-2, behind Tandem's back. */
export async function asPerson<T>(model: string, method: string, args: Readonly<Record<string, unknown>>): Promise<T> {
  const { odooUrl, odooDatabase } = realEnvironment()
  const { odooAdminApiKey } = odooDatabaseAccess()
  const { statusCode, body } = await request(`${odooUrl}/json/2/${model}/${method}`, {
    method: 'POST',
    headers: {
      authorization: `bearer ${odooAdminApiKey}`,
      'x-odoo-database': odooDatabase,
      'content-type': 'application/json',
    },
    body: JSON.stringify(args),
  })
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`${model}.${method}: ${statusCode} ${text.slice(0, 300)}`)
  return JSON.parse(text) as T
}
