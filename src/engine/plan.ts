import type { Fields, Value } from '../contract/value.ts'
import type { Seen } from '../ledger/seen.ts'
import type { FieldRule, References, Side } from '../mapping/mapping.ts'
import type { Findings, FindingsDraft } from './findings.ts'
import type { Pair } from './pair.ts'

/** What is to be done about a pair. */
export interface Plan extends Findings {
  /** Fields to write on each side, in that side's names and values. */
  readonly write: Readonly<Record<Side, Fields>>
  /** What a written set is changed from, where that is not what the side holds now: see `Operation.expected`. */
  readonly origin: Readonly<Record<Side, Fields>>
  /** For what is written on a side: the source values' fingerprints, unknown elsewhere. Seen once the write is done. */
  readonly sourceSeen: Readonly<Record<Side, Seen>>
  /** `seen` as it becomes without any write: for fields that turned out to be in step, or that do not flow. */
  readonly seen: Readonly<Record<Side, Seen>>
  /** Sides that must be read before this can be decided; then everything else in the plan is void. */
  readonly needs: readonly Side[]
}

/** The plan under construction. */
export interface PlanDraft {
  write: Record<Side, Record<string, Value>>
  origin: Record<Side, Record<string, Value>>
  sourceSeen: Record<Side, Map<number, string>>
  absorbed: Record<Side, Map<number, string>>
  readonly findings: FindingsDraft
  needs: Set<Side>
}

/** What `decide` is. */
export type Decide = (rules: readonly FieldRule[], pair: Pair, references: References) => Plan
