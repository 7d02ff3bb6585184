import type { Value } from '../../contract/value.ts'
import { closeHttpPool, openHttpPool } from '../../http/http-pool.ts'
import { type JsonAnswer, requestJson } from '../../http/request-json.ts'
import { parseRetryAfterMs } from '../../http/retry-after.ts'
import { odooError } from './errors.ts'
import type { OdooSettings } from './settings.ts'
import type { OdooTransport } from './transport.ts'

/** JSON-2: `POST /json/2/<model>/<method>`, from Odoo 19 on. */
export function openJson2(settings: OdooSettings): OdooTransport {
  const pool = openHttpPool({
    url: settings.url,
    limits: { concurrency: settings.limits.concurrency, perSecond: settings.limits.per_second },
    timeouts: {
      connectMs: settings.timeouts.connect,
      headersMs: settings.timeouts.answer,
      bodyMs: settings.timeouts.body,
      totalMs: settings.timeouts.total,
    },
    maxBodyBytes: settings.limits.answer_bytes,
  })
  const headers = {
    authorization: `bearer ${settings.api_key}`,
    'x-odoo-database': settings.database,
    'content-type': 'application/json',
    'user-agent': 'Tandem',
  }
  return {
    async call({ model, method, args, changesData }, signal) {
      const path = `/json/2/${model}/${method}`
      const body = JSON.stringify(args)
      const answer = await requestJson(pool, { method: 'POST', path, headers, body, changesData }, signal)
      if (answer.status === 200 && answer.body !== undefined) return answer.body
      const retryAfterMs = parseRetryAfterMs(headerText(answer, 'retry-after'), Date.now())
      throw odooError(answer.status, answer.body, { model, method, changesData, retryAfterMs })
    },

    async serverInfo(signal) {
      const beforeMs = Date.now()
      const request = { method: 'GET', path: '/web/version', headers: {}, body: null, changesData: false } as const
      const answer = await requestJson(pool, request, signal)
      const middleMs = (beforeMs + Date.now()) / 2
      const dateMs = Date.parse(headerText(answer, 'date') ?? '')
      return {
        version: readVersion(answer.body),
        // The header is cut to whole seconds: half a second is the best guess for what was cut off.
        clockOffsetMs: Number.isNaN(dateMs) ? null : Math.round(dateMs + 500 - middleMs),
      }
    },

    close: () => closeHttpPool(pool),
  }
}

function headerText(answer: JsonAnswer, name: string): string | undefined {
  const value = answer.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function readVersion(body: Value | undefined): string | null {
  if (typeof body !== 'object' || body === null || !('version' in body)) return null
  return typeof body.version === 'string' ? body.version : null
}
