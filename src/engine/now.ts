import type { RecordState } from '../contract/change.ts'
import type { Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import type { Now } from './pair.ts'

/** A state or stored change as the decision needs it: its time by our clock. */
export function nowOf(context: Context, side: Side, state: Pick<RecordState, 'fields' | 'changedAtMs'>): Now {
  const offsetMs = context.sides[side].clockOffsetMs()
  return {
    fields: state.fields,
    changedAtMs: state.changedAtMs === null ? null : state.changedAtMs - offsetMs,
  }
}
