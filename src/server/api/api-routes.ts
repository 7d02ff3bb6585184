import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import { ConfigError } from '../../config/config-error.ts'
import { asSyncError, type ErrorCode, SyncError } from '../../contract/error.ts'
import { refuse, refuseMethod } from '../answers.ts'
import { failureOf } from '../page-tools.ts'
import { readJson } from '../read-json.ts'
import type { ServerSite } from '../site.ts'
import type { AllStudies } from '../studies.ts'
import type { ApiRoute } from './api-route.ts'
import { BACKUP_PATH, sendBackup } from './backup-route.ts'
import { jobCalls } from './job-calls.ts'
import { openApiDocument } from './openapi.ts'
import { recordCalls } from './record-calls.ts'
import { statusCalls } from './status-calls.ts'
import { systemCalls } from './system-calls.ts'

/** Every call of the API. */
export function apiCalls(studies: AllStudies): readonly ApiRoute[] {
  return [...statusCalls, ...recordCalls, ...jobCalls(studies), ...systemCalls]
}

/** The API: calls are checked against the schemas that the OpenAPI document shows. */
export function apiRoutes(site: ServerSite, studies: AllStudies): Hono {
  const routes = new Hono()
  const calls = apiCalls(studies)
  const document = openApiDocument(calls, site.config.server.token !== null)
  routes.get('/api/openapi.json', (context) => context.json(document))
  routes.get(BACKUP_PATH, (context) => sendBackup(site, context))
  routes.all(BACKUP_PATH, refuseMethod('GET'))
  for (const call of calls) {
    const path = call.path.replace(/\{(\w+)\}/g, ':$1')
    routes.on(call.method.toUpperCase(), path, (context) => answer(site, call, context))
  }
  for (const path of new Set(calls.map((call) => call.path))) {
    const methods = calls.filter((call) => call.path === path).map(({ method }) => method.toUpperCase())
    routes.all(path.replace(/\{(\w+)\}/g, ':$1'), refuseMethod(methods.join(', ')))
  }
  routes.onError((error, context) => {
    if (error instanceof SyncError || error instanceof ConfigError) return refuseFor(site, context, error)
    site.onDefect(`A request to ${context.req.method} ${context.req.routePath} failed: ${asSyncError(error).message}`)
    return refuse(context, 500, 'unexpected', 'This failed here; the log says why.')
  })
  return routes
}

async function answer(site: ServerSite, call: ApiRoute, context: Context): Promise<Response> {
  const query = call.query.safeParse(context.req.query())
  if (!query.success) return refuseInput(context, query.error)
  let body: unknown = null
  if (call.body !== null) {
    const read = await readBody(context)
    if ('refusal' in read) return read.refusal
    const parsed = call.body.safeParse(read.body)
    if (!parsed.success) return refuseInput(context, parsed.error)
    body = parsed.data
  }
  const path: Readonly<Record<string, string>> = context.req.param()
  const { data, status = call.status } = await call.handle({ site, path, query: query.data, body, context })
  return context.json(data, status as ContentfulStatusCode)
}

/** No body is an empty object. */
async function readBody(context: Context): Promise<Awaited<ReturnType<typeof readJson>>> {
  const isEmpty = context.req.header('content-type') === undefined && (await context.req.text()) === ''
  return isEmpty ? { body: {} } : readJson(context)
}

function refuseInput(context: Context, error: z.ZodError): Response {
  const message = error.issues
    .map(({ path, message: what }) => (path.length === 0 ? what : `${path.join('.')}: ${what}`))
    .join('; ')
  return refuse(context, 422, 'invalid', message, {}, 'The form of each call is in /api/openapi.json.')
}

const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  config: 404,
  changed: 409,
  busy: 503,
  ledger: 503,
  unavailable: 503,
  rate_limited: 429,
  unexpected: 500,
}

function refuseFor(site: ServerSite, context: Context, thrown: unknown): Response {
  const { code, message, hint } = failureOf(thrown)
  const { redact } = site.config.redactor
  return refuse(context, STATUS[code] ?? 422, code, redact(message), {}, hint === null ? null : redact(hint))
}
