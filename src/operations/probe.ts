import { openApp, type Setup } from '../app.ts'
import type { Collection, Finding, Schema } from '../contract/connector.ts'
import { checkConnectionName } from './site.ts'

/** What was understood of a collection. */
export interface Probed {
  readonly schema: Schema
  readonly collection: Pick<Collection, 'capabilities' | 'feed' | 'sink'>
  readonly findings: readonly Finding[]
}

/**
 * Reads a collection, named as in a mapping, and says what it is. Changes nothing.
 * @throws SyncError `config` for an unknown connection, what the system throws when it does not answer.
 */
export async function probeCollection(
  setup: Setup,
  connection: string,
  name: string,
  signal: AbortSignal,
): Promise<Probed> {
  checkConnectionName(setup, connection)
  await using app = await openApp(setup, { emit: () => {}, readOnly: true })
  const collection = app.connections.get(connection).collection({ spec: name, fields: [], consumer: 'probe' })
  // A wrong path to the list shows in the findings' own, more helpful message.
  const findings = (await collection.probe?.(signal)) ?? []
  return { schema: await collection.describe(signal), collection, findings }
}

/** As `--json` and the API tell it. */
export function probedAsJson({ schema, collection, findings }: Probed): object {
  return { name: schema.name, capabilities: collection.capabilities, fields: [...schema.fields.values()], findings }
}
