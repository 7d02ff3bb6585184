import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advanceScan, cursorFloorMs, resumeScan, type ScanOptions } from '../../src/connectors/window-scan.ts'

const options: ScanOptions = { resolutionMs: 1000, marginMs: 2000, overlapMs: 600_000 }

describe('the state machine', () => {
  test('the first scan reads everything and can be resumed', () => {
    const first = resumeScan(null, 'tail', 5_000_500, options)
    expect(first).toMatchObject({ kind: 'first', lowMs: null, last: null })
    const cursor = advanceScan(first, '77', options)
    expect(resumeScan(cursor, 'deep', 9_000_000, options)).toMatchObject({
      kind: 'first',
      last: '77',
      floorMs: 5_000_500,
    })
  })

  test('tail and deep begin where the floor of the scan before them says, cut to the resolution', () => {
    const done = advanceScan(resumeScan(null, 'tail', 5_000_500, options), null, options)
    expect(resumeScan(done, 'tail', null, options)).toMatchObject({ kind: 'tail', lowMs: 4_998_000, last: null })
    expect(resumeScan(done, 'deep', null, options)).toMatchObject({ kind: 'deep', lowMs: 4_400_000 })
    expect(cursorFloorMs(done)).toBe(5_000_500)
  })

  test('a tail scan leaves the bound of the deep one where it is, a deep scan moves both', () => {
    const start = advanceScan(resumeScan(null, 'tail', 5_000_000, options), null, options)
    const tail = advanceScan(resumeScan(start, 'tail', 6_000_000, options), null, options)
    expect(resumeScan(tail, 'tail', null, options).lowMs).toBe(5_998_000)
    expect(resumeScan(tail, 'deep', null, options).lowMs).toBe(4_400_000)
    const deep = advanceScan(resumeScan(tail, 'deep', 7_000_000, options), null, options)
    expect(resumeScan(deep, 'tail', null, options).lowMs).toBe(6_998_000)
    expect(resumeScan(deep, 'deep', null, options).lowMs).toBe(6_400_000)
  })

  test('with an unknown or smaller floor the bounds stay', () => {
    const start = advanceScan(resumeScan(null, 'tail', 5_000_000, options), null, options)
    for (const floor of [null, 1_000_000]) {
      const next = advanceScan(resumeScan(start, 'deep', floor, options), null, options)
      expect(resumeScan(next, 'tail', null, options).lowMs).toBe(4_998_000)
    }
  })

  test('an empty collection is read whole until something is known', () => {
    const empty = advanceScan(resumeScan(null, 'tail', null, options), null, options)
    expect(resumeScan(empty, 'tail', null, options)).toMatchObject({ kind: 'tail', lowMs: null })
    expect(cursorFloorMs(empty)).toBeNull()
  })

  test.each(['', 'null', '{}', '{"v":2,"tail":1,"deep":1,"floor":1}', '[1]', '{"v":1,"tail":"x","deep":1,"floor":1}'])(
    'the cursor %s is refused',
    (cursor) => {
      expect(() => resumeScan(cursor, 'tail', null, options)).toThrow('reading position')
    },
  )
})

/**
 * A database with transactions: a row's stamp is the start of its transaction, cut to a second, and it becomes visible
 * at the commit. The reader pages, sleeps, restarts, and keeps what it saw as the engine does: a version that was read
 * while its second was still hot names nothing.
 */
interface Row {
  stampMs: number
  value: number
}
interface Transaction {
  readonly startMs: number
  readonly lengthMs: number
  readonly id: number
}

const LIMIT = 3
/** A short overlap puts its edge where many random histories meet it. */
const SHORT: ScanOptions = { ...options, overlapMs: 20_000 }

class Simulation {
  readonly rows = new Map<number, Row>()
  readonly seen = new Map<number, { value: number; version: string }>()
  readonly #pending: { commitMs: number; stampMs: number; id: number; value: number }[]
  nowMs = 1_000_000_000
  #cursor: string | null = null
  #observed: { stampMs: number; atMs: number } | null = null
  reads = 0

  constructor(transactions: readonly Transaction[]) {
    this.#pending = transactions
      .map(({ startMs, lengthMs, id }, value) => {
        const stampMs = this.nowMs + startMs
        return { commitMs: stampMs + lengthMs, stampMs, id, value }
      })
      .sort((a, b) => a.commitMs - b.commitMs)
  }

  sleep(ms: number): void {
    this.nowMs += ms
    for (;;) {
      const next = this.#pending[0]
      if (next === undefined || next.commitMs > this.nowMs) return
      this.#pending.shift()
      this.rows.set(next.id, { stampMs: next.stampMs, value: next.value })
    }
  }

  restart(): void {
    this.#observed = null
  }

