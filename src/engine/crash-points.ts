/**
 * Named places between two durable steps. A test sets `TANDEM_CRASH_AT=<point>` or `<point>:<n>` (the n-th time), and the
 * process kills itself there, as a power cut would. Without the variable, reaching one costs a comparison.
 */
export const CRASH_POINTS = [
  /** What a system told is stored, and nobody has looked at it. */
  'arrivals-taken',
  /** A page was read and nothing of it is stored. */
  'page-read',
  /** A page is stored with its cursor. */
  'page-staged',
  /** A plan was made and no intent is stored. */
  'planned',
  /** The intents are stored and nothing was sent. */
  'intended',
  /** The other side has done its work and nothing of that is stored. */
  'applied',
  /** The outcome is stored. */
  'settled',
  /** A key was assigned to a record and not yet written to it. */
  'key-assigned',
  /** An intent in doubt was looked up, and the finding is not stored. */
  'doubt-looked-up',
  /** A page of a sweep is marked as listed. */
  'sweep-page',
  /** The missing records of a sweep are stored as gone. */
  'sweep-staged',
  /** A step is to be called and nothing says so. */
  'step-planned',
  /** That a step may be called is stored, and nothing was sent. */
  'step-begun',
  /** The other side has done a step's work and nothing of that is stored. */
  'step-called',
  /** A step's outcome is stored. */
  'step-settled',
] as const

export type CrashPoint = (typeof CRASH_POINTS)[number]

/** A `crashPoint` for `Context`. `setting` is the variable's value; `die` must not return. */
export function crashPoints(setting: string | undefined, die: () => void): (point: CrashPoint) => void {
  if (!setting) return () => {}
  const [name, times] = setting.split(':')
  let left = Number(times ?? '1')
  return (point) => {
    if (point !== name) return
    left -= 1
    if (left === 0) die()
  }
}
