import type { Credential } from '../contract/connector.ts'
import { age, moment } from '../words.ts'

/** How long before its end a credential is told of. */
export const ENDING_MS = 14 * 24 * 3_600_000

/** A line for each credential of a connection that ends soon, or has ended. */
export function endingKeys(connection: string, keys: readonly Credential[], nowMs: number): string[] {
  return keys
    .filter(({ endsAtMs }) => endsAtMs - nowMs <= ENDING_MS)
    .map(({ name, endsAtMs }) => {
      const when =
        endsAtMs <= nowMs ? `ended on ${moment(endsAtMs)}` : `ends on ${moment(endsAtMs)}, in ${age(endsAtMs - nowMs)}`
      return `${connection}: the key "${name}" ${when}. If it is the one in use, make a new one: tandem odoo rotate-key ${connection}`
    })
}