  #floor(): number | null {
    return this.#observed === null ? null : this.#observed.stampMs + (this.nowMs - this.#observed.atMs)
  }

  #observe(stampMs: number): void {
    const floor = this.#floor()
    if (floor === null || stampMs > floor) this.#observed = { stampMs, atMs: this.nowMs }
  }

  /** One page; time passes between the pages. Returns whether the scan is done. */
  page(depth: 'tail' | 'deep'): boolean {
    const known = cursorFloorMs(this.#cursor)
    if (known !== null) this.#observe(known)
    if (this.#cursor === null)
      for (const row of this.rows.values()) this.#observe(Math.floor(row.stampMs / 1000) * 1000)
    const floor = this.#floor()
    const scan = resumeScan(this.#cursor, depth, floor, SHORT)
    const page = [...this.rows]
      .filter(([id, row]) => id > Number(scan.last ?? 0) && (scan.lowMs === null || row.stampMs >= scan.lowMs))
      .sort(([a], [b]) => a - b)
      .slice(0, LIMIT)
    for (const [id, row] of page) {
      const cutMs = Math.floor(row.stampMs / 1000) * 1000
      const version = floor !== null && floor >= cutMs + 2000 ? String(cutMs) : `${cutMs}~`
      if (version.endsWith('~') || this.seen.get(id)?.version !== version) {
        this.seen.set(id, { value: row.value, version })
        this.reads++
      }
      this.#observe(cutMs)
    }
    const last = page.length < LIMIT ? null : String(page.at(-1)?.[0])
    this.#cursor = advanceScan(scan, last, SHORT)
    return last === null
  }
}

const transactions = (longestMs: number) =>
  fc.array(
    fc.record({
      startMs: fc.integer({ min: -20_000, max: 60_000 }),
      lengthMs: fc.integer({ min: 0, max: longestMs }),
      id: fc.integer({ min: 1, max: 12 }),
    }),
    { minLength: 10, maxLength: 60 },
  )
const step = fc.oneof(
  fc.record({ do: fc.constant('page' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ do: fc.constant('deep' as const), ms: fc.integer({ min: 0, max: 9000 }) }),
  fc.record({ do: fc.constant('restart' as const), ms: fc.integer({ min: 0, max: 5000 }) }),
)

/**
 * What Odoo's transactions allow on one row: a transaction that began while the row's last one was open cannot write it
 * any more. Left out, because no cursor can see it: one that began in the very second of the row's last write, and was
 * open until after that second was over (the rolling comparison finds it).
 */
function serial(list: readonly Transaction[]): Transaction[] {
  const last = new Map<number, Transaction>()
  return [...list]
    .sort((a, b) => a.startMs - b.startMs)
    .filter((one) => {
      const before = last.get(one.id)
      if (before !== undefined) {
        const second = Math.floor(one.startMs / 1000)
        if (one.startMs < before.startMs + before.lengthMs) return false
        if (second === Math.floor(before.startMs / 1000) && one.startMs + one.lengthMs >= second * 1000 + 2000)
          return false
      }
      last.set(one.id, one)
      return true
    })
}

describe('a database with transactions', () => {
  test('nothing is missed that a transaction no longer than the overlap wrote', () => {
    fc.assert(
      fc.property(transactions(SHORT.overlapMs), fc.array(step, { minLength: 10, maxLength: 60 }), (list, steps) => {
        const database = new Simulation(serial(list))
        database.sleep(0)
        for (const one of steps) {
          if (one.do === 'restart') database.restart()
          else database.page(one.do === 'deep' ? 'deep' : 'tail')
          database.sleep(one.ms)
        }
        database.sleep(200_000)
        for (let scans = 0; scans < 4; scans++) {
          while (!database.page('deep')) database.sleep(10)
          database.sleep(5000)
        }
        for (const [id, row] of database.rows) expect(database.seen.get(id)?.value).toBe(row.value)
      }),
      { numRuns: 2000 },
    )
  })

  test('tail scans alone find what transactions of up to the margin wrote, and then idle', () => {
    fc.assert(
      fc.property(transactions(2000), fc.array(step, { minLength: 10, maxLength: 60 }), (list, steps) => {
        const database = new Simulation(serial(list))
        database.sleep(0)
        for (const one of steps) {
          if (one.do === 'restart') database.restart()
          else database.page('tail')
          database.sleep(one.ms)
        }
        database.sleep(200_000)
        for (let scans = 0; scans < 5; scans++) {
          while (!database.page('tail')) database.sleep(10)
          database.sleep(5000)
        }
        for (const [id, row] of database.rows) expect(database.seen.get(id)?.value).toBe(row.value)
        const { reads } = database
        while (!database.page('tail')) database.sleep(10)
        expect(database.reads).toBe(reads)
      }),
      { numRuns: 2000 },
    )
  })
})
