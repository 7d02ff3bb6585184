import type { ConnectorFactory } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { closeHttpPool, openHttpPool } from '../../http/http-pool.ts'
import { checkReceiver } from './check.ts'
import { createCollection } from './collection.ts'
import { webhookSettings } from './settings.ts'

/** An answer says whether it was taken, and perhaps an id. */
const MAX_ANSWER_BYTES = 1_000_000

/** A target that is told of each change by a signed POST, and can be asked nothing. */
export const createWebhookConnector: ConnectorFactory = (settings, name) => {
  const parsed = webhookSettings.safeParse(settings)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || name}: ${issue.message}`)
    throw new SyncError('config', `The connection ${name} is wrong: ${faults.join('; ')}`, { cause: parsed.error })
  }
  const { url, limits, timeouts } = parsed.data
  const pool = openHttpPool({
    url,
    limits: { concurrency: limits.concurrency, perSecond: limits.per_second },
    timeouts: {
      connectMs: timeouts.connect,
      headersMs: timeouts.answer,
      bodyMs: timeouts.answer,
      totalMs: timeouts.total,
    },
    maxBodyBytes: MAX_ANSWER_BYTES,
  })
  return {
    check: (signal) => checkReceiver(pool, signal),
    collection: (request) => createCollection(pool, name, parsed.data, request),
    [Symbol.asyncDispose]: () => closeHttpPool(pool),
  }
}
