/** The counters that add up (promise 9), for one side of a mapping. */
export interface Counts {
  readonly captured: number
  readonly applied: number
  readonly unchanged: number
  readonly superseded: number
  readonly discarded: number
  /** The rest are the changes that are there, by state. */
  readonly pending: number
  readonly waiting: number
  readonly conflicts: number
  readonly deadLetters: number
}
