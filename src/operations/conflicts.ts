import { SyncError } from '../contract/error.ts'
import type { FieldConflict } from '../ledger/change.ts'
import type { Fault } from '../ledger/fault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { checkHasRun, knownMappings, type RecordName, type Site } from './site.ts'

const PAGE = 500

/**
 * Fields that both sides of a record changed, or a record that cannot be joined without a person. The names are those of
 * `--json`. A pair that both sides captured is told once.
 */
export interface Conflict {
  readonly mapping: string
  readonly side: Side
  readonly id: string
  readonly key: string | null
  readonly odooId: string | null
  readonly externalId: string | null
  readonly kind: 'state' | 'gone'
  readonly attempts: number
  /** Why a record cannot be joined; null where `fields` are in conflict. */
  readonly fault: Fault | null
  /** `field` is the mapping's name of the pair: "email:email". */
  readonly fields: readonly FieldConflict[]
  readonly sinceMs: number
}

/** A conflict with who changed what, as far as the ledger knows. */
export interface ConflictDetail extends Conflict {
  /** What is known of each side's change; null: that side told of none. */
  readonly changes: Readonly<Record<Side, ConflictingChange | null>>
}

export interface ConflictingChange {
  /** When the record changed, by its own side's clock; null: not told. */
  readonly changedAtMs: number | null
  /** Whether our own user was the last who wrote; null: not known. */
  readonly byUs: boolean | null
  readonly capturedAtMs: number
}

export interface ConflictPage {
  readonly conflicts: readonly Conflict[]
  /** Where the next page begins; null: this is the last one. */
  readonly next: string | null
}

type Listed = Awaited<ReturnType<Ledger['changes']>>[number]

/**
 * Conflicts, newest first within each mapping, at most `limit`. `after`: the `next` of the page before.
 * @throws SyncError `config` for a mapping that is not configured.
 */
export async function listConflicts(
  site: Site,
  {
    mapping,
    limit,
    after = null,
  }: { readonly mapping: string | null; readonly limit: number; readonly after?: string | null },
): Promise<ConflictPage> {
  const conflicts: Conflict[] = []
  let place: string | null = null
  for await (const { conflict, at } of walk(site, mapping, after)) {
    if (conflicts.length === limit) return { conflicts, next: place }
    conflicts.push(conflict)
    place = at
  }
  return { conflicts, next: null }
}

/** Every conflict. */
export async function* allConflicts(site: Site, mapping: string | null): AsyncGenerator<Conflict> {
  for await (const { conflict } of walk(site, mapping, null)) yield conflict
}

/** @throws SyncError `config` where this record has none. */
export async function showConflict(site: Site, mapping: string, { side, id }: RecordName): Promise<ConflictDetail> {
  await checkHasRun(site, mapping)
  const { ledger } = site
  const link = (await ledger.links(mapping, side, [id])).get(id) ?? null
  const changes: Record<Side, Listed | null> = { odoo: null, external: null }
  for (const each of SIDES) {
    const record = link === null ? (each === side ? id : null) : each === 'odoo' ? link.odooId : link.externalId
    if (record === null) continue
    const [found = null] = await ledger.changes(mapping, { state: 'conflict', side: each, id: record, limit: 1 })
    changes[each] = found
  }
  const own = changes[side] ?? changes.odoo ?? changes.external
  if (!own) {
    throw new SyncError('config', `${mapping} has no conflict for ${side} ${id}.`, {
      hint: `See which there are: tandem conflicts list ${mapping}`,
    })
  }
  return { ...describeConflict(own), changes: { odoo: knownOf(changes.odoo), external: knownOf(changes.external) } }
}

function knownOf(listed: Listed | null): ConflictingChange | null {
  if (listed === null) return null
  const { changedAtMs, byUs, firstCapturedAtMs } = listed.change
  return { changedAtMs, byUs, capturedAtMs: firstCapturedAtMs }
}

function describeConflict({ mapping, change, link }: Listed): Conflict {
  const { side, id, kind, attempts, fault, conflicts, firstCapturedAtMs } = change
  return {
    mapping,
    side,
    id,
    key: link?.key ?? null,
    odooId: link?.odooId ?? null,
    externalId: link?.externalId ?? null,
    kind,
    attempts,
    fault,
    fields: conflicts,
    sinceMs: firstCapturedAtMs,
  }
}

async function* walk(
  site: Site,
  wanted: string | null,
  after: string | null,
): AsyncGenerator<{ readonly conflict: Conflict; readonly at: string }> {
  const place = after === null ? null : placeOf(after)
  let isBefore = place !== null
  for (const mapping of await knownMappings(site, wanted)) {
    if (isBefore && mapping !== place?.mapping) continue
    let afterSeq = isBefore ? place?.seq : undefined
    isBefore = false
    for (;;) {
      const from = afterSeq === undefined ? {} : { afterSeq }
      const page = await site.ledger.changes(mapping, { state: 'conflict', limit: PAGE, ...from })
      for (const listed of page) {
        if (await isToldByOther(site, listed)) continue
        yield { conflict: describeConflict(listed), at: `${mapping}/${listed.change.seq}` }
      }
      const last = page.at(-1)
      if (!last || page.length < PAGE) break
      afterSeq = last.change.seq
    }
  }
}

/** Where both sides of a pair captured the conflict, the Odoo side's change tells of it. */
async function isToldByOther({ ledger }: Site, { mapping, change, link }: Listed): Promise<boolean> {
  if (change.side === 'odoo' || link === null || change.conflicts.length === 0) return false
  const other = (await ledger.known(mapping, 'odoo', [link.odooId])).get(link.odooId)?.change
  return other?.state === 'conflict' && other.conflicts.length > 0
}

function placeOf(after: string): { readonly mapping: string; readonly seq: number } {
  const [, mapping = '', seq = ''] = /^(.*)\/(\d+)$/.exec(after) ?? []
  if (seq === '') throw new SyncError('config', `"${after}" is no place in the list of conflicts.`)
  return { mapping, seq: Number(seq) }
}
