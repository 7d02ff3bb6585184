import { WebSocket } from 'undici'
import { asSyncError, SyncError } from '../../../contract/error.ts'
import type { Hear } from '../../../contract/feed.ts'
import { readMessages } from './bus-messages.ts'
import type { WebSession } from './web-session.ts'

export interface BusOptions {
  /** The model whose messages are ours. */
  readonly model: string
  /** The server's address; its websocket is at `/websocket`. */
  readonly url: string
  readonly channel: string
  readonly session: WebSession
}

/**
 * Ids of messages are given when they are written and seen when they are committed, so that a lower one may come later.
 * After a break so many are asked for again: what comes twice costs a look.
 */
export const ASKED_AGAIN = 50

/**
 * Listens on Odoo's bus, on the channel that the rules of `hooks install` feed: see `Feed.listen`. The position is the
 * highest id of a message. Odoo keeps messages for a day, and begins anew where it does not know the position.
 * @throws SyncError when the line cannot be opened or broke.
 */
export async function listenOnBus(
  options: BusOptions,
  websocketVersion: string,
  from: string | null,
  hear: Hear,
  signal: AbortSignal,
): Promise<void> {
  const { cookie } = options.session
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
      const heard = readMessages(parseOrNull(String(data)), options.model)
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

function lineBroke(origin: string, code: number, reason: string): SyncError {
  const why = [code === 0 ? '' : `code ${code}`, reason].filter(Boolean).join(', ')
  return new SyncError('network', `The websocket of ${origin} is closed${why === '' ? '' : ` (${why})`}.`, {
    hint: 'With workers, Odoo answers it on its evented port: a proxy has to lead /websocket there, or websocket_url names it.',
  })
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
