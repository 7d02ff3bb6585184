import { z } from 'zod'
import { DISPOSITION, type ErrorCode } from '../../contract/error.ts'
import { duration } from '../duration.ts'
import { itemCall } from './call-schema.ts'
import { collectionSchema } from './collection-schema.ts'

const secret = z.string().min(1).meta({ secret: true })

/** Who we are to the API. Exactly one way. */
const auth = z
  .union([
    z.strictObject({ none: z.literal(true).describe('No credentials.') }),
    z.strictObject({ bearer: secret.describe('`Authorization: Bearer …`') }),
    z.strictObject({
      basic: z
        .strictObject({ user: z.string().min(1).describe('The user.'), password: secret.describe('The password.') })
        .describe('HTTP basic authentication.'),
    }),
    z.strictObject({
      header: z
        .strictObject({
          name: z.string().min(1).describe('The name of the header.'),
          value: secret.describe('What it holds.'),
        })
        .describe('A header that holds a key.'),
    }),
    z.strictObject({
      query: z
        .strictObject({
          name: z.string().min(1).describe('The name of the parameter.'),
          value: secret.describe('What it holds.'),
        })
        .describe("A parameter of every call's query that holds a key."),
    }),
    z.strictObject({
      oauth2: z
        .strictObject({
          token_url: z.url({ protocol: /^https?$/ }).describe('Where tokens are asked for.'),
          client_id: z.string().min(1).describe('Who we are to the token server.'),
          client_secret: secret.optional().describe("The client's secret."),
          refresh_token: secret
            .optional()
            .describe(
              "A token that stays valid, by which access tokens are made; without it, the client's own credentials.",
            ),
          scope: z.string().optional().describe('What the token is to be good for.'),
          client_in: z
            .enum(['header', 'body'])
            .default('header')
            .describe('How the client names itself: by HTTP basic authentication, or in the body.'),
        })
        .describe('OAuth 2.0 (RFC 6749): client credentials, or a refresh token where one is given.'),
    }),
    z.strictObject({
      login: z
        .strictObject({
          ...itemCall.omit({ item: true }).shape,
          body: z.json().optional().meta({ secret: true }).describe('What is sent: mostly user and password.'),
          token: z.string().min(1).describe('Where the token is in the answer.'),
          header: z
            .string()
            .min(1)
            .default('Authorization')
            .describe('The header that carries the token from then on.'),
          format: z
            .string()
            .includes('{token}')
            .default('Bearer {token}')
            .describe('What the header holds, with `{token}`.'),
          lives: duration
            .optional()
            .describe('How long a token lives; without it, one is made when the API refuses the last.'),
        })
        .describe('A call that answers with a token.'),
    }),
  ])
  .meta({ title: 'authentication' })

const errorCode = z.enum(Object.keys(DISPOSITION) as [ErrorCode, ...ErrorCode[]])

/** A connection of `type: rest` in config.yaml. */
export const restSettings = z.strictObject({
  type: z.literal('rest').optional(),
  url: z.url({ protocol: /^https?$/ }).describe("Scheme, host, port and the path in front of every call's path."),
  auth: auth.default({ none: true }).describe('Who we are to the API: one of the following.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every call.'),
  check: itemCall
    .optional()
    .describe('A call that succeeds only with valid credentials and changes nothing, for `check`.'),
  error: z
    .string()
    .min(1)
    .optional()
    .describe('Where an answer with a good status says that it failed all the same (`errors` in GraphQL).'),
  statuses: z
    .record(z.string().regex(/^[1-5]\d\d$/, 'an HTTP status such as 422'), errorCode)
    .default({})
    .describe("What a status means where the API differs from HTTP's own meaning: `{ 400: rate_limited }`."),
  limits: z
    .strictObject({
      concurrency: z.int().min(1).max(32).default(4).describe('Calls in flight.'),
      per_second: z.int().min(1).nullable().default(null).describe('Calls begun in any one second.'),
      answer_bytes: z.int().min(100_000).default(64_000_000).describe('The largest answer that is read, in bytes.'),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connect: duration.prefault('10s').describe('To open a connection.'),
      answer: duration.prefault('60s').describe('To the first byte of an answer.'),
      body: duration.prefault('30s').describe('Between two parts of an answer.'),
      total: duration.prefault('90s').describe('For a call as a whole.'),
    })
    .prefault({}),
  collections: z.record(z.string(), collectionSchema).describe('What the API has, by the name that mappings use.'),
})

export type RestSettings = z.output<typeof restSettings>
export type Auth = RestSettings['auth']
