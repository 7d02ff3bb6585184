import { randomBytes } from 'node:crypto'
import { decodeMethodCall } from '../../connectors/odoo/transport/xmlrpc-decode.ts'
import { encodeValue } from '../../connectors/odoo/transport/xmlrpc-encode.ts'
import type { Value } from '../../contract/value.ts'
import { namedArguments } from './methods.ts'
import { MODELS } from './models.ts'
import { OdooError, pythonError, userError } from './odoo-error.ts'
import type { SandboxUser } from './schema.ts'

/** One remote call of `execute_kw` or `call_kw`. */
export interface RpcCall {
  readonly user: SandboxUser
  readonly model: string
  readonly method: string
  readonly body: Record<string, unknown>
}

export interface RpcServer {
  readonly database: string
  readonly series: string
  readonly users: readonly SandboxUser[]
  /** Web sessions by the id in their cookie. */
  readonly sessions: Map<string, SandboxUser>
  /** Counts a login over the web. */
  logins(): void
  run(call: RpcCall): Promise<unknown>
}

/** What is answered: `result` or `error`, and for a new session its id. */
export interface RpcAnswer {
  readonly result?: unknown
  readonly error?: OdooError
  readonly sessionId?: string
}

type Params = Readonly<Record<string, unknown>>

/** The JSON-RPC routes by their path; `/jsonrpc` is the one that `/xmlrpc/2/…` serves in another writing. */
export const RPC_ROUTES: Readonly<
  Record<string, (server: RpcServer, params: Params, sessionId: string | null) => Promise<RpcAnswer>>
> = {
  '/jsonrpc': async (server, { service, method, args }) => ({
    result: await dispatch(server, String(service), String(method), (args ?? []) as unknown[]),
  }),
  '/web/session/authenticate': async (server, { db, login, password }) => {
    server.logins()
    const user = server.users.find((each) => each.login === login && each.password === password)
    if (db !== server.database || user === undefined) throw accessDenied()
    const sessionId = randomBytes(20).toString('hex')
    server.sessions.set(sessionId, user)
    return { result: { uid: user.uid, db, username: login }, sessionId }
  },
  '/web/dataset/call_kw': async (server, { model, method, args, kwargs }, sessionId) => {
    const user = server.sessions.get(sessionId ?? '')
    if (user === undefined) {
      throw new OdooError('odoo.http.SessionExpiredException', 403, 'Session expired')
    }
    const call = { user, model: String(model), method: String(method) }
    return { result: await execute(server, call, args as unknown[], kwargs as Params) }
  },
  '/web/webclient/version_info': async (server) => ({ result: versionOf(server) }),
}

/** `common` and `object`, as both RPC protocols offer them. */
async function dispatch(
  server: RpcServer,
  service: string,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  if (service === 'common' && method === 'version') return versionOf(server)
  const [database, who, secret, model, name, positional = [], kwargs = {}] = args
  if (database !== server.database) {
    throw new OdooError('psycopg2.OperationalError', 500, `FATAL:  database "${String(database)}" does not exist`)
  }
  const isRight = (user: SandboxUser) => secret !== '' && (user.apiKey === secret || user.password === secret)
  if (service === 'common' && (method === 'authenticate' || method === 'login')) {
    return server.users.find((user) => user.login === who && isRight(user))?.uid ?? false
  }
  if (service !== 'object' || method !== 'execute_kw') throw pythonError('KeyError', `'${method}'`)
  const user = server.users.find((each) => each.uid === who && isRight(each))
  if (user === undefined) throw accessDenied()
  if (!Object.hasOwn(MODELS, String(model))) throw userError(`Object ${String(model)} doesn't exist`)
  const call = { user, model: String(model), method: String(name) }
  return execute(server, call, positional as unknown[], kwargs as Params)
}

async function execute(
  server: RpcServer,
  call: Omit<RpcCall, 'body'>,
  args: readonly unknown[],
  kwargs: Params,
): Promise<unknown> {
  const body = namedArguments(call.method, args, kwargs)
  const result = await server.run({ ...call, body }).catch((error: unknown) => {
    throw error instanceof OdooError ? asPythonSays(error) : error
  })
  const isOne = call.method === 'create' && !Array.isArray(args[0])
  return isOne && Array.isArray(result) ? (result as unknown[])[0] : result
}

/** What JSON-2 says of methods and arguments with a status of HTTP, the others say with errors of Python. */
function asPythonSays(error: OdooError): OdooError {
  const { name, message } = error
  if (name === 'werkzeug.exceptions.UnprocessableEntity') return pythonError('TypeError', message)
  const isOfMethod = name === 'werkzeug.exceptions.NotFound' && message.startsWith('The method')
  return isOfMethod ? pythonError('AttributeError', message) : error
}

function accessDenied(): OdooError {
  return new OdooError('odoo.exceptions.AccessDenied', 403, 'Access Denied')
}

export function versionOf({ series }: Pick<RpcServer, 'series'>) {
  const serie = `${series}.0`
  const info = [Number(series), 0, 0, 'final', 0, '']
  return { server_version: serie, server_version_info: info, server_serie: serie, protocol_version: 1 }
}

/** The body of a JSON-RPC answer. Errors, too, come with a status of 200. */
export function rpcBody({ series }: Pick<RpcServer, 'series'>, answer: RpcAnswer): unknown {
  const { result, error } = answer
  if (error === undefined) {
    // Before 15 a result of None is left out.
    const isLeftOut = (result === null || result === undefined) && Number(series) < 15
    return { jsonrpc: '2.0', id: 1, ...(isLeftOut ? {} : { result: result ?? null }) }
  }
  const isExpired = error.name === 'odoo.http.SessionExpiredException'
  return {
    jsonrpc: '2.0',
    id: 1,
    error: {
      code: isExpired ? 100 : Number(series) < 15 ? 200 : 0,
      message: isExpired ? 'Odoo Session Expired' : 'Odoo Server Error',
      data: {
        name: error.name,
        message: error.message,
        arguments: error.arguments,
        context: {},
        debug: traceback(error),
      },
    },
  }
}

/** A call of `/xmlrpc/2/<service>`: its XML in, its XML out. */
export async function answerXmlRpc(server: RpcServer, service: string, xml: string): Promise<string> {
  try {
    const { method, params } = decodeMethodCall(xml)
    const result = (await dispatch(server, service, method, params)) ?? null
    // Python's writer takes no None. The work is done by then.
    if (result === null) throw new OdooError('builtins.TypeError', 500, NO_NIL)
    return document(`<params><param>${encodeValue(result as Value)}</param></params>`)
  } catch (error) {
    if (!(error instanceof OdooError)) throw error
    const code = faultCode(error)
    const fault = { faultCode: code, faultString: code === 1 ? traceback(error) : error.message }
    return document(`<fault>${encodeValue(fault)}</fault>`)
  }
}

const NO_NIL = 'cannot marshal None unless allow_none is enabled'

function document(content: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n${content}\n</methodResponse>\n`
}

function faultCode({ name }: OdooError): number {
  if (name === 'odoo.exceptions.AccessDenied') return 3
  if (name === 'odoo.exceptions.AccessError') return 4
  return name.startsWith('odoo.exceptions.') ? 2 : 1
}

function traceback({ name, message }: OdooError): string {
  const frame =
    message === NO_NIL
      ? '  File "/usr/lib/python3/xmlrpc/client.py", line 540, in dump_nil\n    raise TypeError'
      : '  File "/the/stand-in/has/no/python.py", line 1, in call_kw'
  return `Traceback (most recent call last):\n${frame}\n${name.replace(/^builtins\./, '')}: ${message}\n`
}
