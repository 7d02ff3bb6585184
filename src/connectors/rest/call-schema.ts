import { z } from 'zod'
import type { Fields, Value } from '../../contract/value.ts'

const text = z.string().min(1)
const path = z.string().regex(/^\/|^$/, 'a path begins with a slash')
const jsonPath = z.string()
const query = z.record(z.string(), z.json())

/** One HTTP call. Path, query, headers and body may hold placeholders such as `{id}`. */
const call = {
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).optional(),
  path,
  query: query.default({}),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.json().optional(),
}

/** How the pages of a list follow each other. */
const paging = z.discriminatedUnion('by', [
  /** One answer holds everything. */
  z.strictObject({ by: z.literal('none') }),
  /** `?page=1&per_page=100` */
  z.strictObject({
    by: z.literal('page'),
    page: text.default('page'),
    first: z.int().min(0).default(1),
    size: text.optional(),
    limit: z.int().min(1).default(100),
    /** Where the number of pages is told; without it, the end is a page that is shorter than one before it. */
    pages: jsonPath.optional(),
  }),
  /** `?offset=0&limit=100` */
  z.strictObject({
    by: z.literal('offset'),
    offset: text.default('offset'),
    size: text.default('limit'),
    limit: z.int().min(1).default(100),
    /** Where the number of all records is told. */
    total: jsonPath.optional(),
  }),
  /** The answer names what to ask for next. */
  z.strictObject({
    by: z.literal('cursor'),
    cursor: text.default('cursor'),
    next: jsonPath,
    /** Where the answer says whether there is more, if it names a next one even after the last (`hasNextPage`). */
    more: jsonPath.optional(),
    size: text.optional(),
    limit: z.int().min(1).default(100),
  }),
  /** The header `Link: <…>; rel="next"`. */
  z.strictObject({ by: z.literal('link'), size: text.optional(), limit: z.int().min(1).default(100) }),
  /** The answer holds the next page's address. */
  z.strictObject({
    by: z.literal('next'),
    next: jsonPath,
    size: text.optional(),
    limit: z.int().min(1).default(100),
  }),
  /** `?since_id=42`: records after an id, in the order of ids. Deletes meanwhile do not shift it. */
  z.strictObject({
    by: z.literal('keyset'),
    after: text.default('since_id'),
    /** Where a record holds what `after` is compared with; its id, unless given. */
    from: jsonPath.optional(),
    /** Where the number of records from here on is told. */
    total: jsonPath.optional(),
    size: text.optional(),
    limit: z.int().min(1).default(100),
  }),
])

/**
 * A call that answers with a list. What paging and filters add goes into the query, or where the body has a placeholder of
 * that name, there (GraphQL's variables).
 */
export const listCall = z.strictObject({
  ...call,
  /** Where the list is in the answer; '' where the answer is the list. */
  items: jsonPath.default(''),
  paging: paging.default({ by: 'none' }),
})

/** A call that answers with one record. */
export const itemCall = z.strictObject({
  ...call,
  /** Where the record is in the answer. */
  item: jsonPath.default(''),
  /** Where an answer with a good status says that it failed (`userErrors` of a GraphQL mutation); an empty list is none. */
  error: z.string().min(1).optional(),
})

/** Records by several ids or values in one call. */
export const manyCall = z.strictObject({
  ...call,
  items: jsonPath.default(''),
  /** The most ids or values in one call. */
  max: z.int().min(1).default(50),
  /** Joins them in `{ids}` or `{values}` where those stand inside of a text, or as a whole: without it, a list. */
  separator: z.string().optional(),
})

/** Several writes in one call: WooCommerce's `{ create: […], update: […], delete: […] }` and the like. */
export const batchCall = z.strictObject({
  ...call,
  max: z.int().min(1).default(100),
  /** Where the answers are, in the order of what was sent. */
  items: jsonPath,
  /** Where an answer says that its operation failed; a message or an object with one. */
  error: jsonPath.optional(),
})

export type ListCall = z.output<typeof listCall>
export type ItemCall = z.output<typeof itemCall>
export type ManyCall = z.output<typeof manyCall>
export type BatchCall = z.output<typeof batchCall>
export type Paging = z.output<typeof paging>
/** What every call has. */
export interface Call {
  readonly method?: ListCall['method']
  readonly path: string
  readonly query: Fields
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Value | undefined
}
