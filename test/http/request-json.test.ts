import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { closeHttpPool, type HttpPool, type HttpPoolSettings, openHttpPool } from '../../src/http/http-pool.ts'
import { type HttpRequest, requestJson } from '../../src/http/request-json.ts'

const cleanups: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const never = new AbortController().signal
const write: HttpRequest = { method: 'POST', path: '/x', headers: {}, body: '{}', changesData: true }
const read: HttpRequest = { ...write, changesData: false }

async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener)
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
    limits: { concurrency: 2, perSecond: null },
    timeouts: { connectMs: 500, headersMs: 5000, bodyMs: 5000, totalMs: 5000 },
    maxBodyBytes: 1_000_000,
    ...more,
  })
  cleanups.push(() => closeHttpPool(pool))
  return pool
}

async function failure(call: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(SyncError)
  return error as SyncError
}

test('gives status, headers and the parsed body, under the path of the address', async () => {
  const url = await serve((request, response) => {
    response.writeHead(201, { 'content-type': 'application/json; charset=utf-8', 'x-path': request.url })
    response.end('{"a":[1,null]}')
  })
  const answer = await requestJson(open(`${url}/odoo/`), read, never)
  expect(answer).toMatchObject({ status: 201, body: { a: [1, null] } })
  expect(answer.headers['x-path']).toBe('/odoo/x')
})

test('an HTML page and an unreadable error body have no body', async () => {
  const url = await serve((request, response) => {
    const isHtml = request.url === '/html'
    response.writeHead(isHtml ? 502 : 500, { 'content-type': isHtml ? 'text/html' : 'application/json' })
    response.end('<html>')
  })
  const pool = open(url)
  expect(await requestJson(pool, { ...read, path: '/html' }, never)).toMatchObject({ status: 502, body: undefined })
  expect(await requestJson(pool, read, never)).toMatchObject({ status: 500, body: undefined })
})

test('redirects are answers, not followed', async () => {
  const url = await serve((_request, response) => response.writeHead(302, { location: '/elsewhere' }).end())
  expect((await requestJson(open(url), read, never)).status).toBe(302)
})

test('a truncated answer is a network error, in doubt for a write only', async () => {
  const half = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{"a":')
    setTimeout(() => response.destroy(), 20)
  })
  const whole = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('[{"id":1},')
  })
  for (const url of [half, whole]) {
    expect(await failure(requestJson(open(url), write, never))).toMatchObject({ code: 'network', inDoubt: true })
    expect(await failure(requestJson(open(url), read, never))).toMatchObject({ code: 'network', inDoubt: false })
  }
})

test('a connection that never came to be is not in doubt', async () => {
  const url = await serve(() => {})
  await cleanups.splice(0).reduce<Promise<unknown>>((done, cleanup) => done.then(cleanup), Promise.resolve())
  expect(await failure(requestJson(open(url), write, never))).toMatchObject({ code: 'network', inDoubt: false })
  const unknown = open('http://nowhere.invalid')
  expect(await failure(requestJson(unknown, write, never))).toMatchObject({ code: 'network', inDoubt: false })
})

test('a reset after sending is in doubt', async () => {
  const url = await serve((request) => request.socket.resetAndDestroy())
  expect(await failure(requestJson(open(url), write, never))).toMatchObject({ code: 'network', inDoubt: true })
})

test('TLS to a server without TLS is not in doubt', async () => {
  const server = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  const pool = open(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(await failure(requestJson(pool, write, never))).toMatchObject({
    code: 'network',
    inDoubt: false,
    message: expect.stringContaining('does not speak TLS (ERR_SSL_WRONG_VERSION_NUMBER)'),
    hint: 'Where the server has no TLS at this port, the address begins with http://.',
  })
})

test('TLS to a server that hangs up names that it may have none', async () => {
  const server = createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  const pool = open(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(await failure(requestJson(pool, write, never))).toMatchObject({
    code: 'network',
    hint: expect.stringMatching(/whether the server runs\. Where the server has no TLS .* begins with http:/),
  })
})

test('a server that never answers, and one that drips, end at the deadline', async () => {
  const silent = await serve(() => {})
  const dripping = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  })
  for (const url of [silent, dripping]) {
    const pool = open(url, { timeouts: { connectMs: 500, headersMs: 5000, bodyMs: 5000, totalMs: 150 } })
    expect(await failure(requestJson(pool, write, never))).toMatchObject({ code: 'timeout', inDoubt: true })
    expect(await failure(requestJson(pool, read, never))).toMatchObject({ code: 'timeout', inDoubt: false })
  }
})

