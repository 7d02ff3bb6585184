import type { Connector } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { checkConnection, drawMarks } from './check.ts'
import { createCollection } from './collection.ts'
import { createConnection, type OdooConnection } from './connection.ts'
import { odooSettings } from './settings.ts'
import { openTransport } from './transport/open-transport.ts'

/**
 * Odoo 14 to 19, over any of its protocols.
 * @throws SyncError `config` that names what is wrong in the settings.
 */
export function createOdooConnector(settings: unknown, name: string): Connector {
  const connection = openOdooConnection(settings, name)
  return {
    check: (signal) => checkConnection(connection, Date.now(), signal),
    drawMarks: (signal) => drawMarks(connection, signal),
    collection: (request) => createCollection(connection, request),
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

/** For commands that are about Odoo itself. The caller closes it. @throws SyncError `config`. */
export function openOdooConnection(settings: unknown, name: string): OdooConnection & { close(): Promise<void> } {
  const parsed = odooSettings.safeParse(settings)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || name}: ${issue.message}`)
    throw new SyncError('config', `The connection ${name} is wrong: ${faults.join('; ')}`, { cause: parsed.error })
  }
  const transport = openTransport(parsed.data)
  const connection = createConnection(name, transport, parsed.data.context, () => performance.now())
  return { ...connection, close: () => transport.close() }
}
