import { Hono } from 'hono'
import type { Ledger } from '../ledger/ledger.ts'
import { refuseMethod } from './answers.ts'

/** `GET /healthz`: 200 while the process serves and its ledger can be read, 503 otherwise. Tells nothing else. */
export function healthRoute(ledger: Pick<Ledger, 'mappings'>): Hono {
  const route = new Hono()
  route.get('/healthz', async (context) => {
    try {
      await ledger.mappings()
      return context.json({ status: 'ok' })
    } catch {
      return context.json({ status: 'failing' }, 503, { 'retry-after': '5' })
    }
  })
  route.all('/healthz', refuseMethod('GET'))
  return route
}
