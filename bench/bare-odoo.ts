import { Pool } from 'undici'
import { odooSettings } from '../src/connectors/odoo/settings.ts'
import { openTransport } from '../src/connectors/odoo/transport/open-transport.ts'
import type { Fields } from '../src/contract/value.ts'
import type { Systems } from './systems.ts'

/** The least that a program of one's own would do: a call, its answer parsed, nothing else. */
export interface BareOdoo {
  call<T>(model: string, method: string, args: Readonly<Record<string, unknown>>): Promise<T>
  close(): Promise<void>
}

/** Over JSON-2 without any of Tandem's code; over the other protocols with its transport alone. */
export function openBareOdoo(systems: Systems, apiKey: string): BareOdoo {
  return systems.protocol === 'json2' ? overJson2(systems, apiKey) : overTransport(systems, apiKey)
}

function overTransport({ url, database, protocol, login: user }: Systems, apiKey: string): BareOdoo {
  const settings = { type: 'odoo', url, database, protocol, user, api_key: apiKey }
  const transport = openTransport(odooSettings.parse(settings))
  const { signal } = new AbortController()
  return {
    call: async <T>(model: string, method: string, args: Readonly<Record<string, unknown>>) =>
      (await transport.call({ model, method, args: args as Fields, changesData: false }, signal)) as T,
    close: () => transport.close(),
  }
}

function overJson2(odoo: Systems, apiKey: string): BareOdoo {
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
