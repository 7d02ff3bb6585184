import { WebSocket } from 'undici'
import { z } from 'zod'
import type { Change } from '../../../contract/change.ts'
import { asSyncError, SyncError } from '../../../contract/error.ts'
import type { Hear } from '../../../contract/feed.ts'
import { GONE } from './parse-hook.ts'
import { BUS_TYPE } from './rules.ts'
import type { WebSession } from './web-session.ts'

export interface BusOptions {
  /** The model whose messages are ours. */
  readonly model: string
  /** The server's address; its websocket is at `/websocket`. */
  readonly url: string
  readonly channel: string
  readonly session: () => Promise<WebSession>
}

/**
 * Ids of messages are given when they are written and seen when they are committed, so that a lower one may come later.
 * After a break so many are asked for again: what comes twice costs a look.
 */
const ASKED_AGAIN = 50

const messages = z.array(
  z.looseObject({ id: z.int(), message: z.looseObject({ type: z.string(), payload: z.unknown() }) }),
)
const telling = z.object({ model: z.string(), ids: z.array(z.int()), event: z.string().nullish() })

/**
 * Listens on Odoo's bus, on the channel that the rules of `hooks install` feed: see `Feed.listen`. The position is the
 * highest id of a message. Odoo keeps messages for a day, and begins anew where it does not know the position.
 * @throws SyncError when the line cannot be opened or broke.
 */
export async function listenOnBus(
  options: BusOptions,
  from: string | null,
  hear: Hear,
  signal: AbortSignal,
): Promise<void> {
  const { cookie, websocketVersion } = await options.session()
  signal.throwIfAborted()
  if (websocketVersion === null) {
    throw new SyncError('config', 'This Odoo has no websocket: it came with 16.', { hint: 'Leave it to the scans.' })
  }
  const { origin } = new URL(options.url)
  const base = options.url.replace(/\/+$/, '').replace(/^http/, 'ws')
  const address = `${base}/websocket?version=${encodeURIComponent(websocketVersion)}`
  const socket = new WebSocket(address, { headers: { cookie, origin, 'user-agent': 'Tandem' } })
  /** What was heard is stored in the order in which it came. */
  let stored: Promise<void> = Promise.resolve()
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => socket.close()
    const end = (error: SyncError | null): void => {
      signal.removeEventListener('abort', stop)
      stored.then(() => (error === null || signal.aborted ? resolve() : reject(error)), reject)
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.addEventListener('open', () => {
      const last = Math.max(0, Number(from ?? 0) - ASKED_AGAIN)
      socket.send(JSON.stringify({ event_name: 'subscribe', data: { channels: [options.channel], last } }))
    })
    socket.addEventListener('message', ({ data }) => {
      const heard = readMessages(String(data), options.model)
      if (heard === null) return
      stored = stored.then(() => hear(heard.changes, heard.position))
      // Not stored is not heard: the line is opened again where it was stored last.
      stored.catch((error: unknown) => {
        socket.close()
        reject(asSyncError(error))
      })
    })
    socket.addEventListener('close', ({ code, reason }) => end(lineBroke(origin, code, reason)))
    socket.addEventListener('error', () => end(lineBroke(origin, 0, '')))
  })
}

interface Heard {
  readonly changes: readonly Change[]
  readonly position: string
}

/** null: nothing of ours is in it. */
function readMessages(text: string, model: string): Heard | null {
  const parsed = messages.safeParse(parseOrNull(text))
  if (!parsed.success || parsed.data.length === 0) return null
  const changes = parsed.data.flatMap(({ message }): Change[] => {
    const told = message.type === BUS_TYPE ? telling.safeParse(message.payload) : null
    if (!told?.success || told.data.model !== model) return []
    const isGone = told.data.event === GONE
    return told.data.ids.map(
      (id): Change =>
        isGone ? { kind: 'gone', id: String(id), atMs: null } : { kind: 'hint', id: String(id), version: null },
    )
  })
  if (changes.length === 0) return null
  return { changes, position: String(Math.max(...parsed.data.map(({ id }) => id))) }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function lineBroke(origin: string, code: number, reason: string): SyncError {
  const why = [code === 0 ? '' : `code ${code}`, reason].filter(Boolean).join(', ')
  return new SyncError('network', `The websocket of ${origin} is closed${why === '' ? '' : ` (${why})`}.`, {
    hint: 'With workers, Odoo answers it on its evented port: a proxy has to lead /websocket there, or websocket_url names it.',
  })
}
