import type { SyncError } from '../../contract/error.ts'
import type { Operation } from '../../contract/sink.ts'

/** The calls that can be counted and made to fail. `feed.read` reads changes, `read` reads records by id. */
export const METHODS = [
  'check',
  'describe',
  'prepare',
  'feed.read',
  'look',
  'list',
  'read',
  'find',
  'apply',
  'reserve',
  'call',
] as const
export type Method = (typeof METHODS)[number]

/** A call that a connector makes to the store. */
export interface Call {
  readonly method: Method
  /** null: the call concerns the whole store. */
  readonly collection: string | null
  /** For `apply`; empty for every other method. */
  readonly operations: readonly Operation[]
}

/** What goes wrong in one call. */
export interface Fault {
  /** Thrown before anything is done. */
  readonly before?: SyncError
  /** Thrown after the work was done: the answer is lost. Should be `inDoubt` where something was written. */
  readonly after?: SyncError
  /** With `after`, for `apply`: only this many operations are done before the answer is lost. */
  readonly doneOperations?: number
  /** Lies instead of failing: a `list`, `read` or `find` with no results, or a `list` that ends after half of its page. */
  readonly answers?: 'empty' | 'half'
  /** The call hangs until this settles; it can be aborted meanwhile. */
  readonly until?: Promise<unknown>
}

export interface FaultRule extends Fault {
  readonly method: Method
  /** Absent: any collection. */
  readonly collection?: string
  /** How many calls let pass before it strikes. 0 unless given. */
  readonly skip?: number
  /** How many calls it strikes. 1 unless given; Infinity: until it is taken back. */
  readonly times?: number
}

/** Everything that can go wrong on purpose. A test sets what it needs; nothing else happens by itself. */
export interface Faults {
  /** Adds a rule; the oldest that fits a call strikes. The result takes it back. */
  inject(rule: FaultRule): () => void
  /** Takes back all rules, hooks and poison. */
  clear(): void
  /** Asked where no rule fits: for faults by chance. */
  decide: ((call: Call) => Fault | null) | null
  /** Before the write and after the engine has read: a person edits in the gap. */
  beforeApply: ((call: Call) => void) | null
  /** Between the write and the reading of what is stored, where these are two transactions. */
  beforeReadBack: ((call: Call) => void) | null
  /** After everything, also after a lost answer. */
  afterApply: ((call: Call) => void) | null
  /** Why the store refuses an operation whatever its values; null: it takes it. */
  poison: ((operation: Operation, collection: string) => SyncError | null) | null
}

/** What `createFaults` gives: the test's side, and the store's question at each call. */
export interface FaultPlan {
  readonly faults: Faults
  readonly strike: (call: Call) => Fault
}

export function createFaults(): FaultPlan {
  let rules: { rule: FaultRule; skip: number; times: number }[] = []
  const faults: Faults = {
    inject(rule) {
      const entry = { rule, skip: rule.skip ?? 0, times: rule.times ?? 1 }
      rules.push(entry)
      return () => {
        rules = rules.filter((other) => other !== entry)
      }
    },
    clear() {
      rules = []
      Object.assign(faults, { decide: null, beforeApply: null, beforeReadBack: null, afterApply: null, poison: null })
    },
    decide: null,
    beforeApply: null,
    beforeReadBack: null,
    afterApply: null,
    poison: null,
  }
  return {
    faults,
    strike(call) {
      for (const entry of rules) {
        const { rule } = entry
        if (rule.method !== call.method || entry.times <= 0) continue
        if (rule.collection !== undefined && rule.collection !== call.collection) continue
        if (entry.skip > 0) {
          entry.skip -= 1
          continue
        }
        entry.times -= 1
        return rule
      }
      return faults.decide?.(call) ?? {}
    },
  }
}
