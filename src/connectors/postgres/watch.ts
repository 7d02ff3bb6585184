import type { Client } from 'pg'
import { SyncError } from '../../contract/error.ts'
import { quoteIdentifier } from '../sql/identifier.ts'
import { captureNames } from './capture-schema.ts'
import { postgresError } from './errors.ts'
import type { PostgresContext } from './rows.ts'

/** Listens on a connection of its own for what the triggers of the table notify, from each commit on. */
export async function watchTable(context: PostgresContext, wake: () => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { connection } = context
  let client: Client | null = null
  try {
    const { table } = await connection.run(context.subject, signal, (query) => context.rows(query))
    client = await connection.dedicated()
    await listen(client, captureNames(connection.settings.captureSchema).channel, table.name, wake, signal)
  } catch (error) {
    if (!signal.aborted) throw postgresError(error, `${context.subject}, notifications`)
  } finally {
    await client?.end().catch(() => {})
  }
}

async function listen(
  client: Client,
  channel: string,
  source: string,
  wake: () => void,
  signal: AbortSignal,
): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    const lost = (cause?: unknown): void => {
      reject(new SyncError('network', 'the connection that listens for changes broke', { cause }))
    }
    client.on('error', lost)
    client.on('end', lost)
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (signal.aborted) resolve()
  })
  client.on('notification', (message) => {
    if (message.payload === source) wake()
  })
  // Whoever waits for `ended` may come later than its failure.
  ended.catch(() => {})
  await client.query(`listen ${quoteIdentifier(channel)}`)
  // What was committed before the subscription began has notified nobody.
  wake()
  await ended
}
