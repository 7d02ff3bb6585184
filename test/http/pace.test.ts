import { fc, test as prop } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { createPace, type PaceClock } from '../../src/http/pace.ts'

/** A clock that moves only when the test says so, and fires timers in their order. */
interface TestClock extends PaceClock {
  advance(ms: number): Promise<void>
}

function testClock(): TestClock {
  let nowMs = 0
  let timers: { atMs: number; then: () => void }[] = []
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  return {
    monotonicMs: () => nowMs,
    after(ms, then) {
      const timer = { atMs: nowMs + ms, then }
      timers.push(timer)
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },
    async advance(ms) {
      const endMs = nowMs + ms
      await turns()
      for (;;) {
        const [next] = timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
        if (!next) break
        timers = timers.filter((each) => each !== next)
        nowMs = Math.max(nowMs, next.atMs)
        next.then()
        await turns()
      }
      nowMs = endMs
      await turns()
    },
  }
}

const never = new AbortController().signal

/** The most calls that begin in any second: [t, t + 1000) for every t at which one begins. */
function mostInASecond(begun: readonly number[]): number {
  return Math.max(0, ...begun.map((from) => begun.filter((at) => at >= from && at < from + 1000).length))
}

describe('a pace', () => {
  prop.prop([
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 5 }),
    fc.array(
      fc.record({
        pauseMs: fc.integer({ min: 0, max: 1500 }),
        calls: fc.integer({ min: 1, max: 12 }),
        takesMs: fc.integer({ min: 0, max: 900 }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  ])(
    'never begins more than its share in any second, nor has more in flight',
    async (perSecond, concurrency, bursts) => {
      const clock = testClock()
      const pace = createPace('server', { perSecond, concurrency }, clock)
      const begun: number[] = []
      const asked: number[] = []
      let inFlight = 0
      let most = 0
      let done = 0
      for (const { pauseMs, calls, takesMs } of bursts) {
        await clock.advance(pauseMs)
        for (let call = 0; call < calls; call++) {
          const number = asked.length
          asked.push(number)
          const work = async (): Promise<void> => {
            begun.push(clock.monotonicMs())
            inFlight += 1
            most = Math.max(most, inFlight)
            await new Promise<void>((resolve) => clock.after(takesMs, resolve))
            inFlight -= 1
          }
          void pace.run(work, never).then(() => {
            done += 1
          })
        }
      }
      await clock.advance(1_000_000)
      expect(done).toBe(asked.length)
      expect(mostInASecond(begun)).toBeLessThanOrEqual(perSecond)
      expect(most).toBeLessThanOrEqual(concurrency)
    },
  )

  test('begins at once what its share allows, and the rest when the oldest is a second old', async () => {
    const clock = testClock()
    const pace = createPace('server', { perSecond: 2, concurrency: 9 }, clock)
    const begun: number[] = []
    const call = () =>
      void pace.run(async () => {
        begun.push(clock.monotonicMs())
      }, never)
    call()
    await clock.advance(900)
    for (let n = 0; n < 4; n++) call()
    await clock.advance(5000)
    expect(begun).toEqual([0, 900, 1000, 1900, 2000])
  })

  test('a hold refuses who waits and who comes, and lets through again when it is over', async () => {
    const clock = testClock()
    const pace = createPace('server', { perSecond: null, concurrency: 1 }, clock)
    let end = (): void => {}
    const first = pace.run(
      () =>
        new Promise<string>((resolve) => {
          end = () => resolve('first')
        }),
      never,
    )
    const waiting = expect(pace.run(async () => 'never', never)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 3000,
    })
    await clock.advance(10)
    pace.hold(3000, 'rate_limited')
    await waiting
    // A shorter one does not shorten it.
    pace.hold(1, 'unavailable')
    end()
    expect(await first).toBe('first')
    await clock.advance(2999)
    await expect(pace.run(async () => 'never', never)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 1,
      inDoubt: false,
    })
    await clock.advance(1)
    expect(await pace.run(async () => 'again', never)).toBe('again')
  })

  test('a call that fails or is given up gives its place away', async () => {
    const clock = testClock()
    const pace = createPace('server', { perSecond: null, concurrency: 1 }, clock)
    await expect(pace.run(async () => Promise.reject(new Error('no')), never)).rejects.toThrow('no')
    const stop = new AbortController()
    let end = (): void => {}
    const first = pace.run(
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
      never,
    )
    const second = expect(pace.run(async () => 'never', stop.signal)).rejects.toThrow('given up')
    const third = pace.run(async () => 'third', never)
    stop.abort(new Error('given up'))
    await second
    end()
    await first
    expect(await third).toBe('third')
  })
})
