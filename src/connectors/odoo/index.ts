import type { Connector } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { checkConnection, drawMarks } from './check.ts'
import { createCollection } from './collection.ts'
import { createConnection } from './connection.ts'
import { openServices } from './services.ts'
import { type OdooSettings, odooSettings } from './settings.ts'
import { openTransport } from './transport/open-transport.ts'

/**
 * Odoo 14 to 19, over any of its protocols.
 * @throws SyncError `config` that names what is wrong in the settings.
 */
export function createOdooConnector(settings: unknown, name: string): Connector {
  const parsed = odooSettings.safeParse(settings)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || name}: ${issue.message}`)
    throw new SyncError('config', `The connection ${name} is wrong: ${faults.join('; ')}`, { cause: parsed.error })
  }
  const open = (own: OdooSettings) => {
    const transport = openTransport(own)
    const connection = createConnection(name, transport, own.context, () => performance.now())
    return { connection, close: () => transport.close() }
  }
  const { setup } = parsed.data
  const { connection, close } = open(parsed.data)
  const services = openServices(
    parsed.data,
    connection,
    setup ? open({ ...parsed.data, protocol: 'auto', password: undefined, ...setup }) : null,
  )
  return {
    check: (signal) => checkConnection(connection, Date.now(), signal),
    drawMarks: (signal) => drawMarks(connection, signal),
    collection: (request) => createCollection(connection, request, services),
    async [Symbol.asyncDispose]() {
      await services.close()
      await close()
    },
  }
}
