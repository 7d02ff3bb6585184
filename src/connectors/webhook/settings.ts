import { z } from 'zod'
import { FIELD_TYPES } from '../../contract/connector.ts'
import { duration } from '../duration.ts'

const collection = z.strictObject({
  path: z.string().startsWith('/').optional().describe("Added to the connection's `url`."),
  id: z
    .string()
    .min(1)
    .optional()
    .describe("Where in its answer to a create the receiver names the record; absent: the mapping's key is its id."),
  fields: z
    .record(z.string(), z.enum(FIELD_TYPES))
    .default({})
    .describe('The types of fields; one that is not named takes any value.'),
})

/** A connection of `type: webhook` in config.yaml. */
export const webhookSettings = z.strictObject({
  type: z.literal('webhook').optional(),
  url: z.url({ protocol: /^https?$/ }).describe('Where every change is posted.'),
  secrets: z
    .array(z.string().min(8, 'expected a longer secret').meta({ secret: true }))
    .min(1)
    .describe(
      'Standard Webhooks secrets (`whsec_…`). Each signs, so that one can be replaced while the receiver knows either.',
    ),
  format: z
    .enum(['json', 'cloudevents'])
    .default('json')
    .describe('`json`: the body is `{ type, timestamp, data }`. `cloudevents`: CloudEvents 1.0, structured.'),
  source: z.string().min(1).default('/tandem').describe('The `source` of CloudEvents: who we are.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every call.'),
  limits: z
    .strictObject({
      concurrency: z.int().min(1).max(32).default(4).describe('Calls in flight.'),
      per_second: z.int().min(1).nullable().default(null).describe('Calls begun in any one second.'),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connect: duration.prefault('10s').describe('To open a connection.'),
      answer: duration.prefault('30s').describe('To the first byte of an answer.'),
      total: duration.prefault('45s').describe('For a call as a whole.'),
    })
    .prefault({}),
  collections: z
    .record(z.string(), collection)
    .optional()
    .describe('Only for collections that need more than a name. Where it is given, there are no others.'),
})

export type WebhookTarget = z.output<typeof webhookSettings>
export type TargetCollection = z.output<typeof collection>
