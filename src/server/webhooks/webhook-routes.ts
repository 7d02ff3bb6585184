import { type Context, Hono } from 'hono'
import { SyncError } from '../../contract/error.ts'
import { refuse, refuseFor, refuseMethod, refuseSize } from '../answers.ts'
import type { Inbox } from '../inbox.ts'
import { readBody } from '../read-body.ts'
import { parseBody } from '../read-json.ts'
import type { Receiver } from './receiver.ts'
import { isKnownToken, isSigned } from './verify.ts'

export interface WebhookRouteOptions {
  /** null: the connection tells of nothing. */
  readonly receiverOf: (connection: string) => Receiver | null
  readonly inbox: Inbox
  readonly nowMs: () => number
}

/** A record with all its lines is some thousand bytes; the largest that shops send are below this. */
const MAX_BODY_BYTES = 1024 * 1024

/**
 * Senders that sign, or show a token: `POST /hooks/<connection>`. 204 when the event is on disk, or is known, or concerns
 * no mapping. What cannot prove where it comes from is 401 (404 for a token in the address), and nothing of it is read.
 */
export function webhookRoutes(options: WebhookRouteOptions): Hono {
  const routes = new Hono()
  for (const path of ['/hooks/:connection', '/hooks/:connection/:token']) {
    routes.post(path, (context) => take(context, options))
    routes.all(path, refuseMethod('POST'))
  }
  return routes
}

async function take(context: Context, options: WebhookRouteOptions): Promise<Response> {
  const { connection = '', token = null }: Record<string, string | null> = context.req.param()
  const receiver = options.receiverOf(connection ?? '')
  if (!receiver) return context.notFound()
  const { proof } = receiver.scheme
  const isInAddress = proof.kind === 'token' && proof.header === null
  if (isInAddress !== (token !== null)) return isInAddress ? unproven(context) : context.notFound()
  const header = (name: string): string | undefined => context.req.header(name)
  const raw = await readBody(context, MAX_BODY_BYTES)
  if (raw === null) return refuseSize(context, MAX_BODY_BYTES)
  if (receiver.scheme.isPing(header, raw)) return context.text('', 200)
  const isProven =
    proof.kind === 'token' ? isKnownToken(proof, header, token) : isSigned(proof, header, raw, options.nowMs())
  if (!isProven) return isInAddress ? context.notFound() : unproven(context)
  const parsed = parseBody(context, raw)
  if ('refusal' in parsed) return parsed.refusal
  try {
    await options.inbox.receive(receiver.arrivals({ header, body: parsed.body, raw }))
  } catch (error) {
    if (error instanceof SyncError) return refuseFor(context, error)
    throw error
  }
  return context.body(null, 204)
}

function unproven(context: Context): Response {
  return refuse(context, 401, 'unauthorized', 'This does not show that it comes from where it should.')
}
