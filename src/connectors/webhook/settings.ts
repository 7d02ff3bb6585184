import { z } from 'zod'
import { FIELD_TYPES } from '../../contract/connector.ts'
import { duration } from '../duration.ts'

const collection = z.strictObject({
  /** Added to the connection's `url`. */
  path: z.string().startsWith('/').optional(),
  /** Where in its answer to a create the receiver names the record; absent: the mapping's key is its id. */
  id: z.string().min(1).optional(),
  /** The types of fields; one that is not named takes any value. */
  fields: z.record(z.string(), z.enum(FIELD_TYPES)).default({}),
})

/** A connection of `type: webhook` in config.yaml. */
export const webhookSettings = z.strictObject({
  type: z.literal('webhook').optional(),
  /** Where every change is posted. */
  url: z.url({ protocol: /^https?$/ }),
  /** Standard Webhooks secrets (`whsec_…`). Each signs, so that one can be replaced while the receiver knows either. */
  secrets: z.array(z.string().min(8, 'expected a longer secret').meta({ secret: true })).min(1),
  /** `json`: the body is `{ type, timestamp, data }`. `cloudevents`: CloudEvents 1.0, structured. */
  format: z.enum(['json', 'cloudevents']).default('json'),
  /** The `source` of CloudEvents: who we are. */
  source: z.string().min(1).default('/tandem'),
  /** Sent with every call. */
  headers: z.record(z.string(), z.string()).default({}),
  limits: z
    .strictObject({
      concurrency: z.int().min(1).max(32).default(4),
      /** Calls begun in any one second. */
      per_second: z.int().min(1).nullable().default(null),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connect: duration.prefault('10s'),
      answer: duration.prefault('30s'),
      total: duration.prefault('45s'),
    })
    .prefault({}),
  /** Only for collections that need more than a name. Where it is given, there are no others. */
  collections: z.record(z.string(), collection).optional(),
})

export type WebhookTarget = z.output<typeof webhookSettings>
export type TargetCollection = z.output<typeof collection>
