import { request } from 'undici'

export interface OdooAddress {
  readonly url: string
  readonly apiKey: string
  readonly database: string
}

/**
 * True when Odoo answers a call of its API. `/web/health` does that seconds earlier, before the database's models are
 * loaded.
 */
export async function odooAnswers(odoo: OdooAddress): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${odoo.url}/json/2/res.users/context_get`, {
      method: 'POST',
      headers: {
        authorization: `bearer ${odoo.apiKey}`,
        'x-odoo-database': odoo.database,
        'content-type': 'application/json',
      },
      body: '{}',
      signal: AbortSignal.timeout(30_000),
    })
    await body.dump()
    return statusCode === 200
  } catch {
    return false
  }
}
