import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeMethodCall } from '../../connectors/odoo/transport/xmlrpc-decode.ts'
import { FAULT_KINDS, type FaultSpec, type Faults } from './faults.ts'
import { httpError, OdooError } from './odoo-error.ts'
import type { RequestRecorder } from './request-log.ts'
import { answerXmlRpc, RPC_ROUTES, type RpcAnswer, type RpcServer, rpcBody, versionOf } from './rpc.ts'
import type { SandboxUser } from './schema.ts'

export interface Endpoint {
  readonly database: string
  readonly users: readonly SandboxUser[]
  readonly sessions: Map<string, SandboxUser>
  readonly faults: Faults
  readonly requests: RequestRecorder
  /** Runs a call in a transaction of its own; rejects with an `OdooError`. */
  readonly call: (user: SandboxUser, model: string, method: string, body: Record<string, unknown>) => Promise<unknown>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const JSON_TYPE = 'application/json; charset=utf-8'
const HTML_TYPE = 'text/html; charset=utf-8'
const SERIES = '19'

export function createEndpoint(endpoint: Endpoint): Server {
  return createServer((request, response) => {
    handle(endpoint, request, response).catch((cause: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': HTML_TYPE })
      response.end(String(cause))
    })
  })
}

async function handle(endpoint: Endpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://sandbox')
  const body = await readBody(request)
  const rpc = /^\/json\/2\/([^/]+)\/([^/]+)$/.exec(pathname)
  if (rpc && request.method === 'POST') {
    const [, model = '', method = ''] = rpc.map(decodeURIComponent)
    endpoint.requests.start(model, method)
    try {
      await answerCall(endpoint, request, response, { model, method, body })
    } finally {
      endpoint.requests.finish()
    }
    return
  }
  if (request.method === 'POST' && (pathname in RPC_ROUTES || pathname.startsWith('/xmlrpc/2/'))) {
    await answerRpc(endpoint, request, response, pathname, body)
    return
  }
  send(response, answerOther(endpoint, request, pathname, body))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

interface Call {
  readonly model: string
  readonly method: string
  readonly body: string
}

async function answerCall(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  call: Call,
): Promise<void> {
  await withFaults(endpoint, request, response, call, () => workOut(endpoint, request, call))
}

/** Answers with what `work` gives, unless a fault is armed for the call. */
async function withFaults(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  call: Pick<Call, 'model' | 'method'>,
  work: () => Promise<Answer>,
): Promise<void> {
  const fault = endpoint.faults.take(call.model, call.method)
  if (fault?.kind === 'dropped') {
    request.socket.destroy()
    return
  }
  if (fault?.kind === 'latency') await sleep(fault.delayMs ?? 1000)
  const refusal = fault && refusalFor(fault)
  if (refusal) {
    send(response, refusal)
    return
  }
  const answer = await work()
  if (fault?.kind === 'swallowed') request.socket.destroy()
  else if (fault?.kind === 'truncated') truncate(response, answer)
  else if (fault?.kind === 'slow_body') await trickle(response, answer, fault.delayMs ?? 1000)
  else send(response, answer)
}

/** `/jsonrpc`, `/xmlrpc/2/…` and the routes of a web session. */
async function answerRpc(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  body: string,
): Promise<void> {
  const server: RpcServer = {
    ...endpoint,
    series: SERIES,
    logins: () => {
      endpoint.requests.start('session', 'authenticate')
      endpoint.requests.finish()
    },
    run: async ({ user, model, method, body: args }) => {
      endpoint.requests.start(model, method)
      try {
        return await endpoint.call(user, model, method, args)
      } finally {
        endpoint.requests.finish()
      }
    },
  }
  const route = RPC_ROUTES[path]
  await withFaults(endpoint, request, response, calledMethod(path, body), async () => {
    if (route === undefined) {
      const xml = await answerXmlRpc(server, path.slice('/xmlrpc/2/'.length), body)
      return { status: 200, type: 'text/xml; charset=utf-8', body: xml }
    }
    const sessionId = /(?:^|; )session_id=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? null
    const { params = {} } = JSON.parse(body) as { params?: Record<string, unknown> }
    const answer = await route(server, params, sessionId).catch((error: unknown): RpcAnswer => {
      if (error instanceof OdooError) return { error }
      throw error
    })
    const cookie = answer.sessionId && { 'set-cookie': `session_id=${answer.sessionId}; HttpOnly; Path=/` }
    return { ...json(200, rpcBody(server, answer)), ...(cookie && { headers: cookie }) }
  })
}

/** The model and method that a call by RPC names, so that a fault can be armed for it. */
function calledMethod(path: string, body: string): Pick<Call, 'model' | 'method'> {
  if (path.startsWith('/xmlrpc/')) {
    const [, , , model = '', method = ''] = decodeMethodCall(body).params.map(String)
    return { model, method }
  }
  const { params = {} } = JSON.parse(body) as { params?: { args?: unknown[]; model?: string; method?: string } }
  if (path !== '/jsonrpc') return { model: params.model ?? '', method: params.method ?? '' }
  const [, , , model = '', method = ''] = (params.args ?? []).map(String)
  return { model, method }
}

function refusalFor(fault: FaultSpec): Answer | null {
  const headers = { 'retry-after': String(fault.retryAfterS ?? 1) }
  switch (fault.kind) {
    case 'rate_limited':
      return { status: 429, type: HTML_TYPE, body: '<h1>429 Too Many Requests</h1>', headers }
    case 'unavailable':
      return { status: 503, type: HTML_TYPE, body: '<h1>503 Service Unavailable</h1>', headers }
    case 'error_html':
      return { status: 500, type: HTML_TYPE, body: '<!DOCTYPE html><title>500 Internal Server Error</title>' }
    case 'error_json':
      return errorAnswer(new OdooError('psycopg2.OperationalError', 500, 'could not serialize access'))
    case 'latency':
    case 'swallowed':
    case 'dropped':
    case 'truncated':
    case 'slow_body':
      return null
  }
}

async function workOut(endpoint: Endpoint, request: IncomingMessage, call: Call): Promise<Answer> {
  const database = request.headers['x-odoo-database']
  if (database !== undefined && database !== endpoint.database) {
    return { status: 404, type: HTML_TYPE, body: '<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>' }
  }
  try {
    const user = authenticate(endpoint, request.headers.authorization)
    const result = await endpoint.call(user, call.model, call.method, parseBody(call.body))
    return json(200, result)
  } catch (cause) {
    if (cause instanceof OdooError) return errorAnswer(cause)
    throw cause
  }
}

function authenticate(endpoint: Endpoint, authorization: string | undefined): SandboxUser {
  const key = /^bearer\s+(.+)$/i.exec(authorization ?? '')?.[1]
  if (key === undefined) {
    throw httpError('Unauthorized', 401, 'User not authenticated, use an API Key with a Bearer Authorization header.')
  }
  const user = endpoint.users.find(({ apiKey }) => apiKey !== '' && apiKey === key)
  if (!user) throw httpError('Unauthorized', 401, 'Invalid apikey')
  return user
}

/** A body that is JSON, but no object, counts as one without arguments. */
function parseBody(body: string): Record<string, unknown> {
  if (body === '') return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch (cause) {
    throw httpError('BadRequest', 400, `could not parse the body as json: ${(cause as Error).message}`)
  }
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
  return isObject ? (parsed as Record<string, unknown>) : {}
}

function errorAnswer(error: OdooError): Answer {
  const { name, message, status } = error
  const debug = `Traceback (most recent call last):\n  (the stand-in has no Python)\n${name}: ${message}\n`
  const answer = json(status, { name, message, arguments: error.arguments, context: {}, debug })
  return status === 401 ? { ...answer, headers: { 'www-authenticate': 'Bearer ' } } : answer
}

function json(status: number, value: unknown): Answer {
  return { status, type: JSON_TYPE, body: JSON.stringify(value ?? null) }
}

/** Everything but the calls: health, version, and the stand-in's own controls. */
function answerOther(endpoint: Endpoint, request: IncomingMessage, path: string, body: string): Answer {
  const route = `${request.method ?? ''} ${path}`
  if (route === 'GET /web/health') return { ...json(200, { status: 'pass' }), type: 'application/json' }
  if (route === 'GET /web/version' || route === 'GET /json/version') {
    const { server_version: version, server_version_info: version_info } = versionOf({ series: SERIES })
    return json(200, { version_info, version })
  }
  if (path === '/json/2' || path.startsWith('/json/2/')) {
    return errorAnswer(httpError('NotFound', 404, 'Did you mean POST /json/2/<model>/<method>?'))
  }
  return answerControl(endpoint, route, body)
}

function answerControl({ faults, requests }: Endpoint, route: string, body: string): Answer {
  switch (route) {
    case 'POST /sandbox/faults': {
      const spec = JSON.parse(body) as FaultSpec
      if (!FAULT_KINDS.includes(spec.kind)) return json(400, { error: `kind is one of ${FAULT_KINDS.join(', ')}` })
      faults.add(spec)
      return json(200, { armed: spec })
    }
    case 'DELETE /sandbox/faults':
      faults.clear()
      return json(200, {})
    case 'GET /sandbox/requests':
      return json(200, { byMethod: requests.byMethod(), mostInFlight: requests.mostInFlight })
    case 'DELETE /sandbox/requests':
      requests.reset()
      return json(200, {})
    default:
      return { status: 404, type: HTML_TYPE, body: '<!DOCTYPE html><title>404 Not Found</title>' }
  }
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { 'content-type': answer.type, ...answer.headers })
  response.end(answer.body)
}

/** An answer that ends in the middle, as if complete: the length is that of the half. */
function truncate(response: ServerResponse, answer: Answer): void {
  send(response, { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) })
}

async function trickle(response: ServerResponse, answer: Answer, durationMs: number): Promise<void> {
  const steps = 10
  const size = Math.ceil(answer.body.length / steps)
  response.writeHead(answer.status, { 'content-type': answer.type, ...answer.headers })
  for (let step = 0; step < steps && !response.destroyed; step++) {
    response.write(answer.body.slice(step * size, (step + 1) * size) || '')
    await sleep(durationMs / steps)
  }
  response.end()
}
