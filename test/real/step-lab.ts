import { createOdooConnector } from '../../src/connectors/odoo/index.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import type { Caller } from '../../src/contract/caller.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import type { RealOdoo } from './environment.ts'
import { asPerson } from './person.ts'

/** What tests of business methods do: call them as Tandem does, and make and look at records as a person does. */
export interface StepLab extends AsyncDisposable {
  callerOf(model: string): Caller
  call(model: string, id: number, how: Value): Promise<Value>
  make(model: string, values: Fields): Promise<number>
  read(model: string, id: number, ...fields: readonly string[]): Promise<Fields>
}

/** @param who whose credentials Tandem uses: its own ordinary user's, or the administrator's. */
export function openStepLab(odoo: RealOdoo, protocol: Protocol, who: 'tandem' | 'administrator' = 'tandem'): StepLab {
  const own = { user: odoo.login, api_key: odoo.apiKey, password: odoo.password }
  const theirs = { user: odoo.personLogin, api_key: odoo.personKey, password: odoo.personPassword }
  const credentials = who === 'tandem' ? own : theirs
  const settings = { type: 'odoo', url: odoo.url, database: odoo.database, protocol, ...credentials }
  const connector = createOdooConnector(settings, 'erp')
  const { signal } = new AbortController()
  const callerOf = (model: string): Caller => {
    const { caller } = connector.collection({ spec: { model }, fields: [], consumer: 'test' })
    if (!caller) throw new Error('nothing can be called')
    return caller
  }
  return {
    callerOf,
    call: (model, id, how) => callerOf(model).call(String(id), how, signal),
    async make(model, values) {
      const [id = 0] = await asPerson<number[]>(model, 'create', { vals_list: [values] }, odoo)
      return id
    },
    async read(model, id, ...fields) {
      const [row = {}] = await asPerson<Fields[]>(model, 'read', { ids: [id], fields, load: '' }, odoo)
      return row
    },
    [Symbol.asyncDispose]: () => connector[Symbol.asyncDispose](),
  }
}
