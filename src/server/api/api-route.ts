import type { Context } from 'hono'
import { z } from 'zod'
import type { ServerSite } from '../site.ts'
import { nothing } from './schemas/common.ts'

/** A call of the API: what the OpenAPI document says of it, and what it does. One description serves both. */
export interface ApiRoute {
  readonly method: 'get' | 'post'
  /** In OpenAPI's form: "/api/mappings/{mapping}". */
  readonly path: string
  /** Names it in clients that are made from the document. */
  readonly name: string
  readonly summary: string
  readonly query: z.ZodObject
  /** null: it takes none. */
  readonly body: z.ZodType | null
  /** The status when it was done. */
  readonly status: 200 | 202
  readonly answer: z.ZodType
  /** A further status with the same answer, and what it means. */
  readonly also: { readonly status: 503; readonly meaning: string } | null
  readonly handle: (call: ApiCall) => Promise<ApiAnswer>
}

export interface ApiCall<Query = unknown, Body = unknown> {
  readonly site: ServerSite
  readonly path: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  readonly context: Context
}

export interface ApiAnswer {
  readonly data: object
  /** Where it is not the route's usual one. */
  readonly status?: number
}

interface Definition<Query extends z.ZodRawShape, Body extends z.ZodType>
  extends Pick<ApiRoute, 'path' | 'name' | 'summary' | 'answer'> {
  readonly query?: Query
  readonly body?: Body
  readonly status?: ApiRoute['status']
  readonly also?: ApiRoute['also']
  readonly handle: (call: ApiCall<z.output<z.ZodObject<Query>>, z.output<Body>>) => Promise<ApiAnswer>
}

/** Reads something. */
export function get<Query extends z.ZodRawShape = Record<never, never>>(
  definition: Definition<Query, z.ZodNull>,
): ApiRoute {
  return routeOf('get', definition, null)
}

/** Changes something. Without a schema it takes an empty object, or no body at all. */
export function post<Body extends z.ZodType = typeof nothing>(
  definition: Definition<Record<never, never>, Body>,
): ApiRoute {
  return routeOf('post', definition, definition.body ?? nothing)
}

function routeOf<Query extends z.ZodRawShape, Body extends z.ZodType>(
  method: ApiRoute['method'],
  { query, body: _, status = 200, also = null, handle, ...rest }: Definition<Query, Body>,
  body: z.ZodType | null,
): ApiRoute {
  return {
    ...{ ...rest, method, status, also, body },
    query: z.object(query ?? {}) as z.ZodObject,
    // Parsed with these very schemas before it is called.
    handle: handle as ApiRoute['handle'],
  }
}
