import type { Value } from '../contract/value.ts'
import type { Fault } from './fault.ts'

/** A run that did something or failed. */
export interface RunNote {
  readonly startedAtMs: number
  readonly tookMs: number
  /** How the feeds were read, and whether deletes were looked for. */
  readonly depth: 'tail' | 'deep' | 'none'
  readonly swept: boolean
  readonly captured: number
  readonly applied: number
  readonly deadLetters: number
  readonly conflicts: number
  /** Why it failed; null: it did not. */
  readonly fault: Fault | null
}

/** That a person paused a mapping, or in a connection's note `pausedBy` a connection. */
export interface PersonPause {
  readonly by: string
  readonly reason: string | null
  readonly sinceMs: number
}

export interface GuardTrip {
  readonly sinceMs: number
  readonly count: number
  readonly total: number
  readonly message: string
  /** A person has agreed to changes up to this seq; null: not yet. */
  readonly confirmedSeq: number | null
  readonly confirmedBy?: string | null
}

/** A mapping's condition, beyond its changes. */
export interface MappingState {
  /** Why it does not run; null: it runs. */
  readonly pause: (Fault & { readonly sinceMs: number }) | null
  /** A person does not want it to run; null: nobody minds. Independent of `pause`, and lifted by a person only. */
  readonly pausedBy: PersonPause | null
  /** Failures of whole runs in a row, and when the next may start. */
  readonly failures: number
  readonly notBeforeMs: number
  readonly lastRunAtMs: number | null
  readonly lastSuccessAtMs: number | null
  /** The last runs that did something or failed, newest first. */
  readonly runs: readonly RunNote[]
  /** The guards that tripped, by "deletes:odoo", "deletes:external", "changes:odoo", …. */
  readonly guards: Readonly<Record<string, GuardTrip>>
  /** What else is remembered between runs, by name: "sweep:odoo" and the like. */
  readonly notes: Readonly<Record<string, Value>>
}
