/** How words are written in the tables: a byte instead of a word in every row. */
import type { Side } from '../../mapping/mapping.ts'
import type { ChangeState } from '../change.ts'
import type { Link } from '../link.ts'
import type { Request } from '../request.ts'
import type { StepState } from '../step.ts'

export const SIDE_NAMES = ['odoo', 'external'] as const satisfies readonly Side[]
export const STATE_NAMES = [
  'pending',
  'waiting',
  'conflict',
  'dead',
  'discarded',
] as const satisfies readonly ChangeState[]
export const STEP_STATE_NAMES = ['pending', 'idle', 'dead', 'discarded'] as const satisfies readonly StepState[]
export const LINK_STATE_NAMES = ['live', 'odoo-gone', 'external-gone'] as const satisfies readonly Link['state'][]
export const REQUEST_STATE_NAMES = ['open', 'running', 'done', 'failed'] as const satisfies readonly Request['state'][]

/** Index in SIDE_NAMES. */
export type SideCode = 0 | 1

export function sideCode(side: Side): SideCode {
  return side === 'odoo' ? 0 : 1
}

export function stateCode(state: ChangeState): number {
  return STATE_NAMES.indexOf(state)
}

export function linkStateCode(state: Link['state']): number {
  return LINK_STATE_NAMES.indexOf(state)
}

export function nameAt<Name extends string>(names: readonly Name[], code: number): Name {
  const name = names[code]
  if (name === undefined) throw new Error(`the ledger holds the unknown code ${code} (known: ${names.join(', ')})`)
  return name
}

/**
 * The lane of a change: states queue together, deletes queue by side, because a guard holds back one side's deletes and
 * nothing else.
 */
export const STATE_LANE = 0
export function laneCode(kind: 'state' | 'gone', side: SideCode): number {
  return kind === 'state' ? STATE_LANE : 1 + side
}

export function kindOfLane(lane: number): 'state' | 'gone' {
  return lane === STATE_LANE ? 'state' : 'gone'
}
