import { z } from 'zod'
import { DISPOSITION, type ErrorCode } from '../../../contract/error.ts'

/** What calls of several kinds take and answer. Each has a name in the OpenAPI document. Times are milliseconds since 1970, in UTC. */

export const side = z
  .enum(['odoo', 'external'])
  .meta({ id: 'Side', description: 'One of the two systems of a mapping.' })

export const id = z.string().describe('The id of a record on its side, always as text.')

export const nullable = <T extends z.ZodType>(schema: T) => schema.nullable()

export const timeMs = z.number().describe('Milliseconds since 1970.')

export const values = z.record(z.string(), z.unknown()).meta({ id: 'Values', description: 'Values by field name.' })

export const errorCode = z.enum(Object.keys(DISPOSITION) as [ErrorCode, ...ErrorCode[]]).meta({ id: 'ErrorCode' })

export const failure = z
  .object({
    error: z.object({
      code: z
        .string()
        .describe('A code of the closed list, or of the server: "not_found", "host", "origin", "type", "json".'),
      message: z.string(),
      hint: z.string().optional().describe('What to do about it.'),
    }),
  })
  .meta({ id: 'Failure' })

export const fault = z
  .object({ code: errorCode, message: z.string(), hint: nullable(z.string()) })
  .meta({ id: 'Fault', description: 'Why something failed, for people.' })

export const recordName = z
  .object({ side, id })
  .meta({ id: 'RecordName', description: 'A record, by its id on one side.' })

export const personPause = z
  .object({ by: z.string(), reason: nullable(z.string()), sinceMs: timeMs })
  .meta({ id: 'PersonPause', description: 'That a person paused it.' })

export const nothing = z.strictObject({}).meta({ id: 'Nothing' })

export const next = nullable(z.string()).describe(
  'Where the next page begins: give it as `after`; null: this is the last one.',
)

const LIMIT = { most: 500, usual: 50 }

export const limit = z.coerce.number().int().min(1).max(LIMIT.most).default(LIMIT.usual)

export const after = z.string().optional().describe('The `next` of the page before.')

export const listQuery = { mapping: z.string().optional(), limit, after }
