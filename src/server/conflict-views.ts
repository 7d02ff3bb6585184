import type { Side } from '../mapping/mapping.ts'
import type { ConflictDetail } from '../operations/conflicts.ts'
import { writersOf } from './conflict-writers.ts'
import type { ConflictView } from './pages/conflicts.ts'
import { isFields } from './pages/is-fields.ts'
import type { ServerSite } from './site.ts'

const HISTORY_LIMIT = 200

/** Conflicts as they are shown: with what their fields were, and who wrote the records last. */
export async function viewsOf(
  site: ServerSite,
  conflicts: readonly ConflictDetail[],
): Promise<readonly ConflictView[]> {
  const writers = await writersOf(site, conflicts)
  return Promise.all(
    conflicts.map(async (conflict, at) => ({
      ...(await withBase(site, conflict)),
      writers: writers[at] ?? { odoo: null, external: null },
    })),
  )
}

/** One of them. */
export async function viewOf(site: ServerSite, conflict: ConflictDetail): Promise<ConflictView> {
  const [writers = { odoo: null, external: null }] = await writersOf(site, [conflict])
  return { ...(await withBase(site, conflict)), writers }
}

/**
 * A conflict with what its fields were when both sides were last in step: what Tandem itself wrote last, as the history has
 * it. The ledger keeps fingerprints, no values, so that a field that was never written has no base here.
 */
async function withBase(site: ServerSite, conflict: ConflictDetail): Promise<Omit<ConflictView, 'writers'>> {
  const { mapping, odooId, externalId, fields } = conflict
  if (fields.length === 0 || odooId === null || externalId === null) return { ...conflict, base: {} }
  const history = await site.ledger.history(mapping, { odooId, externalId, limit: HISTORY_LIMIT })
  const base: Record<string, Partial<Record<Side, unknown>>> = {}
  for (const { field } of fields) {
    const [odoo = '', external = odoo] = field.split(':')
    const names: Readonly<Record<Side, string>> = { odoo, external }
    const found = history.findLast(({ event, side, detail }) => {
      const isWrite = event === 'created' || event === 'updated'
      return isWrite && isFields(detail.after) && names[side] in detail.after
    })
    if (found && isFields(found.detail.after)) base[field] = { [found.side]: found.detail.after[names[found.side]] }
  }
  return { ...conflict, base }
}
