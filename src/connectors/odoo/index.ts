import type { Connector } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { checkConnection, drawMarks } from './check.ts'
import { createCollection } from './collection.ts'
import { createConnection, type OdooConnection } from './connection.ts'
import { listModels } from './list-models.ts'
import { openServices } from './services.ts'
import { type OdooSettings, odooSettings } from './settings.ts'
import { openTransport } from './transport/open-transport.ts'

/**
 * Odoo 14 to 19, over any of its protocols.
 * @throws SyncError `config` that names what is wrong in the settings.
 */
export function createOdooConnector(settings: unknown, name: string): Connector {
  return createOdooConnectorByClock(settings, name, () => performance.now())
}

/** @param monotonicMs the clock by which it knows that a second of Odoo's is over. */
export function createOdooConnectorByClock(settings: unknown, name: string, monotonicMs: () => number): Connector {
  const own = parseSettings(settings, name)
  const connection = open(own, name, monotonicMs)
  const { setup } = own
  const services = openServices(
    own,
    connection,
    setup ? open({ ...own, protocol: 'auto', password: undefined, ...setup }, name) : null,
  )
  return {
    check: (signal) => checkConnection(connection, Date.now(), signal),
    drawMarks: (signal) => drawMarks(connection, signal),
    collections: (signal) => listModels(connection, signal),
    collection: (request) => createCollection(connection, request, services),
    async [Symbol.asyncDispose]() {
      await services.close()
      await connection.close()
    },
  }
}

/** For commands that are about Odoo itself. The caller closes it. @throws SyncError `config`. */
export function openOdooConnection(settings: unknown, name: string): OpenOdoo {
  return open(parseSettings(settings, name), name)
}

export type OpenOdoo = OdooConnection & { close(): Promise<void> }

function parseSettings(settings: unknown, name: string): OdooSettings {
  const parsed = odooSettings.safeParse(settings)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || name}: ${issue.message}`)
  throw new SyncError('config', `The connection ${name} is wrong: ${faults.join('; ')}`, { cause: parsed.error })
}

function open(settings: OdooSettings, name: string, monotonicMs = () => performance.now()): OpenOdoo {
  const transport = openTransport(settings)
  const connection = createConnection(name, transport, settings.context, monotonicMs)
  return { ...connection, close: () => transport.close() }
}
