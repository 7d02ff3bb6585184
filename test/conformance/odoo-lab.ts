import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { expect } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { type OdooSettings, odooSettings } from '../../src/connectors/odoo/settings.ts'
import { pythonName } from '../../src/connectors/odoo/transport/odoo-fault.ts'
import { type OpenTransport, openTransport } from '../../src/connectors/odoo/transport/open-transport.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Fields as ContractFields } from '../../src/contract/value.ts'

/** An Odoo to test: the stand-in or the real one. */
export interface OdooUnderTest {
  readonly url: string
  readonly database: string
  readonly apiKey: string
  /** How it is called. JSON-2 as it is on the wire; the others by the connector's own transports. */
  readonly protocol: Protocol
  readonly series: OdooSeries
  readonly login: string
  readonly password: string
  readonly adminLogin?: string
  readonly adminPassword?: string
  /** A person's key with the rights of an administrator; what needs one is skipped without it. */
  readonly adminApiKey?: string
  /** Puts the server's clock on by a second, where that can be done without waiting. */
  passSecond?(): void
  close(): Promise<void>
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

export interface CallOptions {
  /** Null sends none. */
  readonly key?: string | null
  readonly database?: string | null
  /** Sent as it is, in place of the body. */
  readonly rawBody?: string
}

interface OdooFailure {
  /** Of HTTP; undefined where the protocol's own answer is always 200. */
  readonly status?: number
  readonly name: string
  readonly message: string
  readonly arguments?: readonly unknown[]
  readonly context?: unknown
  readonly debug?: string
}

export type Body = Readonly<Record<string, unknown>>
export type Fields = Record<string, unknown>

export const PARTNER = 'res.partner'
export const TAG = 'res.partner.category'

/** A connection to the Odoo under test, and a name for everything that the suite makes there. */
export interface Lab {
  readonly odoo: OdooUnderTest
  /** Begins every name and reference of this run. */
  readonly prefix: string
  post(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Reply>
  get(path: string): Promise<Reply>
  raw(model: string, method: string, body: Body, options?: CallOptions): Promise<Reply>
  /** The answer of a call that must succeed. */
  call<T = unknown>(model: string, method: string, body: Body, options?: CallOptions): Promise<T>
  /** The error of a call that must fail. */
  fail(model: string, method: string, body: Body, options?: CallOptions): Promise<OdooFailure>
  /** What `fail` gives for that class: with the status of JSON-2, or what the other protocols tell of the class. */
  failure(status: number, name: string): Partial<OdooFailure>
  /** A contact with this run's prefix in its name; `name` and `ref` get it before what is given. */
  partner(values?: Body): Promise<number>
  partners(valuesList: readonly Body[]): Promise<number[]>
  tag(name: string, values?: Body): Promise<number>
  read(id: number, fields: readonly string[], model?: string): Promise<Fields>
  /** What a field of a new contact reads as after `value` was written to it. */
  stored(field: string, value: unknown): Promise<unknown>
  /** Returns when a write gets a `write_date` that reads differently from any before. */
  nextSecond(): Promise<void>
  cleanUp(): Promise<void>
}

export function createLab(odoo: OdooUnderTest): Lab {
  const prefix = `tandem-${randomBytes(4).toString('hex')}-`
  const post: Lab['post'] = async (path, body, headers) => {
    const {
      statusCode,
      headers: replied,
      body: answer,
    } = await request(`${odoo.url}${path}`, { method: 'POST', body, headers })
    return { status: statusCode, headers: replied, text: await answer.text() }
  }
  const raw: Lab['raw'] = (model, method, body, { key = odoo.apiKey, database = odoo.database, rawBody } = {}) =>
    post(`/json/2/${model}/${method}`, rawBody ?? JSON.stringify(body), {
      'content-type': 'application/json',
      ...(key !== null && { authorization: `bearer ${key}` }),
      ...(database !== null && { 'x-odoo-database': database }),
    })
  const transports = new Map<string, OpenTransport>()
  const send = (model: string, method: string, body: Body, options?: CallOptions) => {
    const key = options?.key ?? odoo.apiKey
    const transport = transports.get(key) ?? openTransport(settingsFor(odoo, key))
    transports.set(key, transport)
    return transport.call({ model, method, args: withoutUndefined(body), changesData: true }, signal)
  }
  const call = async <T>(model: string, method: string, body: Body, options?: CallOptions): Promise<T> => {
    if (odoo.protocol !== 'json2') return (await send(model, method, body, options)) as T
    const reply = await raw(model, method, body, options)
    if (reply.status !== 200)
      throw new Error(`${model}/${method} answered ${reply.status}: ${reply.text.slice(0, 500)}`)
    return JSON.parse(reply.text) as T
  }
  const partners: Lab['partners'] = (valuesList) =>
    call<number[]>(PARTNER, 'create', {
      vals_list: valuesList.map((values) => ({
        ...values,
        name: `${prefix}${String(values.name ?? 'contact')}`,
        ...(typeof values.ref === 'string' && { ref: `${prefix}${values.ref}` }),
      })),
    })
  const partner: Lab['partner'] = async (values = {}) => only(await partners([values]))
  const read: Lab['read'] = async (id, fields, model = PARTNER) =>
    only(await call<Fields[]>(model, 'read', { ids: [id], fields }))
  return {
    odoo,
    prefix,
    post,
    get: async (path) => {
      const { statusCode, headers, body } = await request(`${odoo.url}${path}`)
      return { status: statusCode, headers, text: await body.text() }
    },
    raw,
    call,
    fail: async (model, method, body, options) => {
      if (odoo.protocol !== 'json2') return failureOf(send(model, method, body, options))
      const reply = await raw(model, method, body, options)
      expect(reply.status, reply.text.slice(0, 300)).toBeGreaterThanOrEqual(400)
      return { ...(JSON.parse(reply.text) as OdooFailure), status: reply.status }
    },
    failure: (status, name) => (odoo.protocol === 'json2' ? { status, name } : { name: className(odoo, name) }),
    partner,
    partners,
    tag: async (name, values = {}) =>
      only(await call<number[]>(TAG, 'create', { vals_list: [{ ...values, name: `${prefix}${name}` }] })),
    read,
    stored: async (field, value) => {
      const [id = 0] = await call<number[]>(PARTNER, 'create', { vals_list: [{ name: prefix, [field]: value }] })
      return (await read(id, [field]))[field]
    },
    nextSecond: async () => {
      if (odoo.passSecond) odoo.passSecond()
      else await sleep(1050)
    },
    cleanUp: async () => {
      const context = { active_test: false }
      for (const model of [PARTNER, TAG]) {
        const ids = await call<number[]>(model, 'search', { domain: [['name', '=like', `${prefix}%`]], context })
        await call(model, 'unlink', { ids })
      }
      for (const transport of transports.values()) await transport.close()
    },
  }
}

const signal = new AbortController().signal

function settingsFor(odoo: OdooUnderTest, key: string): OdooSettings {
  const { url, database, protocol } = odoo
  const isAdmin = key === odoo.adminApiKey
  const user = isAdmin ? odoo.adminLogin : odoo.login
  const password = isAdmin ? odoo.adminPassword : key === odoo.apiKey ? odoo.password : key
  return odooSettings.parse({ type: 'odoo', url, database, protocol, user, api_key: key, password })
}

/** XML-RPC has one number for all errors that are meant for people, but those of rights. */
function className({ protocol }: OdooUnderTest, name: string): string {
  const isTold = !name.startsWith('odoo.exceptions.') || /Access/.test(name)
  return protocol === 'xmlrpc' && !isTold ? 'odoo.exceptions.UserError' : name
}

/** As JSON leaves it out. */
function withoutUndefined(body: Body): ContractFields {
  return JSON.parse(JSON.stringify(body)) as ContractFields
}

/** What the connector makes of an error: the same class and message over each protocol. */
async function failureOf(call: Promise<unknown>): Promise<OdooFailure> {
  const error: unknown = await call.then(
    (result) => expect.fail(`answered ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof SyncError)) throw error
  expect(JSON.stringify([error.message, error.hint, error.cause])).not.toContain('Traceback')
  return { name: pythonName(error) ?? error.code, message: error.message.replace(/^Odoo refused \S+: /, '') }
}

function only<T>(items: readonly T[]): T {
  expect(items).toHaveLength(1)
  return items[0] as T
}

/** `2026-01-31 10:20:30` moved by seconds. */
export function shiftSeconds(datetime: unknown, seconds: number): string {
  const moved = new Date(Date.parse(`${String(datetime).replace(' ', 'T')}Z`) + seconds * 1000)
  return moved.toISOString().slice(0, 19).replace('T', ' ')
}
