import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from './invent.ts'
import type { People } from './people.ts'

type Move = (people: People) => Promise<void>

/** So that everything is seen early on. */
const OPENING: readonly Move[] = [
  (people) => people.edit('external'),
  (people) => people.edit('odoo'),
  (people) => people.editTogether(),
  (people) => people.add('external', 'companies'),
  (people) => people.add('odoo', 'contacts'),
  (people) => people.collide(),
  (people) => people.remove('odoo'),
  (people) => people.archive('external'),
  (people) => people.remove('external'),
  (people) => people.edit('external'),
  (people) => people.mend(),
]

/** What people do all day, by how often. */
const HABITS: readonly (readonly [number, Move])[] = [
  [28, (people) => people.edit('external')],
  [28, (people) => people.edit('odoo')],
  [12, (people) => people.editTogether()],
  [10, (people) => people.collide()],
  [4, (people) => people.add('external', 'companies')],
  [4, (people) => people.add('external', 'contacts')],
  [3, (people) => people.add('odoo', 'companies')],
  [3, (people) => people.add('odoo', 'contacts')],
  [2, (people) => people.archive('external')],
  [2, (people) => people.archive('odoo')],
  [2, (people) => people.remove('external')],
  [2, (people) => people.remove('odoo')],
]

const HURRY_MS = 8000
const QUICK_MS = 300
const SLOW_MS = 2500

/** Lets people work until the signal aborts: a few edits a second at first, one every few seconds later. */
export async function spendTheDay(
  people: People,
  random: Random,
  monotonicMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  const startedMs = monotonicMs()
  for (let turn = 0; !signal.aborted; turn++) {
    const move = OPENING[turn] ?? habit(random)
    await move(people)
    const elapsedMs = monotonicMs() - startedMs
    const usualMs = Math.min(SLOW_MS, QUICK_MS + Math.max(0, elapsedMs - HURRY_MS) / 15)
    await delay(usualMs * (0.6 + 0.8 * random()), undefined, { signal }).catch(() => {})
  }
}

function habit(random: Random): Move {
  let rest = random() * HABITS.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, move] of HABITS) {
    rest -= weight
    if (rest < 0) return move
  }
  return (people) => people.edit('odoo')
}
