import type { App } from '../../app.ts'
import { type Difference, verify } from '../../engine/verify.ts'
import type { ChangeState } from '../../ledger/change.ts'
import type { MappingFile } from '../../mapping/mapping-file.ts'

/** What `verify` found about one mapping, sorted. */
export interface Proof {
  readonly mapping: string
  readonly compared: number
  /** Fields in which a side keeps the other's value in a form of its own. */
  readonly ownForm: number
  /** Records that wait for a person: in conflict, or a dead letter. */
  readonly parked: readonly string[]
  /** What should not be. */
  readonly differences: readonly Difference[]
}

/** Reads both sides in full and compares them. Both should be quiet. */
export async function prove(app: App, file: MappingFile, signal: AbortSignal): Promise<Proof> {
  const { context } = await app.connect(file, signal)
  const parked = new Map<string, string>()
  for (const state of ['conflict', 'dead', 'waiting'] satisfies ChangeState[]) {
    for (const { change } of await app.ledger.changes(file.name, { state, limit: 1000 })) {
      parked.set(`${change.side} ${change.id}`, change.fault?.message ?? change.state)
    }
  }
  const isParked = (difference: Difference): boolean =>
    difference.kind === 'unlinked'
      ? parked.has(`${difference.side} ${difference.id}`)
      : parked.has(`odoo ${difference.odooId}`) || parked.has(`external ${difference.externalId}`)
  const differences: Difference[] = []
  let ownForm = 0
  let compared = 0
  const onProgress = (progress: { compared: number }): void => {
    compared = progress.compared
  }
  for await (const difference of verify(context, onProgress, signal)) {
    if (difference.kind === 'field' && difference.isAsSeen) ownForm += 1
    else if (!isParked(difference)) differences.push(difference)
  }
  return { mapping: file.name, compared, ownForm, parked: [...parked.values()], differences }
}

/** A difference as one line. */
export function differenceWords(difference: Difference): string {
  if (difference.kind === 'unlinked') return `${difference.side} ${difference.id} has no partner`
  const key = difference.key ?? `odoo ${difference.odooId}`
  if (difference.kind === 'missing') return `${key} is missing in ${difference.side}`
  const { field, odoo, external } = difference
  return `${key} ${field}: ${JSON.stringify(odoo)} in Odoo, ${JSON.stringify(external)} in the shop`
}
