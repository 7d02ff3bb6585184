import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { createOdooConnectorByClock } from '../../src/connectors/odoo/index.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import type { Connector } from '../../src/contract/connector.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import type { CaseName, ConnectorSetup } from '../../src/testing/connector-suite.ts'
import { callOdoo } from './call-odoo.ts'

/** An Odoo to test against, real or not. */
export interface OdooUnderTest {
  readonly url: string
  readonly database: string
  readonly series: OdooSeries
  /** Of Tandem's own user. */
  readonly login: string
  readonly apiKey: string
  readonly password: string
  /** Another user's: whoever edits behind our back. */
  readonly personLogin: string
  readonly personKey: string
  /** How Tandem's user calls. */
  readonly protocol: Protocol
  /** Where time can be put forward: the connector's clock, and what lets the time pass for both. Else it is waited for. */
  readonly time?: { readonly monotonicMs: () => number; readonly advance: (ms: number) => void }
}

const NOT_UNIQUE = "Odoo's `ref` is not unique: nothing stops a second record with the same key"
export const ODOO_SKIPS: Partial<Record<CaseName, string>> = {
  'create with a key that is taken answers `exists` and writes nothing': NOT_UNIQUE,
  'a create in one batch with its own double makes one record': NOT_UNIQUE,
}

const READ_FIELDS = [
  'ref',
  'name',
  'street',
  'zip',
  'comment',
  'color',
  'partner_latitude',
  'is_company',
  'type',
  'country_id',
  'active',
]

export function connectOdoo(odoo: OdooUnderTest, more: Fields = {}): Connector {
  const { url, database, protocol, login: user, apiKey, password } = odoo
  const settings = { type: 'odoo', url, database, protocol, user, api_key: apiKey, password, ...more }
  return createOdooConnectorByClock(settings, 'erp', odoo.time?.monotonicMs ?? (() => performance.now()))
}

/** Calls Odoo as another person, without the connector. */
export async function callAsPerson(odoo: OdooUnderTest, model: string, method: string, args: Fields): Promise<Value> {
  const { url, database, personLogin: login, personKey: key } = odoo
  return callOdoo({ url, database, login, key }, model, method, args)
}

/** Odoo tells times in whole seconds: after this, the second of a write is over, and the next one too. */
const SETTLE_MS = 2200

/** A prefix of `ref` that no other test uses, and the removal of everything under it. */
export function ownRecords(odoo: OdooUnderTest) {
  const prefix = `OC${randomUUID().slice(0, 8)}-`
  const domain = [['ref', '=like', `${prefix}%`]]
  return {
    prefix,
    domain,
    async remove() {
      const context = { active_test: false }
      const ids = await callAsPerson(odoo, 'res.partner', 'search', { domain, context })
      if (Array.isArray(ids) && ids.length > 0) await callAsPerson(odoo, 'res.partner', 'unlink', { ids })
    },
  }
}

export async function setUpOdoo(odoo: OdooUnderTest): Promise<ConnectorSetup> {
  const own = ownRecords(odoo)
  const isOld = odoo.series === '14'
  const countries = await callAsPerson(odoo, 'res.country', 'search', { domain: [], limit: 2, order: 'id' })
  return {
    connector: connectOdoo(odoo),
    reconnect: () => connectOdoo(odoo),
    request: {
      spec: { model: 'res.partner', domain: [...own.domain, ['zip', '!=', 'OUT']] },
      fields: READ_FIELDS,
      consumer: 'suite',
    },
    missing: { spec: { model: 'no.such.model' }, name: 'no.such.model' },
    fields: {
      key: 'ref',
      text: 'street',
      // Odoo 14 has no HTML in a contact.
      ...(isOld ? {} : { html: 'comment' }),
      integer: 'color',
      decimal: 'partner_latitude',
      boolean: 'is_company',
      selection: 'type',
      reference: 'country_id',
    },
    keyValue: (n) => `${own.prefix}${n}`,
    required: { name: 'Suite' },
    values: {
      decimal: [0.5, isOld ? 123.45679 : 123.4567891, -0.25, 0, 3, null],
      selection: ['invoice', 'contact'],
      reference: [...(countries as readonly Value[]), null],
    },
    // Odoo has no empty number.
    stored: (role, value) => (value === null && (role === 'decimal' || role === 'integer') ? 0 : value),
    refused: { type: 'nonsense' },
    outside: { zip: 'OUT' },
    person: {
      insert: async (fields) => {
        const ids = await callAsPerson(odoo, 'res.partner', 'create', { vals_list: [withFalse(fields)] })
        return String((ids as readonly Value[])[0])
      },
      edit: (id, fields) => callAsPerson(odoo, 'res.partner', 'write', { ids: [Number(id)], vals: withFalse(fields) }),
      remove: (id) => callAsPerson(odoo, 'res.partner', 'unlink', { ids: [Number(id)] }),
    },
    settle: () => (odoo.time === undefined ? sleep(SETTLE_MS) : odoo.time.advance(SETTLE_MS)),
    tearDown: own.remove,
  }
}

function withFalse(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value ?? false]))
}
