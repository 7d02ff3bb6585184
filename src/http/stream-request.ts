import { Readable } from 'node:stream'
import { SyncError } from '../contract/error.ts'
import type { HttpPool } from './http-pool.ts'
import { decodeBody, type HttpAnswer, type HttpRequest, holdWhereAsked, type JsonAnswer } from './request-json.ts'
import { transportError } from './transport-error.ts'

/** The deadline of a call grows by the time that a slow line needs: 64 kB a second. */
const SLOWEST_BYTES_PER_MS = 64

export interface StreamBody {
  /** In bytes, exactly: a body that ends before it is never taken for whole by the server. */
  readonly length: number
  readonly pieces: AsyncIterable<Uint8Array>
}

export interface StreamRequest extends Omit<HttpRequest, 'body'> {
  readonly body: string | StreamBody | null
  /** How much is expected to come back, in bytes; a guess is enough. */
  readonly answerBytes: number
}

/** An answer of which only the head was read. `close` must be called, also after an error: until then it is a call in flight. */
export interface OpenAnswer extends Pick<HttpAnswer, 'status' | 'headers'> {
  /** Once. @throws SyncError as `openRequest` does. */
  readonly pieces: AsyncIterable<Uint8Array>
  close(): void
}

/**
 * One HTTP call whose request or answer, or both, are streamed: nothing is held but a few pieces. Within the pool's pace
 * and time-outs; the total one is longer by what the bytes need. Never repeats a call.
 * @throws SyncError `network`, `timeout`, `too_large`, or what the body's own iteration threw: then the server has not got
 * the whole of it, and nothing is in doubt.
 */
export async function openRequest(pool: HttpPool, request: StreamRequest, signal: AbortSignal): Promise<OpenAnswer> {
  const opened = Promise.withResolvers<OpenAnswer>()
  const closed = Promise.withResolvers<void>()
  let isStarted = false
  const slot = pool.pace.run(async () => {
    isStarted = true
    opened.resolve(await send(pool, request, closed.resolve, signal))
    await closed.promise
  }, signal)
  slot.catch((error: unknown) => {
    if (error instanceof SyncError) return opened.reject(error)
    const { origin, totalMs } = pool
    const { changesData } = request
    opened.reject(transportError(error, { origin, changesData, ended: 'stopped', totalMs, mayBeSent: isStarted }))
  })
  return opened.promise
}

/** Sends a streamed body and reads the answer whole. @throws SyncError as `openRequest` does. */
export async function sendStream(pool: HttpPool, request: StreamRequest, signal: AbortSignal): Promise<JsonAnswer> {
  const { status, headers, pieces, close } = await openRequest(pool, request, signal)
  try {
    const answer = { status, headers, text: await textOf(pieces) }
    return { ...answer, body: decodeBody(pool, request, answer) }
  } finally {
    close()
  }
}

export async function textOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all).toString()
}

async function send(
  pool: HttpPool,
  request: StreamRequest,
  onClose: () => void,
  signal: AbortSignal,
): Promise<OpenAnswer> {
  const { body } = request
  const length = typeof body === 'string' ? Buffer.byteLength(body) : (body?.length ?? 0)
  const totalMs = Math.round(pool.totalMs + (length + request.answerBytes) / SLOWEST_BYTES_PER_MS)
  let ended: 'deadline' | 'stopped' | null = null
  let ownFailure: unknown = null
  const controller = new AbortController()
  const end = (why: 'deadline' | 'stopped'): void => {
    ended ??= why
    controller.abort()
  }
  const stop = (): void => end('stopped')
  const deadline = setTimeout(() => end('deadline'), totalMs)
  signal.addEventListener('abort', stop)
  let answer: Readable | null = null
  const close = (): void => {
    clearTimeout(deadline)
    signal.removeEventListener('abort', stop)
    // What is left of the answer is not wanted: the socket goes with it. Nobody listens to its error any more.
    answer?.on('error', () => {}).destroy()
    onClose()
  }
  const failed = (error: unknown): unknown => {
    if (ownFailure !== null) return ownFailure
    if (error instanceof SyncError) return error
    return transportError(error, {
      origin: pool.origin,
      changesData: request.changesData,
      ended,
      totalMs,
      mayBeSent: true,
    })
  }
  try {
    const outgoing = watched(body, (error) => {
      ownFailure = error
    })
    const response = await pool.sockets.request({
      method: request.method,
      path: pool.pathPrefix + request.path,
      headers: {
        ...request.headers,
        ...(typeof body === 'object' && body ? { 'content-length': String(length) } : {}),
      },
      body: outgoing,
      signal: controller.signal,
    })
    answer = response.body
    holdWhereAsked(pool, response.statusCode, response.headers)
    return { status: response.statusCode, headers: response.headers, pieces: piecesOf(response.body, failed), close }
  } catch (error) {
    close()
    throw failed(error)
  }
}

/** The body as undici takes it; what its iteration throws is remembered, as undici wraps it. */
function watched(body: StreamRequest['body'], onFailure: (error: unknown) => void): string | null | Readable {
  if (body === null || typeof body === 'string') return body
  const { pieces } = body
  async function* observed(): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces
    } catch (error) {
      onFailure(error)
      throw error
    }
  }
  return Readable.from(observed(), { objectMode: false })
}

async function* piecesOf(body: Readable, failed: (error: unknown) => unknown): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) yield piece as Uint8Array
  } catch (error) {
    throw failed(error)
  }
}
