import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../src/app.ts'
import { keepTime } from '../../src/engine/timetable.ts'

async function ticksIn(ms: number, ...[schedule, firstDelayMs]: [Parameters<typeof keepTime>[0], number?]) {
  const stop = new AbortController()
  let ticks = 0
  keepTime(schedule, systemClock, () => void ticks++, stop.signal, firstDelayMs)
  await delay(ms)
  const before = ticks
  stop.abort()
  await delay(1200)
  expect(ticks).toBe(before)
  return before
}

test.concurrent('an interval ticks at once and again, until it is stopped', async () => {
  const ticks = await ticksIn(500, { kind: 'every', ms: 100 })
  expect(ticks).toBeGreaterThanOrEqual(2)
  expect(ticks).toBeLessThanOrEqual(7)
})

test.concurrent('an interval that goes on from an earlier process begins with the rest of it', async () => {
  expect(await ticksIn(300, { kind: 'every', ms: 10_000 }, 5000)).toBe(0)
})

test.concurrent('a cron expression with seconds ticks when it says', async () => {
  const ticks = await ticksIn(2500, { kind: 'cron', expression: '* * * * * *', timeZone: 'Europe/Brussels' })
  expect(ticks).toBeGreaterThanOrEqual(1)
  expect(ticks).toBeLessThanOrEqual(3)
})
