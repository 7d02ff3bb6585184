import { flows, type Side } from '../mapping/mapping.ts'
import { matters } from './capture.ts'
import type { Context } from './context.ts'

/** Whether changes of a side lead to anything, so that it has to be read. */
export function isRead(context: Context, side: Side): boolean {
  return flows(context.mapping.direction, side) || context.mapping.fields.some((rule) => matters(rule, side))
}
