import { request } from 'undici'

export interface OdooAddress {
  readonly url: string
  readonly login: string
  readonly apiKey: string
  readonly database: string
}

/**
 * True when Odoo answers a call of its API. `/web/health` does that seconds earlier, before the database's models are
 * loaded.
 */
export async function odooAnswers(odoo: OdooAddress): Promise<boolean> {
  try {
    const args = [odoo.database, odoo.login, odoo.apiKey, {}]
    const { body } = await request(`${odoo.url}/jsonrpc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ params: { service: 'common', method: 'authenticate', args } }),
      signal: AbortSignal.timeout(30_000),
    })
    const answer = (await body.json()) as { readonly result?: unknown }
    return typeof answer.result === 'number'
  } catch {
    return false
  }
}
