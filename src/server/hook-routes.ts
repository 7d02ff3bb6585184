import { Hono } from 'hono'
import type { Change } from '../contract/change.ts'
import { SyncError } from '../contract/error.ts'
import type { HookCall } from '../contract/hooks.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { refuseFor, refuseMethod, refuseSize } from './answers.ts'
import { type HookSettings, hookPath, isHookToken } from './hook-address.ts'
import type { Inbox } from './inbox.ts'
import { readBody } from './read-body.ts'
import { parseBody } from './read-json.ts'

/** A side of a mapping that may be told of changes. */
export type HookParser = (call: HookCall) => readonly Change[]

export interface HookRouteOptions {
  readonly settings: HookSettings
  /** null: no such mapping, or its system does not call. */
  readonly parserOf: (mapping: string, side: Side) => HookParser | null
  readonly inbox: Inbox
}

/** A hint is some hundred bytes; with all fields of a record it is a few thousand. */
const MAX_BODY_BYTES = 256 * 1024

/**
 * Senders that cannot sign: `POST /hooks/<mapping>/<side>/<token>`. Whoever knows the token may make us look at a record,
 * and nothing more. 204 when it is on disk; a wrong address of any kind is 404 and says no more.
 */
export function hookRoutes({ settings, parserOf, inbox }: HookRouteOptions): Hono {
  const routes = new Hono()
  const path = hookPath(':mapping', ':side', ':token')
  routes.post(path, async (context) => {
    const { mapping = '', side: sideName, token = '' }: Record<string, string> = context.req.param()
    const side = SIDES.find((each) => each === sideName)
    if (!side) return context.notFound()
    const parse = isHookToken(settings, mapping, side, token) ? parserOf(mapping, side) : null
    if (!parse) return context.notFound()
    const raw = await readBody(context, MAX_BODY_BYTES)
    if (raw === null) return refuseSize(context, MAX_BODY_BYTES)
    const read = parseBody(context, raw)
    if ('refusal' in read) return read.refusal
    try {
      const changes = parse({ body: read.body, event: context.req.query('event') ?? null })
      await inbox.receive(changes.map((change) => ({ mapping, side, change })))
    } catch (error) {
      if (error instanceof SyncError) return refuseFor(context, error)
      throw error
    }
    return context.body(null, 204)
  })
  routes.all(path, refuseMethod('POST'))
  return routes
}
