import { startControlledOdoo, stopControlledOdoo } from '../../scripts/real/odoo-control.ts'

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

export function realEnvironment(): RealEnvironment {
  return {
    odooUrl: variable('ODOO_URL').replace(/\/+$/, ''),
    odooDatabase: variable('ODOO_DB'),
    odooApiKey: variable('ODOO_API_KEY'),
    postgresUrl: variable('PG_URL'),
  }
}

export function odooDatabaseAccess(): OdooDatabaseAccess {
  return { odooAdminApiKey: variable('ODOO_ADMIN_API_KEY'), odooPostgresUrl: variable('ODOO_PG_URL') }
}

/** SIGKILL, the default, is a crash in the middle of whatever it does; SIGTERM lets running requests end. */
export async function stopOdoo(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
  await stopControlledOdoo(variable('TANDEM_REAL'), signal)
}

/** On the port it had before. Done when it answers. */
export async function startOdoo(): Promise<void> {
  await startControlledOdoo(variable('TANDEM_REAL'))
}

export async function restartOdoo(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
  await stopOdoo(signal)
  await startOdoo()
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== ''
}

function variable(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set. Run these tests with \`npm run test:real\`, which sets it.`)
  }
  return value
}
