import cron, { type ScheduledTask } from 'node-cron'
import type { Schedule } from '../mapping/mapping.ts'
import type { Clock } from './context.ts'

/**
 * Calls `tick` by a schedule until the signal aborts: after `firstDelayMs` and then at every interval, counted from start to start, or
 * when the cron expression says so. A tick that is missed because the process was busy comes late, once.
 */
export function keepTime(
  schedule: Schedule,
  clock: Clock,
  tick: () => void,
  signal: AbortSignal,
  firstDelayMs = 0,
): void {
  if (schedule.kind === 'cron') keepCron(schedule, tick, signal)
  else void keepInterval(schedule.ms, firstDelayMs, clock, tick, signal)
}

async function keepInterval(
  ms: number,
  firstDelayMs: number,
  clock: Clock,
  tick: () => void,
  signal: AbortSignal,
): Promise<void> {
  let nextMs = clock.monotonicMs() + firstDelayMs
  try {
    if (firstDelayMs > 0) await clock.sleep(firstDelayMs, signal)
    while (!signal.aborted) {
      tick()
      const nowMs = clock.monotonicMs()
      nextMs = Math.max(nextMs + ms, nowMs)
      await clock.sleep(nextMs - nowMs, signal)
    }
  } catch {
    // Aborted.
  }
}

function keepCron(schedule: Extract<Schedule, { kind: 'cron' }>, tick: () => void, signal: AbortSignal): void {
  const task: ScheduledTask = cron.createTask(schedule.expression, tick, {
    ...(schedule.timeZone === null ? {} : { timezone: schedule.timeZone }),
  })
  void task.start()
  signal.addEventListener('abort', () => void task.destroy(), { once: true })
}
