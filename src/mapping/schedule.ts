import { z } from 'zod'
import { parseDurationMs } from './duration.ts'
import type { Schedule } from './mapping.ts'

interface CronField {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

const A_SCHEDULE = 'expected an interval such as "every 5s", or a cron expression of 5 fields such as "15 3 * * *"'
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const CRON_FIELDS: readonly CronField[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'weekday', min: 0, max: 7, names: DAYS },
]
/** The longest that a timer can wait. */
const MAX_INTERVAL_MS = 2 ** 31 - 1
const MIN_INTERVAL_MS = 100

/** The schedule in "every 5s" or "15 3 * * 1-5" (five fields, or six with seconds first), or what is wrong with it. */
export function parseSchedule(text: string): Schedule | { readonly error: string } {
  const every = /^every\s+(\S+)$/.exec(text.trim())
  if (every) {
    const ms = parseDurationMs(every[1] ?? '')
    if (ms === null) return { error: `"${every[1]}" is not a duration: write every 5s, every 10m or every 6h` }
    if (ms < MIN_INTERVAL_MS || ms > MAX_INTERVAL_MS) return { error: 'an interval lasts from 100ms to 24d' }
    return { kind: 'every', ms }
  }
  const parts = text.trim().split(/\s+/)
  if (parts.length !== 5 && parts.length !== 6) {
    return { error: A_SCHEDULE }
  }
  const fields = CRON_FIELDS.slice(6 - parts.length)
  for (const [index, part] of parts.entries()) {
    const field = fields[index]
    if (field && !part.split(',').every((item) => isCronItem(field, item))) {
      return { error: `"${part}" does not fit the ${field.name} of a cron expression` }
    }
  }
  return { kind: 'cron', expression: parts.join(' '), timeZone: null }
}

function isCronItem(field: CronField, item: string): boolean {
  const [range = '', step, ...rest] = item.split('/')
  if (rest.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step))) return false
  if (range === '*') return true
  const ends = range.split('-').map((end) => cronNumber(field, end))
  const [from, to = from] = ends
  return (
    ends.length <= 2 && from !== undefined && to !== undefined && from >= field.min && to <= field.max && from <= to
  )
}

function cronNumber(field: CronField, text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text)
  const index = field.names?.indexOf(text.toLowerCase()) ?? -1
  return index < 0 ? undefined : index + field.min
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const scheduleTextSchema = z.string().transform((text, context): Schedule => {
  const schedule = parseSchedule(text)
  if (!('error' in schedule)) return schedule
  context.addIssue({ code: 'custom', message: schedule.error })
  return z.NEVER
})

/** `every 5s`, a cron expression, or `{ cron, time_zone }`. A cron expression without a zone is in the daemon's own. */
export const scheduleSchema = z
  .union([
    scheduleTextSchema,
    z
      .strictObject({
        cron: scheduleTextSchema
          .refine((schedule) => schedule.kind === 'cron', 'expected a cron expression')
          .describe('A cron expression.'),
        time_zone: z
          .string()
          .refine(isTimeZone, 'is not a known time zone: write it like Europe/Berlin')
          .describe('The zone that it counts in: `Europe/Berlin`.'),
      })
      .transform(({ cron, time_zone }): Schedule => (cron.kind === 'cron' ? { ...cron, timeZone: time_zone } : cron)),
  ])
  .meta({ title: 'schedule' })

/** A schedule, or `never` as null. */
export const scheduleOrNeverSchema = z.union([z.literal('never').transform(() => null), scheduleSchema])
