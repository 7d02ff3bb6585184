import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/app.ts'
import { keepTime } from '../../src/engine/timetable.ts'

/** How often a schedule ticks in so many milliseconds or, on a busy machine, more: in as many as the answer says. */
async function ticksIn(ms: number, ...[schedule, firstDelayMs]: [Parameters<typeof keepTime>[0], number?]) {
  const stop = new AbortController()
  const startMs = performance.now()
  let ticks = 0
  keepTime(schedule, systemClock, () => void ticks++, stop.signal, firstDelayMs)
  await delay(ms)
  const [before, tookMs] = [ticks, performance.now() - startMs]
  stop.abort()
  await delay(1200)
  expect(ticks).toBe(before)
  return { ticks: before, tookMs }
}

test.concurrent('an interval ticks at once and again, until it is stopped', async () => {
  const { ticks, tookMs } = await ticksIn(500, { kind: 'every', ms: 100 })
  expect(ticks).toBeGreaterThanOrEqual(2)
  expect(ticks).toBeLessThanOrEqual(tookMs / 100 + 2)
})

test.concurrent('an interval that goes on from an earlier process begins with the rest of it', async () => {
  expect((await ticksIn(300, { kind: 'every', ms: 60_000 }, 30_000)).ticks).toBe(0)
})

test.concurrent('a cron expression with seconds ticks when it says', async () => {
  const cron = { kind: 'cron', expression: '* * * * * *', timeZone: 'Europe/Brussels' } as const
  const { ticks, tookMs } = await ticksIn(2500, cron)
  expect(ticks).toBeGreaterThanOrEqual(1)
  expect(ticks).toBeLessThanOrEqual(tookMs / 1000 + 1)
})
