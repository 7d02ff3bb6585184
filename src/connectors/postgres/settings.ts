import { z } from 'zod'
import { SyncError } from '../../contract/error.ts'
import { duration } from '../duration.ts'
import { describeIssues } from '../sql/spec.ts'

/** A `type: postgres` connection. */
export const postgresSettingsSchema = z.strictObject({
  type: z.literal('postgres').optional(),
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://')
    .describe(
      'postgresql://user:password@host:5432/database?sslmode=verify-full, of the server itself and not of a pooler.',
    ),
  connections: z
    .number()
    .int()
    .min(1)
    .max(50)
    .default(4)
    .describe('The most connections at once, besides one for each watched table.'),
  connect_timeout: duration.prefault('10s').describe('To connect and log in.'),
  statement_timeout: duration.prefault('60s').describe('The server ends a statement of ours that takes longer.'),
  capture_schema: z
    .string()
    .min(1)
    .max(63)
    .default('tandem')
    .describe(
      'The schema that holds what the capture by triggers needs. Dropping it with CASCADE removes every trace of it.',
    ),
})

export interface PostgresSettings {
  readonly url: string
  readonly connections: number
  readonly connectTimeoutMs: number
  readonly statementTimeoutMs: number
  readonly captureSchema: string
}

/** @throws SyncError `config`. */
export function parsePostgresSettings(settings: unknown, name: string): PostgresSettings {
  const result = postgresSettingsSchema.safeParse(settings)
  if (!result.success) {
    throw new SyncError('config', `connection ${name}: ${describeIssues(result.error)}`, {
      cause: result.error,
      hint: 'A postgres connection needs url, and may have connections, connect_timeout, statement_timeout and capture_schema.',
    })
  }
  const { url, connections, connect_timeout, statement_timeout, capture_schema } = result.data
  return {
    url,
    connections,
    connectTimeoutMs: connect_timeout,
    statementTimeoutMs: statement_timeout,
    captureSchema: capture_schema,
  }
}
