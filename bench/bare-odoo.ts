import { Pool } from 'undici'
import { odooSettings } from '../src/connectors/odoo/settings.ts'

/** The least that a program of one's own would do: one JSON-2 call, its JSON parsed, nothing else. */
export interface BareOdoo {
  call<T>(model: string, method: string, args: Readonly<Record<string, unknown>>): Promise<T>
  close(): Promise<void>
}

export function openBareOdoo(odoo: { url: string; database: string }, apiKey: string): BareOdoo {
  const pool = new Pool(odoo.url, { connections: 1, headersTimeout: 180_000, bodyTimeout: 180_000 })
  const headers = {
    authorization: `bearer ${apiKey}`,
    'x-odoo-database': odoo.database,
    'content-type': 'application/json',
  }
  return {
    async call<T>(model: string, method: string, args: Readonly<Record<string, unknown>>): Promise<T> {
      const answer = await pool.request({
        method: 'POST',
        path: `/json/2/${model}/${method}`,
        headers,
        body: JSON.stringify(args),
      })
      if (answer.statusCode === 200) return (await answer.body.json()) as T
      throw new Error(`${model}.${method}: ${answer.statusCode} ${(await answer.body.text()).slice(0, 500)}`)
    },
    close: () => pool.close(),
  }
}

/** The context that Tandem's connector calls with when the configuration says nothing. */
export function tandemContext(): Readonly<Record<string, unknown>> {
  return odooSettings.parse({ type: 'odoo', url: 'http://127.0.0.1', database: 'any', api_key: 'any' }).context
}
