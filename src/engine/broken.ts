import type { Change, RecordId } from '../contract/change.ts'
import type { NewChange, StoredChange } from '../ledger/change.ts'
import type { Side } from '../mapping/mapping.ts'
import { changeOf, type Known } from './capture.ts'
import type { Context } from './context.ts'
import { type Draft, faultOf, keepFailed, resolve } from './draft.ts'

type Broken = Extract<Change, { kind: 'broken' }>

/** Begins the version of what cannot be read as a record, so that it is known when a person wants it tried again. */
const BROKEN = 'broken:'

/** What is staged of it: a dead letter, unless it is known as it is (dead, or given up by a person). */
export function brokenChange(
  side: Side,
  { id, version, error }: Broken,
  known: ReadonlyMap<RecordId, Known>,
): readonly NewChange[] {
  const marked = `${BROKEN}${version ?? ''}`
  if (version !== null && known.get(id)?.change?.version === marked) return []
  return [
    { side, id, kind: 'state', version: marked, changedAtMs: null, byUs: false, fields: {}, fault: faultOf(error) },
  ]
}

export function isBroken(change: StoredChange): boolean {
  return change.kind === 'state' && (change.version?.startsWith(BROKEN) ?? false)
}

/** Adds broken places to the history and tells of them. */
export async function tellOfBroken(context: Context, side: Side, changes: readonly NewChange[]): Promise<void> {
  const { mapping, ledger, clock } = context
  const told = changes.flatMap(({ id, fault }) => (fault ? [{ id, fault }] : []))
  if (told.length === 0) return
  const idsOf = (id: RecordId) => ({
    odooId: side === 'odoo' ? id : null,
    externalId: side === 'external' ? id : null,
    key: null,
  })
  const atMs = clock.nowMs()
  await ledger.addHistory(
    mapping.name,
    told.map(({ id, fault }) => ({ atMs, event: 'dead', side, ...idsOf(id), detail: { ...fault } })),
  )
  for (const { id, fault } of told) {
    context.emit({ mapping: mapping.name, kind: 'dead', side, ...idsOf(id), message: fault.message })
  }
}

/** Asks the feed about broken places that a person wants tried again: what is a record now is captured like any other. */
export async function lookAtBroken(
  context: Context,
  side: Side,
  changes: readonly StoredChange[],
  draft: Draft,
  signal: AbortSignal,
): Promise<void> {
  if (changes.length === 0) return
  const { feed } = context.sides[side].collection
  const places = new Map(changes.map((change) => [change.id, change]))
  const found = (await feed?.look?.([...places.keys()], signal)) ?? []
  for (const change of found) {
    if (change.kind === 'state') draft.changes.push(changeOf(side, change.state))
    if (change.kind !== 'broken') continue
    const place = places.get(change.id)
    if (place) keepFailed(context, draft, place, change.error)
    places.delete(change.id)
  }
  for (const change of places.values()) resolve(draft, change, 'unchanged')
}
