import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { SyncError } from '../contract/error.ts'

export interface Listening {
  readonly host: string
  /** The one that was taken, where 0 was asked for. */
  readonly port: number
  /** Takes no new requests and waits for those under way; after `deadlineMs` they are cut off. May be repeated. */
  close(deadlineMs: number): Promise<void>
}

/** A sender that needs longer for its request is none of ours. */
const REQUEST_TIMEOUT_MS = 30_000
const HEADERS_TIMEOUT_MS = 10_000
/**
 * Connections that may wait to be accepted. Beyond it the kernel drops them silently, and a sender tries again after 1, 3
 * and 7 seconds: a thousand that come at once (after a restart) must not.
 */
const BACKLOG = 4096

/** @throws SyncError `unavailable` when the address is taken, `config` when this machine does not have it. */
export async function listen(app: Hono, address: { readonly host: string; readonly port: number }): Promise<Listening> {
  const { host, port } = address
  const options = { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS }
  const answer = getRequestListener(app.fetch)
  const server = createServer(options, (request, response) => void answer(request, response))
  server.listen({ port, host, backlog: BACKLOG })
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenError(error, `${host}:${port}`)
  }
  const bound = server.address()
  return {
    host,
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: (deadlineMs) => close(server, deadlineMs),
  }
}

async function close(server: Server, deadlineMs: number): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs)
  await closed
  clearTimeout(deadline)
}

function listenError(error: unknown, address: string): SyncError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EADDRINUSE') {
    return new SyncError('unavailable', `Nobody can call us: another program listens on ${address}.`, {
      cause: error,
      hint: 'Stop it, or give server.listen another port.',
    })
  }
  return new SyncError('config', `Nobody can call us: ${address} cannot be listened on (${code}).`, {
    cause: error,
    hint: 'Correct server.listen: an address of this machine, and a port that its user may take.',
  })
}
