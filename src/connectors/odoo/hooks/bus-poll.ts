import { asSyncError, SyncError } from '../../../contract/error.ts'
import type { Hear } from '../../../contract/feed.ts'
import type { Value } from '../../../contract/value.ts'
import { closeHttpPool, openHttpPool } from '../../../http/http-pool.ts'
import { postRpc } from '../transport/odoo-http.ts'
import { ASKED_AGAIN, type BusOptions } from './bus.ts'
import { readMessages } from './bus-messages.ts'

/** Odoo answers after 50 s where there is nothing to tell. */
const LONGEST_MS = 90_000

/**
 * Listens on Odoo's bus as it was before 16: a call of `/longpolling/poll` that Odoo answers when there is something to
 * tell, and then the next one. Otherwise as `listenOnBus`.
 *
 * Odoo 14 finds messages by `id > last`, so that one with a lower id that is committed later is not told: the scans have it.
 * @throws SyncError when the server has no long polling here, or a call failed.
 */
export async function pollBus(
  options: BusOptions,
  connectMs: number,
  from: string | null,
  hear: Hear,
  signal: AbortSignal,
): Promise<void> {
  // A socket of its own: a waiting call would keep one of the connection's few from everything else.
  const pool = openHttpPool({
    url: options.url,
    limits: { concurrency: 1, perSecond: null },
    timeouts: { connectMs, headersMs: LONGEST_MS, bodyMs: LONGEST_MS, totalMs: LONGEST_MS },
    maxBodyBytes: 64_000_000,
  })
  const poll = async (last: number): Promise<Value> => {
    const params = { channels: [options.channel], last, options: {} }
    const call = { model: 'bus.bus', method: 'poll', changesData: false }
    const http = { pool, database: '' }
    return (await postRpc(http, '/longpolling/poll', params, call, signal, { cookie: options.session.cookie })).result
  }
  try {
    let last = Math.max(0, Number(from ?? 0) - ASKED_AGAIN)
    while (!signal.aborted) {
      const told = await poll(last)
      const heard = readMessages(told, options.model)
      if (heard !== null) await hear(heard.changes, heard.position)
      last = Math.max(last, highestId(told))
    }
  } catch (error) {
    if (!signal.aborted) throw explainPolling(error, pool.origin)
  } finally {
    await closeHttpPool(pool)
  }
}

function highestId(told: Value): number {
  const ids = Array.isArray(told) ? told.map((message) => (message as { readonly id?: Value } | null)?.id) : []
  return Math.max(0, ...ids.filter((id) => typeof id === 'number'))
}

function explainPolling(thrown: unknown, origin: string): SyncError {
  const error = asSyncError(thrown)
  // With workers, Odoo 14 says "bus.Bus unavailable" (`builtins.Exception`) on every port but one.
  if (error.code !== 'server' && error.code !== 'config' && error.code !== 'schema') return error
  return new SyncError(error.code, `${origin} does not tell of changes by long polling: ${error.message}`, {
    cause: error,
    hint: 'With workers, Odoo answers it on its longpolling port: a proxy has to lead /longpolling there, or websocket_url names it.',
  })
}
