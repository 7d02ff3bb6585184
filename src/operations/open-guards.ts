import type { MappingState } from '../ledger/mapping-state.ts'

/** A guard that holds something back until a person agrees. */
export interface OpenGuard {
  readonly name: string
  readonly message: string
}

export function openGuards({ guards }: MappingState): readonly OpenGuard[] {
  return Object.entries(guards)
    .filter(([, trip]) => trip.confirmedSeq === null)
    .map(([name, { message }]) => ({ name, message }))
}
