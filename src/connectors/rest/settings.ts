import { z } from 'zod'
import { DISPOSITION, type ErrorCode } from '../../contract/error.ts'
import { duration } from '../duration.ts'
import { itemCall } from './call-schema.ts'
import { collectionSchema } from './collection-schema.ts'

const secret = z.string().min(1).meta({ secret: true })

/** Who we are to the API. Exactly one way. */
const auth = z.union([
  z.strictObject({ none: z.literal(true) }),
  z.strictObject({ bearer: secret }),
  z.strictObject({ basic: z.strictObject({ user: z.string().min(1), password: secret }) }),
  z.strictObject({ header: z.strictObject({ name: z.string().min(1), value: secret }) }),
  z.strictObject({ query: z.strictObject({ name: z.string().min(1), value: secret }) }),
  z.strictObject({
    /** OAuth 2.0 (RFC 6749): client credentials, or a refresh token where one is given. */
    oauth2: z.strictObject({
      token_url: z.url({ protocol: /^https?$/ }),
      client_id: z.string().min(1),
      client_secret: secret.optional(),
      refresh_token: secret.optional(),
      scope: z.string().optional(),
      /** How the client names itself: by HTTP basic authentication, or in the body. */
      client_in: z.enum(['header', 'body']).default('header'),
    }),
  }),
  z.strictObject({
    /** A call that answers with a token. */
    login: z.strictObject({
      ...itemCall.omit({ item: true }).shape,
      body: z.json().optional().meta({ secret: true }),
      /** Where the token is in the answer. */
      token: z.string().min(1),
      header: z.string().min(1).default('Authorization'),
      /** What the header holds, with `{token}`. */
      format: z.string().includes('{token}').default('Bearer {token}'),
      /** How long a token lives; without it, one is made when the API refuses the last. */
      lives: duration.optional(),
    }),
  }),
])

const errorCode = z.enum(Object.keys(DISPOSITION) as [ErrorCode, ...ErrorCode[]])

/** A connection of `type: rest` in config.yaml. */
export const restSettings = z.strictObject({
  type: z.literal('rest').optional(),
  /** Scheme, host, port and the path in front of every call's path. */
  url: z.url({ protocol: /^https?$/ }),
  auth: auth.default({ none: true }),
  /** Sent with every call. */
  headers: z.record(z.string(), z.string()).default({}),
  /** A call that succeeds only with valid credentials and changes nothing, for `check`. */
  check: itemCall.optional(),
  /** Where an answer with a good status says that it failed all the same (`errors` in GraphQL). */
  error: z.string().min(1).optional(),
  /** What a status means where the API differs from HTTP's own meaning: `{ 400: rate_limited }`. */
  statuses: z.record(z.string().regex(/^[1-5]\d\d$/, 'an HTTP status such as 422'), errorCode).default({}),
  limits: z
    .strictObject({
      concurrency: z.int().min(1).max(32).default(4),
      /** Calls begun in any one second. */
      per_second: z.int().min(1).nullable().default(null),
      answer_bytes: z.int().min(100_000).default(64_000_000),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connect: duration.prefault('10s'),
      answer: duration.prefault('60s'),
      body: duration.prefault('30s'),
      total: duration.prefault('90s'),
    })
    .prefault({}),
  collections: z.record(z.string(), collectionSchema),
})

export type RestSettings = z.output<typeof restSettings>
export type Auth = RestSettings['auth']
