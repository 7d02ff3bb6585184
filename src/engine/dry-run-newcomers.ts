import { asSyncError } from '../contract/error.ts'
import type { Fields } from '../contract/value.ts'
import type { StoredChange } from '../ledger/change.ts'
import { generateKey, keyText } from '../mapping/key.ts'
import { fieldOn, otherSide, SIDES, type Side } from '../mapping/mapping.ts'
import { hasKey } from './assign-key.ts'
import { type ComparedPair, compareContents } from './compare-contents.ts'
import type { Context } from './context.ts'
import { planCreate } from './create.ts'
import { decide } from './decide.ts'
import { isBrought } from './is-brought.ts'
import { type Match, matchRecords } from './match.ts'
import { nowOf } from './now.ts'
import type { PlannedChange } from './plan-resync.ts'
import { resolveReferences } from './references.ts'
import { unknownSeen } from './seen.ts'
import { tellLines } from './tell-lines.ts'

/** What a sync would do to one record, or why it would not. */
export interface PlannedStep extends Omit<PlannedChange, 'action'> {
  readonly action: PlannedChange['action'] | 'archive' | 'remove' | 'unlink' | 'guard' | 'step'
}

/** What becomes of records of `side` without a link. `planned` names those met so far, as "side id", of both sides. */
export async function planNewcomers(
  context: Context,
  side: Side,
  newcomers: readonly StoredChange[],
  planned: Set<string>,
  signal: AbortSignal,
): Promise<readonly PlannedStep[]> {
  const refused: PlannedStep[] = []
  const changes = newcomers.filter((change) => isWanted(context, side, change, refused))
  if (changes.length === 0) return refused
  const matches = await matchRecords(context, side, changes, signal)
  const found = [...matches.values()].flatMap((match) => ('state' in match ? [match.state] : []))
  const resolved = await resolveReferences(
    context,
    [
      ...changes.map(({ fields }) => ({ side, fields })),
      ...found.map(({ fields }) => ({ side: otherSide(side), fields })),
    ],
    signal,
  )
  const references = await compareContents(context, metPairs(side, changes, matches), resolved, () => true, signal)
  for (const { id } of changes) planned.add(`${side} ${id}`)
  const steps = changes.flatMap((change): readonly PlannedStep[] => {
    const match = matches.get(change.id) ?? { kind: 'none' }
    if (match.kind === 'none')
      return context.mapping.creates[side] ? [creation(context, change, references, planned)] : []
    if (match.kind === 'linked') return []
    if (match.kind === 'ambiguous') {
      const base = { ...stepBase(context, change), after: {}, message: match.error.message }
      return [{ ...base, action: 'conflict' as const }]
    }
    // Met before, from its partner's side.
    if (planned.has(`${otherSide(side)} ${match.state.id}`)) return []
    return adoption(context, change, match, references)
  })
  return [...refused, ...steps]
}

/** What the mapping's `when` leaves where it is, is not told of. */
function isWanted(context: Context, side: Side, change: StoredChange, refused: PlannedStep[]): boolean {
  try {
    return isBrought(context.mapping, side, change.fields)
  } catch (thrown) {
    const { message } = asSyncError(thrown)
    refused.push({ ...stepBase(context, change), action: 'error', after: {}, message })
    return false
  }
}

function metPairs(
  side: Side,
  changes: readonly StoredChange[],
  matches: ReadonlyMap<string, Match>,
): readonly ComparedPair[] {
  return changes.flatMap(({ id, fields }): readonly ComparedPair[] => {
    const match = matches.get(id)
    if (match === undefined || !('state' in match)) return []
    const [own, other] = [{ id, fields }, match.state]
    const [odoo, external] = side === 'odoo' ? [own, other] : [other, own]
    return [{ ids: { odoo: odoo.id, external: external.id }, fields: { odoo: odoo.fields, external: external.fields } }]
  })
}

function stepBase(context: Context, change: StoredChange) {
  const { side, id } = change
  return {
    side: otherSide(side),
    odooId: side === 'odoo' ? id : null,
    externalId: side === 'external' ? id : null,
    key: keyText(change.fields[fieldOn(context.mapping.key, side)] ?? null),
    before: {},
  }
}

type References = Awaited<ReturnType<typeof resolveReferences>>

function creation(
  context: Context,
  change: StoredChange,
  references: References,
  planned: ReadonlySet<string>,
): PlannedStep {
  const base = stepBase(context, change)
  const plan = planCreate(context.mapping, change.side, namedFields(context, change), references, false)
  if (plan.error) return { ...base, action: 'error', after: {}, message: plan.error.message }
  const [wait] = plan.waitsFor
  const { after } = tellLines(context.mapping.fields, base.side, { before: {}, after: plan.fields })
  if (!wait) return { ...base, action: 'create', after, message: null }
  const isOnItsWay = wait.mapping === context.mapping.name && planned.has(`${wait.side} ${wait.id}`)
  const message = `${isOnItsWay ? 'after' : 'waits for'} ${wait.mapping} ${wait.side} ${wait.id}`
  return { ...base, action: isOnItsWay ? 'create' : 'wait', after, message }
}

/** The fields with the key that the record will get, where the mapping has a template for it. */
function namedFields(context: Context, change: StoredChange): Fields {
  const { generate } = context.mapping.key
  if (generate === null || hasKey(context, change.side, change)) return change.fields
  const field = fieldOn(context.mapping.key, change.side)
  return { ...change.fields, [field]: generateKey(generate, change.side, change.id) }
}

/** The two are joined, and where they differ one of them is written. */
function adoption(
  context: Context,
  change: StoredChange,
  match: Extract<Match, { kind: 'one' | 'tombstone' }>,
  references: References,
): readonly PlannedStep[] {
  const { side } = change
  const other = otherSide(side)
  const rules = context.mapping.fields
  const base = stepBase(context, change)
  const ids = { ...base, [other === 'odoo' ? 'odooId' : 'externalId']: match.state.id }
  const unknown = unknownSeen(rules)
  const fieldsOf = (each: Side): Fields => (each === side ? change.fields : match.state.fields)
  const nowOn = (each: Side) => nowOf(context, each, each === side ? change : match.state)
  const now = { odoo: nowOn('odoo'), external: nowOn('external') }
  const plan = decide(rules, { seen: { odoo: unknown, external: unknown }, now }, references)
  const steps: PlannedStep[] = [{ ...ids, action: 'adopt', after: {}, message: null }]
  if (plan.error) steps.push({ ...ids, action: 'error', after: {}, message: plan.error.message })
  for (const written of SIDES) {
    const after = plan.write[written]
    const names = Object.keys(after)
    if (plan.error || names.length === 0) continue
    const before = Object.fromEntries(names.map((name) => [name, fieldsOf(written)[name] ?? null] as const))
    const told = tellLines(rules, written, { before, after })
    steps.push({ ...ids, action: 'update', side: written, ...told, message: null })
  }
  for (const { field, odoo, external } of plan.conflicts) {
    const message = `${field} differs, and the mapping leaves it to a person`
    steps.push({ ...ids, action: 'conflict', before: { odoo }, after: { external }, message })
  }
  return steps
}
