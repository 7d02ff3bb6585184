import { rpcArguments } from '../../src/connectors/odoo/transport/rpc-arguments.ts'
import type { Fields, Value } from '../../src/contract/value.ts'

export interface OdooUser {
  readonly url: string
  readonly database: string
  readonly login: string
  readonly key: string
}

const userIds = new Map<string, Promise<Value>>()

/** Calls any version of Odoo as a person would, over `/jsonrpc`, without the connector. Arguments by Python names. */
export async function callOdoo(user: OdooUser, model: string, method: string, args: Fields): Promise<Value> {
  const { url, database, login, key } = user
  const who = JSON.stringify(user)
  const userId = userIds.get(who) ?? post(url, 'common', 'authenticate', [database, login, key, {}])
  userIds.set(who, userId)
  const { args: positional, kwargs } = rpcArguments({ model, method, args, changesData: true })
  return post(url, 'object', 'execute_kw', [database, await userId, key, model, method, positional, kwargs])
}

async function post(url: string, service: string, method: string, args: readonly Value[]): Promise<Value> {
  const response = await fetch(`${url}/jsonrpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'call', params: { service, method, args } }),
  })
  const answer = (await response.json()) as { result?: Value; error?: { data?: { message?: string } } }
  if (answer.error !== undefined) throw new Error(`${args.slice(3, 5).join('.')}: ${answer.error.data?.message}`)
  return answer.result ?? null
}
