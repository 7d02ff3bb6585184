import { startControlledOdoo, stopControlledOdoo } from '../../scripts/real/odoo-control.ts'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import type { OdooUnderTest as ConformingOdoo } from '../conformance/odoo-lab.ts'
import type { OdooUnderTest } from '../connectors/odoo-setup.ts'

/** The real systems that `npm run test:real` hands to these tests. */
export interface RealEnvironment {
  readonly odooUrl: string
  readonly odooDatabase: string
  /** Of an ordinary user who may maintain contacts: Tandem's own. */
  readonly odooApiKey: string
  /** An empty PostgreSQL database: the other side. */
  readonly postgresUrl: string
}

/** What only our own Odoo lets a test do. */
export interface OdooDatabaseAccess {
  /** To do what another person does. */
  readonly odooAdminApiKey: string
  /** Odoo's own database, as the role that owns it: for raw SQL and for transactions held open. */
  readonly odooPostgresUrl: string
}

/** For `test.skipIf(!hasOdooDatabaseAccess)`. */
export const hasOdooDatabaseAccess = isSet('ODOO_ADMIN_API_KEY') && isSet('ODOO_PG_URL')

/** True when this run brought its Odoo up itself, so that a test may stop and start it. */
export const canRestartOdoo = isSet('TANDEM_REAL')

export function canRestart(series: OdooSeries): boolean {
  return isSet(controlOf(series))
}

export function realEnvironment(): RealEnvironment {
  return {
    odooUrl: variable('ODOO_URL').replace(/\/+$/, ''),
    odooDatabase: variable('ODOO_DB'),
    odooApiKey: variable('ODOO_API_KEY'),
    postgresUrl: variable('PG_URL'),
  }
}

/** The other side alone, which needs no Odoo. */
export function shopUrl(): string {
  return variable('PG_URL')
}

export function odooDatabaseAccess(): OdooDatabaseAccess {
  return { odooAdminApiKey: variable('ODOO_ADMIN_API_KEY'), odooPostgresUrl: variable('ODOO_PG_URL') }
}

/** SIGKILL, the default, is a crash in the middle of whatever it does; SIGTERM lets running requests end. */
export async function stopOdoo(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL', series: OdooSeries = '19'): Promise<void> {
  await stopControlledOdoo(variable(controlOf(series)), signal)
}

/** On the port it had before. Done when it answers. */
export async function startOdoo(series: OdooSeries = '19'): Promise<void> {
  await startControlledOdoo(variable(controlOf(series)))
}

export async function restartOdoo(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL', series: OdooSeries = '19'): Promise<void> {
  await stopOdoo(signal, series)
  await startOdoo(series)
}

function controlOf(series: OdooSeries): string {
  return series === '14' ? 'TANDEM_REAL_14' : 'TANDEM_REAL'
}

/** A real Odoo with all that a test may need of it. */
export interface RealOdoo extends Omit<OdooUnderTest, 'protocol'> {
  /** Odoo's own database, as the role that owns it: for raw SQL and for transactions held open. */
  readonly postgresUrl: string
  readonly personPassword: string
  /** A folder on this machine in which it looks for modules; null where whoever brings an Odoo of his own gave none. */
  readonly addons: string | null
}

/** What a real Odoo of that version is reached by. @throws Error that names the missing variable. */
export function realOdoo(series: OdooSeries): RealOdoo {
  const name = series === '14' ? 'ODOO14' : 'ODOO'
  return {
    series,
    url: variable(`${name}_URL`).replace(/\/+$/, ''),
    database: variable(`${name}_DB`),
    login: variable(`${name}_LOGIN`),
    apiKey: variable(`${name}_API_KEY`),
    password: variable(`${name}_PASSWORD`),
    personLogin: variable(`${name}_ADMIN_LOGIN`),
    personKey: variable(`${name}_ADMIN_API_KEY`),
    personPassword: variable(`${name}_ADMIN_PASSWORD`),
    postgresUrl: variable(`${name}_PG_URL`),
    addons: settingOf(`${name}_ADDONS`) || null,
  }
}

/** False where whoever brings an Odoo of his own gave less than `realOdoo` needs. */
export function hasRealOdoo(series: OdooSeries): boolean {
  const name = series === '14' ? 'ODOO14' : 'ODOO'
  const parts = [
    'URL',
    'DB',
    'LOGIN',
    'API_KEY',
    'PASSWORD',
    'ADMIN_LOGIN',
    'ADMIN_API_KEY',
    'ADMIN_PASSWORD',
    'PG_URL',
  ]
  return parts.every((part) => isSet(`${name}_${part}`))
}

/** A real Odoo as the conformance suite takes it. */
export function underConformance(real: RealOdoo, protocol: Protocol): ConformingOdoo {
  const { personLogin: adminLogin, personKey: adminApiKey, personPassword: adminPassword } = real
  return { ...real, protocol, adminLogin, adminApiKey, adminPassword, close: async () => {} }
}

/** The protocols that each version speaks. */
export const PROTOCOLS_OF: Readonly<Record<OdooSeries, readonly Protocol[]>> = {
  '19': ['json2', 'jsonrpc', 'xmlrpc', 'session'],
  '14': ['jsonrpc', 'xmlrpc', 'session'],
}

/** Each of vitest's workers has systems of its own, where this run brought them up: worker n's names end with `__n`. */
function settingOf(name: string): string {
  return process.env[`${name}__${process.env.VITEST_POOL_ID}`] ?? process.env[name] ?? ''
}

function isSet(name: string): boolean {
  return settingOf(name) !== ''
}

function variable(name: string): string {
  const value = settingOf(name)
  if (value === '') {
    throw new Error(`${name} is not set. Run these tests with \`npm run test:real\`, which sets it.`)
  }
  return value
}
