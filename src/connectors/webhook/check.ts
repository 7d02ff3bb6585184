import type { Report } from '../../contract/connector.ts'
import type { HttpPool } from '../../http/http-pool.ts'
import { requestText } from '../../http/request-json.ts'

/** Whether somebody answers. Any answer will do: nothing can be asked of a receiver without telling it something. */
export async function checkReceiver(pool: HttpPool, signal: AbortSignal): Promise<Report> {
  const beforeMs = Date.now()
  const request = {
    method: 'GET',
    path: '',
    headers: { 'user-agent': 'Tandem' },
    body: null,
    changesData: false,
  } as const
  const { headers } = await requestText(pool, request, signal)
  const date = headers.date
  const dateMs = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return {
    server: typeof headers.server === 'string' ? headers.server : pool.origin,
    user: null,
    // The header is cut to whole seconds: half a second is the best guess for what was cut off.
    clockOffsetMs: Number.isNaN(dateMs) ? null : Math.round(dateMs + 500 - (beforeMs + Date.now()) / 2),
    identity: null,
    problems: [],
  }
}
