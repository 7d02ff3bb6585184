import { z } from 'zod'
import { VERSION } from '../../version.ts'
import type { ApiRoute } from './api-route.ts'
import { BACKUP_OPERATION, BACKUP_PATH } from './backup-route.ts'
import { failure } from './schemas/common.ts'

type Json = { readonly [name: string]: unknown }

/** The API's description, made from the very schemas with which calls are checked. */
export function openApiDocument(routes: readonly ApiRoute[], hasToken: boolean): Json {
  const schemas: Record<string, unknown> = {}
  const schemaOf = (schema: z.ZodType): Json => hoisted(z.toJSONSchema(schema, { io: 'input' }) as Json, schemas)
  const paths: Record<string, Record<string, unknown>> = { [BACKUP_PATH]: { get: BACKUP_OPERATION } }
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route, schemaOf) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tandem',
      version: VERSION,
      description:
        'What the commands of Tandem do, over HTTP. A change that needs both systems is begun (202) and asked for until it is over.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'server.token of the configuration.' } },
    },
    ...(hasToken ? { security: [{ token: [] }] } : {}),
  }
}

function operationOf(route: ApiRoute, schemaOf: (schema: z.ZodType) => Json): Json {
  const { name, summary, query, body, status, answer, also } = route
  const content = { 'application/json': { schema: schemaOf(answer) } }
  const refusal = { description: 'Why not.', content: { 'application/json': { schema: schemaOf(failure) } } }
  return {
    operationId: name,
    summary,
    parameters: [...pathParameters(route.path), ...queryParameters(query, schemaOf)],
    ...(body === null
      ? {}
      : { requestBody: { required: false, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses: {
      [status]: { description: status === 202 ? 'It was begun.' : 'Done.', content },
      ...(also === null ? {} : { [also.status]: { description: also.meaning, content } }),
      default: refusal,
    },
  }
}

function pathParameters(path: string): readonly Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true },
    schema: name === 'side' ? { $ref: '#/components/schemas/Side' } : { type: 'string' },
  }))
}

function queryParameters(query: z.ZodObject, schemaOf: (schema: z.ZodType) => Json): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: required.includes(name), schema },
    ...(description === undefined ? {} : { description }),
  }))
}

/** A schema without definitions of its own: those go to the document, under their names. */
function hoisted(schema: Json, schemas: Record<string, unknown>): Json {
  const { $schema: _, $defs = {}, ...rest } = schema
  for (const [name, definition] of Object.entries($defs as Record<string, Json>))
    schemas[name] ??= referring(definition)
  return referring(rest) as Json
}

function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === '$ref' ? String(each).replace('#/$defs/', '#/components/schemas/') : referring(each),
    ]),
  )
}
