import type { Side } from '../../mapping/mapping.ts'
import type { ChangeState } from '../change.ts'
import type { Counts } from '../counts.ts'
import { SIDE_NAMES, type SideCode, STATE_NAMES, sideCode } from './codes.ts'
import type { Store } from './store.ts'
import { noteThroughput } from './throughput.ts'

const EVENTS = ['captured', 'applied', 'unchanged', 'superseded'] as const
type CounterName = (typeof EVENTS)[number]
const KINDS = ['state', 'gone'] as const
/** pending_state, waiting_state, …, discarded_gone: in the order of the codes. */
const PRESENT = KINDS.flatMap((kind) => STATE_NAMES.map((state) => `${state}_${kind}`))
const COLUMNS: readonly string[] = [...EVENTS, ...PRESENT]
const ADD = `UPDATE tally SET ${COLUMNS.map((column) => `${column} = ${column} + ?`).join(', ')}
  WHERE mapping = ? AND side = ?`

/** Collects what a transaction changes in the counters of promise 9, to be written once at its end. */
export interface Tally {
  count(mapping: number, side: SideCode, event: CounterName, by: number): void
  /** `by` changes more (or fewer) are there in this state. */
  present(mapping: number, side: SideCode, state: number, lane: number, by: number): void
  /** When it happened: what is captured and applied is noted in that slice of time as well. */
  at(nowMs: number): void
  write(store: Store): void
}

export function createTally(): Tally {
  const sums = new Map<number, number[]>()
  let atMs: number | null = null

  function add(mapping: number, side: SideCode, column: number, by: number): void {
    if (by === 0) return
    let sum = sums.get(mapping * 2 + side)
    if (sum === undefined) {
      sum = Array<number>(COLUMNS.length).fill(0)
      sums.set(mapping * 2 + side, sum)
    }
    sum[column] = (sum[column] ?? 0) + by
  }

  return {
    count: (mapping, side, event, by) => add(mapping, side, EVENTS.indexOf(event), by),
    present: (mapping, side, state, lane, by) =>
      add(mapping, side, EVENTS.length + state + (lane === 0 ? 0 : STATE_NAMES.length), by),
    at(nowMs) {
      atMs = nowMs
    },
    write(store) {
      for (const [name, sum] of sums) {
        const mapping = Math.floor(name / 2)
        if (sum.some((by) => by !== 0)) store.run(ADD, ...sum, mapping, name % 2)
        const [captured = 0, applied = 0] = sum
        if (atMs !== null) noteThroughput(store, mapping, name % 2, atMs, { captured, applied })
      }
      sums.clear()
    },
  }
}

type TallyRow = Readonly<Record<string, number>>

function rowOf(store: Store, mapping: number, side: Side): TallyRow {
  return store.get<TallyRow>('SELECT * FROM tally WHERE mapping = ? AND side = ?', mapping, sideCode(side)) ?? {}
}

export function readCounts(store: Store, mapping: number): Readonly<Record<Side, Counts>> {
  const of = (side: Side): Counts => {
    const row = rowOf(store, mapping, side)
    const value = (column: string) => row[column] ?? 0
    const present = (state: ChangeState) => value(`${state}_state`) + value(`${state}_gone`)
    return {
      captured: value('captured'),
      applied: value('applied'),
      unchanged: value('unchanged'),
      superseded: value('superseded'),
      discarded: present('discarded'),
      pending: present('pending'),
      waiting: present('waiting'),
      conflicts: present('conflict'),
      deadLetters: present('dead'),
    }
  }
  return { odoo: of('odoo'), external: of('external') }
}

export interface ChangeFilter {
  readonly side?: Side
  readonly state?: ChangeState
  readonly kind?: 'state' | 'gone'
}

/** How many changes are there, from the counters: the same whatever their number. */
export function countPresent(store: Store, mapping: number, filter: ChangeFilter): number {
  let count = 0
  for (const side of filter.side === undefined ? SIDE_NAMES : [filter.side]) {
    const row = rowOf(store, mapping, side)
    for (const state of filter.state === undefined ? STATE_NAMES : [filter.state]) {
      for (const kind of filter.kind === undefined ? KINDS : [filter.kind]) count += row[`${state}_${kind}`] ?? 0
    }
  }
  return count
}
