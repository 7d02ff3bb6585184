import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { closeHttpPool, type HttpPool, type HttpPoolSettings, openHttpPool } from '../../src/http/http-pool.ts'
import { requestJson } from '../../src/http/request-json.ts'
import { openRequest, type StreamRequest, sendStream, textOf } from '../../src/http/stream-request.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const never = new AbortController().signal
const read: StreamRequest = {
  method: 'POST',
  path: '/x',
  headers: {},
  body: '{}',
  answerBytes: 0,
  changesData: false,
}

type Listener = (...parts: Parameters<RequestListener>) => unknown

async function serve(listener: Listener): Promise<string> {
  const server: Server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function open(url: string, more: Partial<HttpPoolSettings> = {}): HttpPool {
  const pool = openHttpPool({
    url,
    limits: { concurrency: 1, perSecond: null },
    timeouts: { connectMs: 500, headersMs: 5000, bodyMs: 5000, totalMs: 5000 },
    maxBodyBytes: 1_000_000,
    ...more,
  })
  cleanups.push(() => closeHttpPool(pool))
  return pool
}

async function* pieces(count: number, failure: Error | null = null): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < count; piece++) yield Buffer.alloc(10_000, 'a')
  if (failure) throw failure
}

test('a body goes out in pieces, under its length, and the answer comes back parsed', async () => {
  const url = await serve(async (request, response) => {
    let size = 0
    for await (const piece of request) size += (piece as Buffer).length
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ size, length: request.headers['content-length'] }))
  })
  const body = { length: 500_000, pieces: pieces(50) }
  const answer = await sendStream(open(url), { ...read, body, changesData: true }, never)
  expect(answer).toMatchObject({ status: 200, body: { size: 500_000, length: '500000' } })
})

test('a body whose source fails is never whole for the server, and the failure is the one of the source', async () => {
  let isWhole: boolean | null = null
  const url = await serve(async (request) => {
    try {
      for await (const _piece of request);
      isWhole = true
    } catch {
      isWhole = false
    }
  })
  const failure = new SyncError('changed', 'another file by now')
  const body = { length: 500_000, pieces: pieces(20, failure) }
  await expect(sendStream(open(url), { ...read, body, changesData: true }, never)).rejects.toBe(failure)
  await expect.poll(() => isWhole).toBe(false)
})

test.each([49, 51])('a body of %i pieces is not one of 50', async (count) => {
  const url = await serve(async (request, response) => {
    for await (const _piece of request);
    response.end()
  })
  const body = { length: 500_000, pieces: pieces(count) }
  await expect(sendStream(open(url), { ...read, body }, never)).rejects.toMatchObject({ code: 'network' })
})

test('an open answer is a call in flight until it is closed', async () => {
  const url = await serve((_request, response) => response.end('abc'))
  const pool = open(url)
  const answer = await openRequest(pool, read, never)
  let isAnswered = false
  const second = requestJson(pool, { ...read, body: null }, never).then(() => {
    isAnswered = true
  })
  expect(await textOf(answer.pieces)).toBe('abc')
  await new Promise((resolve) => setImmediate(resolve))
  expect(isAnswered).toBe(false)
  answer.close()
  await second
})

test('an answer that nobody reads to its end frees its place', async () => {
  const url = await serve((_request, response) => {
    response.write(Buffer.alloc(100_000))
  })
  const pool = open(url)
  for (let call = 0; call < 3; call++) {
    const answer = await openRequest(pool, read, never)
    for await (const _piece of answer.pieces) break
    answer.close()
  }
})

test('an answer that is cut off is a network error where it is read', async () => {
  const server = createTcpServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => server.close())
  const answer = await openRequest(open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), read, never)
  await expect(textOf(answer.pieces)).rejects.toMatchObject({ code: 'network', inDoubt: false })
  answer.close()
})

test('an answer larger than the connection allows is too large', async () => {
  const url = await serve((_request, response) => response.end(Buffer.alloc(3000)))
  const answer = await openRequest(open(url, { maxBodyBytes: 1000 }), read, never).catch((error: unknown) => error)
  if (answer instanceof SyncError) expect(answer.code).toBe('too_large')
  else
    await expect(textOf((answer as { pieces: AsyncIterable<Uint8Array> }).pieces)).rejects.toMatchObject({
      code: 'too_large',
    })
})

test('stopping ends a call before it begins, while it waits and while it is read', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/silent') return
    response.write('abc')
  })
  const pool = open(url)
  const stopped = AbortSignal.abort(new Error('stop'))
  await expect(openRequest(pool, read, stopped)).rejects.toMatchObject({ code: 'network', inDoubt: false })
  const waiting = new AbortController()
  const call = openRequest(pool, { ...read, path: '/silent', changesData: true }, waiting.signal)
  setTimeout(() => waiting.abort(), 50)
  await expect(call).rejects.toMatchObject({ code: 'network', inDoubt: true })
  const reading = new AbortController()
  const answer = await openRequest(pool, read, reading.signal)
  setTimeout(() => reading.abort(), 50)
  await expect(textOf(answer.pieces)).rejects.toMatchObject({ code: 'network' })
  answer.close()
})
