import { z } from 'zod'
import type { Fields, Value } from '../../contract/value.ts'

const text = z.string().min(1)
const path = z.string().regex(/^\/|^$/, 'a path begins with a slash')
const jsonPath = z.string()
const query = z.record(z.string(), z.json())

/** One HTTP call. Path, query, headers and body may hold placeholders such as `{id}`. */
const call = {
  method: z
    .enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    .optional()
    .describe('As the table of [calls](#calls) says, unless given.'),
  path: path.describe("Behind the connection's `url`."),
  query: query.default({}).describe('Parameters.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Further headers.'),
  body: z.json().optional().describe('What is sent, as JSON.'),
}

/** How the pages of a list follow each other. */
const paging = z
  .discriminatedUnion('by', [
    z.strictObject({ by: z.literal('none') }).describe('One answer holds everything.'),
    z
      .strictObject({
        by: z.literal('page'),
        page: text.default('page').describe('The parameter with the number of the page.'),
        first: z.int().min(0).default(1).describe('The number of the first one.'),
        size: text.optional().describe('The parameter with the number of records a page; absent: it is not sent.'),
        limit: z.int().min(1).default(100).describe('How many records a page.'),
        pages: jsonPath
          .optional()
          .describe(
            'Where the number of pages is told; without it, the end is a page that is shorter than one before it.',
          ),
      })
      .describe('`?page=1&per_page=100`'),
    z
      .strictObject({
        by: z.literal('offset'),
        offset: text.default('offset').describe('The parameter with how many records come before.'),
        size: text
          .default('limit')
          .describe('The parameter with the number of records a page; absent: it is not sent.'),
        limit: z.int().min(1).default(100).describe('How many records a page.'),
        total: jsonPath.optional().describe('Where the number of all records is told.'),
      })
      .describe('`?offset=0&limit=100`'),
    z
      .strictObject({
        by: z.literal('cursor'),
        cursor: text.default('cursor').describe('The parameter with the cursor.'),
        next: jsonPath.describe('Where the answer holds it.'),
        more: jsonPath
          .optional()
          .describe(
            'Where the answer says whether there is more, if it names a next one even after the last (`hasNextPage`).',
          ),
        size: text.optional().describe('The parameter with the number of records a page; absent: it is not sent.'),
        limit: z.int().min(1).default(100).describe('How many records a page.'),
      })
      .describe('The answer names what to ask for next.'),
    z
      .strictObject({
        by: z.literal('link'),
        size: text.optional().describe('The parameter with the number of records a page; absent: it is not sent.'),
        limit: z.int().min(1).default(100).describe('How many records a page.'),
      })
      .describe('The header `Link: <…>; rel="next"`.'),
    z
      .strictObject({
        by: z.literal('next'),
        next: jsonPath.describe('Where the answer holds it.'),
        size: text.optional().describe('The parameter with the number of records a page; absent: it is not sent.'),
        limit: z.int().min(1).default(100).describe('How many records a page.'),
      })
      .describe("The answer holds the next page's address."),
    z
      .strictObject({
        by: z.literal('keyset'),
        after: text.default('since_id').describe('The parameter with the id.'),
        from: jsonPath.optional().describe('Where a record holds what `after` is compared with; its id, unless given.'),
        total: jsonPath.optional().describe('Where the number of records from here on is told.'),
        size: text.optional().describe('The parameter with the number of records a page; absent: it is not sent.'),
        limit: z.int().min(1).default(100).describe('How many records a page.'),
      })
      .describe('`?since_id=42`: records after an id, in the order of ids. Deletes meanwhile do not shift it.'),
  ])
  .meta({ title: 'paging' })

/**
 * A call that answers with a list. What paging and filters add goes into the query, or where the body has a placeholder of
 * that name, there (GraphQL's variables).
 */
export const listCall = z
  .strictObject({
    ...call,
    items: jsonPath.default('').describe("Where the list is in the answer; '' where the answer is the list."),
    paging: paging.default({ by: 'none' }).describe('How the pages of the list follow each other.'),
  })
  .meta({ title: 'list call' })

/** A call that answers with one record. */
export const itemCall = z
  .strictObject({
    ...call,
    item: jsonPath.default('').describe('Where the record is in the answer.'),
    error: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Where an answer with a good status says that it failed (`userErrors` of a GraphQL mutation); an empty list is none.',
      ),
  })
  .meta({ title: 'call' })

/** Records by several ids or values in one call. */
export const manyCall = z
  .strictObject({
    ...call,
    items: jsonPath.default('').describe('Where the list is in the answer; absent where the answer is the list.'),
    max: z.int().min(1).default(50).describe('The most ids or values in one call.'),
    separator: z
      .string()
      .optional()
      .describe(
        'Joins them in `{ids}` or `{values}` where those stand inside of a text, or as a whole: without it, a list.',
      ),
  })
  .meta({ title: 'call for several' })

/** Several writes in one call: WooCommerce's `{ create: […], update: […], delete: […] }` and the like. */
export const batchCall = z
  .strictObject({
    ...call,
    max: z.int().min(1).default(100).describe('The most operations in one call.'),
    items: jsonPath.describe('Where the answers are, in the order of what was sent.'),
    error: jsonPath
      .optional()
      .describe('Where an answer says that its operation failed; a message or an object with one.'),
  })
  .meta({ title: 'batch call' })

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