test('a body beyond the cap is cut off', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(`"${'x'.repeat(2_000_000)}"`)
  })
  expect((await failure(requestJson(open(url), read, never))).code).toBe('too_large')
})

test('an aborted call is in doubt once it was sent, and not before', async () => {
  const controller = new AbortController()
  const url = await serve(() => controller.abort())
  const pool = open(url, { limits: { concurrency: 1, perSecond: null } })
  const sent = failure(requestJson(pool, write, controller.signal))
  const waiting = failure(requestJson(pool, write, controller.signal))
  expect(await sent).toMatchObject({ code: 'network', inDoubt: true })
  expect(await waiting).toMatchObject({ code: 'network', inDoubt: false })
  expect(await failure(requestJson(pool, write, controller.signal))).toMatchObject({ inDoubt: false })
})

test('limits hold: sockets in flight and calls begun in a second', async () => {
  let inFlight = 0
  let most = 0
  const url = await serve((_request, response) => {
    most = Math.max(most, ++inFlight)
    setTimeout(() => {
      inFlight--
      response.writeHead(200, { 'content-type': 'application/json' }).end('1')
    }, 10)
  })
  await Promise.all(Array.from({ length: 10 }, () => requestJson(open(url), read, never)))
  const pool = open(url)
  most = 0
  await Promise.all(Array.from({ length: 10 }, () => requestJson(pool, read, never)))
  expect(most).toBeLessThanOrEqual(2)
  const slow = open(url, { limits: { concurrency: 10, perSecond: 2 } })
  const startMs = performance.now()
  await Promise.all(Array.from({ length: 4 }, () => requestJson(slow, read, never)))
  expect(performance.now() - startMs).toBeGreaterThan(950)
})

test.each(['ftp://host', 'host:80', 'http://user:secret@host'])('the address %s is refused', (url) => {
  expect(() => open(url)).toThrow(SyncError)
})

test.each([
  [429, 'rate_limited'],
  [503, 'unavailable'],
] as const)('after a %i with Retry-After, nothing else is sent before it is over', async (status, code) => {
  let calls = 0
  const url = await serve((_request, response) => {
    calls += 1
    response.writeHead(status, { 'retry-after': '3600' }).end()
  })
  const pool = open(url)
  expect((await requestJson(pool, write, never)).status).toBe(status)
  const error = await failure(requestJson(pool, write, never))
  expect(error).toMatchObject({ code, inDoubt: false, disposition: 'defer' })
  expect(error.retryAfterMs).toBeGreaterThan(3_500_000)
  expect(calls).toBe(1)
})

test('after the last call that the server allows, nothing is sent before there are more', async () => {
  let left = 2
  const url = await serve((_request, response) => {
    left -= 1
    response.writeHead(200, { 'x-ratelimit-remaining': String(left), 'x-ratelimit-reset': '1800' }).end('{}')
  })
  const pool = open(url)
  expect((await requestJson(pool, read, never)).status).toBe(200)
  expect((await requestJson(pool, write, never)).status).toBe(200)
  const error = await failure(requestJson(pool, write, never))
  expect(error).toMatchObject({ code: 'rate_limited', inDoubt: false, disposition: 'defer' })
  expect(error.retryAfterMs).toBeGreaterThan(1_700_000)
  expect(left).toBe(0)
})

test('a 503 without Retry-After holds nothing', async () => {
  const url = await serve((_request, response) => response.writeHead(503).end())
  const pool = open(url)
  expect((await requestJson(pool, read, never)).status).toBe(503)
  expect((await requestJson(pool, read, never)).status).toBe(503)
})

test('a write that is under way when the pool is closed is in doubt; one that is asked of a closed pool is not', async () => {
  const arrived = Promise.withResolvers<void>()
  const pool = open(await serve(() => arrived.resolve()))
  const failed = failure(requestJson(pool, write, never))
  await arrived.promise
  await closeHttpPool(pool)
  expect(await failed).toMatchObject({ code: 'network', inDoubt: true })
  expect((await failure(requestJson(pool, write, never))).inDoubt).toBe(false)
})
