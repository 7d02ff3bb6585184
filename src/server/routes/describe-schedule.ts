import type { Schedule } from '../../mapping/mapping.ts'
import { age } from '../../words.ts'

/** "every 5 s", or a cron expression with its time zone. */
export function describeSchedule(schedule: Schedule): string {
  if (schedule.kind === 'every') return `every ${schedule.ms < 1000 ? `${schedule.ms} ms` : age(schedule.ms)}`
  return schedule.timeZone === null ? schedule.expression : `${schedule.expression} (${schedule.timeZone})`
}
