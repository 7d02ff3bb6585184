import { Hono } from 'hono'
import type { MappingStatus } from '../operations/status.ts'
import { refuseMethod } from './answers.ts'
import { readStatus } from './overview-data.ts'
import type { ServerSite } from './site.ts'

/** A look at the disk serves so long: whoever asks more often than that does not wear it out. */
const KEPT_MS = 1000

/**
 * `GET /readyz`: 200 while the ledger can be written and the daemon is not ending, 503 otherwise. `GET /readyz/<mapping>`: 200
 * while that mapping runs, 503 when it is paused or fails. A probe needs no token, so that nothing but a word is told.
 */
export function readinessRoute(site: ServerSite): Hono {
  const route = new Hono()
  let last: { readonly atMs: number; readonly isWritable: Promise<boolean> } | null = null
  const isWritable = (): Promise<boolean> => {
    const nowMs = site.clock.monotonicMs()
    if (last !== null && nowMs - last.atMs < KEPT_MS) return last.isWritable
    const attempt = site.ledger.proveWritable(site.clock.nowMs()).then(
      () => true,
      () => false,
    )
    last = { atMs: nowMs, isWritable: attempt }
    return attempt
  }
  route.get('/readyz', async (context) => {
    if (site.signal.aborted) return context.json({ status: 'ending' }, 503)
    if (await isWritable()) return context.json({ status: 'ready' })
    return context.json({ status: 'ledger' }, 503, { 'retry-after': '5' })
  })
  route.get('/readyz/:mapping', async (context) => {
    const name = context.req.param('mapping')
    const found = (await readStatus(site)).mappings.find(({ mapping }) => mapping === name)
    if (!found) return context.notFound()
    const state = stateOf(site, found)
    return context.json({ status: state }, state === 'running' ? 200 : 503)
  })
  route.all('/readyz', refuseMethod('GET'))
  route.all('/readyz/:mapping', refuseMethod('GET'))
  return route
}

/** `starting`: its systems could not be reached yet. */
export function stateOf(site: ServerSite, status: MappingStatus): MappingStatus['state'] | 'starting' | 'guarded' {
  const { mapping, state, guards } = status
  if (state === 'running' && site.contextOf(mapping) === null) return 'starting'
  return state === 'running' && guards.length > 0 ? 'guarded' : state
}
