import type { RecordId, RecordState } from '../contract/change.ts'
import type { Value } from '../contract/value.ts'
import type { Link } from '../ledger/link.ts'
import { seenAt } from '../ledger/seen.ts'
import { flows, SIDES, type Side } from '../mapping/mapping.ts'
import { type ComparedPair, compareContents } from './compare-contents.ts'
import type { Context } from './context.ts'
import { fingerprint } from './fingerprint.ts'
import { isInStep } from './in-step.ts'
import { isBrought } from './is-brought.ts'
import { idOn } from './job.ts'
import { readRecords } from './pull.ts'
import { resolveReferences } from './references.ts'
import { lineDifferences } from './tell-lines.ts'

const PAGE = 1000

export type Difference =
  /** Both records exist and do not say the same. */
  | {
      readonly kind: 'field'
      readonly odooId: RecordId
      readonly externalId: RecordId
      readonly key: string | null
      readonly field: string
      readonly odoo: Value
      readonly external: Value
      /**
       * Both are as they were when they were brought in line: one side stores the other's value in a form of its own (a
       * sanitised text), or the field may differ (it flows one way, a conflict was absorbed).
       */
      readonly isAsSeen: boolean
    }
  /** A linked record does not exist on `side`. */
  | {
      readonly kind: 'missing'
      readonly side: Side
      readonly odooId: RecordId
      readonly externalId: RecordId
      readonly key: string | null
    }
  /** A record of `side` that should be on the other side as well has no link. */
  | { readonly kind: 'unlinked'; readonly side: Side; readonly id: RecordId }

export interface VerifyProgress {
  readonly compared: number
  readonly total: number
}

/**
 * Reads both sides in full and tells every difference. Trusts nothing that the ledger says but the links. Writes nothing,
 * holds one page in memory. What changes while it runs may show as a difference: run it when both sides are quiet.
 */
export async function* verify(
  context: Context,
  onProgress: (progress: VerifyProgress) => void,
  signal: AbortSignal,
): AsyncGenerator<Difference> {
  const { ledger, mapping } = context
  const total = await ledger.countLinks(mapping.name)
  let compared = 0
  let after = 0
  for (;;) {
    const links = await ledger.linksAfter(mapping.name, after, PAGE)
    const last = links.at(-1)
    if (!last) break
    after = last.id
    const live = links.filter((link) => link.state === 'live')
    yield* await comparePage(context, live, signal)
    compared += live.length
    onProgress({ compared, total })
  }
  for (const side of SIDES) {
    if (flows(mapping.direction, side)) yield* unlinkedRecords(context, side, signal)
  }
}

async function comparePage(
  context: Context,
  links: readonly Link[],
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  if (links.length === 0) return []
  const [odoo, external] = await Promise.all(
    SIDES.map((side) =>
      readRecords(
        context,
        side,
        links.map((link) => idOn(link, side)),
        signal,
      ),
    ),
  )
  const pairs = links.map((link) => ({
    link,
    odoo: odoo?.get(link.odooId),
    external: external?.get(link.externalId),
  }))
  const resolved = await resolveReferences(
    context,
    pairs.flatMap((pair) => SIDES.flatMap((side) => (pair[side] ? [{ side, fields: pair[side].fields }] : []))),
    signal,
  )
  const compared = pairs.flatMap(({ link, odoo: one, external: other }): readonly ComparedPair[] => {
    const ids = { odoo: link.odooId, external: link.externalId }
    return one && other ? [{ ids, fields: { odoo: one.fields, external: other.fields } }] : []
  })
  const references = await compareContents(context, compared, resolved, () => true, signal)
  return pairs.flatMap(({ link, odoo: odooState, external: externalState }): readonly Difference[] => {
    const ids = { odooId: link.odooId, externalId: link.externalId, key: link.key }
    if (!odooState) return [{ kind: 'missing', side: 'odoo', ...ids }]
    if (!externalState) return [{ kind: 'missing', side: 'external', ...ids }]
    return fieldDifferences(context, link, { odoo: odooState, external: externalState }, references)
  })
}

function fieldDifferences(
  context: Context,
  link: Link,
  states: Readonly<Record<Side, RecordState>>,
  references: Parameters<typeof isInStep>[2],
): readonly Difference[] {
  const { odooId, externalId, key } = link
  return context.mapping.fields.flatMap((rule, index): readonly Difference[] => {
    const odoo = states.odoo.fields[rule.odoo]
    const external = states.external.fields[rule.external]
    if (odoo === undefined || external === undefined || rule.isWatched) return []
    if (isInStep(rule, { odoo: { value: odoo }, external: { value: external } }, references)) return []
    const isAsSeen =
      seenAt(link.seen.odoo, index) === fingerprint(odoo) && seenAt(link.seen.external, index) === fingerprint(external)
    const whole = [{ field: rule.name, odoo, external }]
    const differing = rule.lines ? lineDifferences(rule, rule.lines, { odoo, external }, references) : whole
    return (differing ?? whole).map((each) => ({ kind: 'field', odooId, externalId, key, ...each, isAsSeen }))
  })
}

async function* unlinkedRecords(context: Context, side: Side, signal: AbortSignal): AsyncGenerator<Difference> {
  const { feed } = context.sides[side].collection
  if (!feed?.list) return
  let after: string | null = null
  do {
    const listing: Awaited<ReturnType<typeof feed.list>> = await feed.list(after, PAGE, signal)
    const ids = listing.entries.map(({ id }) => id)
    const links = await context.ledger.links(context.mapping.name, side, ids)
    const unlinked = ids.filter((id) => !links.has(id))
    for (const id of await thoseBrought(context, side, unlinked, signal)) yield { kind: 'unlinked', side, id }
    after = listing.after
  } while (after !== null)
}

/** Without those that the mapping's `creates` and `when` leave where they are. */
async function thoseBrought(
  context: Context,
  side: Side,
  ids: readonly RecordId[],
  signal: AbortSignal,
): Promise<readonly RecordId[]> {
  const { mapping } = context
  if (!mapping.creates[side]) return []
  if (!mapping.when[side] || ids.length === 0) return ids
  const states = await readRecords(context, side, ids, signal)
  return ids.filter((id) => {
    try {
      return isBrought(mapping, side, states.get(id)?.fields ?? {})
    } catch {
      // A dead letter says why it cannot be told.
      return true
    }
  })
}
