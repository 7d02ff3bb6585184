import type { Fields } from '../../../contract/value.ts'
import { closeHttpPool, type HttpPool, openHttpPool } from '../../../http/http-pool.ts'
import { type JsonAnswer, requestJson } from '../../../http/request-json.ts'
import type { OdooSettings } from '../settings.ts'

/** Posts to incoming webhooks, within the limits and deadlines of the connection. */
export interface WebhookHttp {
  /** Any status is an answer. @throws SyncError in doubt where nobody knows whether it was taken. */
  post(url: string, body: Fields, signal: AbortSignal): Promise<JsonAnswer>
  close(): Promise<void>
}

export function openWebhookHttp({ limits, timeouts }: OdooSettings): WebhookHttp {
  /** One for each origin: a webhook that somebody else made need not be under the connection's address. */
  const pools = new Map<string, HttpPool>()
  const poolOf = (origin: string): HttpPool => {
    const known = pools.get(origin)
    if (known) return known
    const pool = openHttpPool({
      url: origin,
      limits: { concurrency: limits.concurrency, perSecond: limits.per_second },
      timeouts: {
        connectMs: timeouts.connect,
        headersMs: timeouts.answer,
        bodyMs: timeouts.body,
        totalMs: timeouts.total,
      },
      maxBodyBytes: limits.answer_bytes,
    })
    pools.set(origin, pool)
    return pool
  }
  return {
    post(url, body, signal) {
      const { origin, pathname, search } = new URL(url)
      const request = {
        method: 'POST',
        path: `${pathname}${search}`,
        headers: { 'content-type': 'application/json', 'user-agent': 'Tandem' },
        body: JSON.stringify(body),
        changesData: true,
      } as const
      return requestJson(poolOf(origin), request, signal)
    },
    async close() {
      await Promise.all([...pools.values()].map(closeHttpPool))
    },
  }
}
