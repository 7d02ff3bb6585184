import { z } from 'zod'
import { SyncError } from '../../contract/error.ts'
import { duration } from '../duration.ts'
import { describeIssues } from '../sql/spec.ts'

/** A `type: sqlite` connection. */
export const sqliteSettingsSchema = z.strictObject({
  type: z.literal('sqlite').optional(),
  file: z.string().min(1).describe("The database's file. It must exist; its journal mode is left as it is."),
  datetimes: z
    .enum(['sql', 'iso', 'seconds', 'milliseconds'])
    .default('sql')
    .describe(
      'How a time is written to a column declared DATETIME or TIMESTAMP: `sql` "2026-11-21 08:30:00" as CURRENT_TIMESTAMP gives it, `iso` "2026-11-21T08:30:00Z", or as a number since 1970. Every one of them is understood when read.',
    ),
  busy_timeout: duration
    .refine((ms) => ms <= 2000, 'must be a time of at most 2s, such as 250ms')
    .prefault('250ms')
    .describe("How long to wait for another program's lock. The daemon stands still meanwhile, so keep it short."),
})

export interface SqliteSettings {
  readonly file: string
  readonly datetimes: 'sql' | 'iso' | 'seconds' | 'milliseconds'
  readonly busyTimeoutMs: number
}

/** @throws SyncError `config`. */
export function parseSqliteSettings(settings: unknown, name: string): SqliteSettings {
  const result = sqliteSettingsSchema.safeParse(settings)
  if (!result.success) {
    throw new SyncError('config', `connection ${name}: ${describeIssues(result.error)}`, {
      cause: result.error,
      hint: 'A sqlite connection needs file, and may have datetimes and busy_timeout.',
    })
  }
  const { file, datetimes, busy_timeout } = result.data
  return { file, datetimes, busyTimeoutMs: busy_timeout }
}
