import type { Feed, Listing } from '../../contract/feed.ts'
import type { Value } from '../../contract/value.ts'
import type { ScanOptions } from '../window-scan.ts'
import { explainError } from './explain-error.ts'
import type { OdooModel } from './model.ts'
import { HOT_MS, WRITE_DATE_RESOLUTION_MS } from './record-version.ts'
import { readWithDependents } from './scan-dependents.ts'
import { readPage, readVersions } from './scan-records.ts'

/**
 * Reads by `write_date`, as `window-scan.ts` explains. The first scan reads every record in full; later ones read ids
 * and `write_date` only and give hints, so that what is known already costs next to nothing. What belongs to a record
 * and is stored apart from it (its lines) is scanned after it, as `scan-dependents.ts` explains.
 */
export function createFeed(model: OdooModel): Feed {
  const options: ScanOptions = {
    resolutionMs: WRITE_DATE_RESOLUTION_MS,
    marginMs: HOT_MS,
    overlapMs: model.spec.overlap,
  }
  return {
    readsAhead: true,
    async read(request, signal) {
      try {
        const { reader } = await model.shape(signal)
        if (reader.dependents.length > 0)
          return await readWithDependents(model, reader.dependents, options, request, signal)
        return await readPage(model, options, request, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
    async list(after, limit, signal) {
      try {
        return await listPage(model, after, limit, signal)
      } catch (error) {
        throw await explainError(error, model, 'read', 0, signal)
      }
    },
  }
}

async function listPage(model: OdooModel, after: string | null, limit: number, signal: AbortSignal): Promise<Listing> {
  const domain: Value[] = [...model.spec.domain]
  if (after !== null) domain.push(['id', '>', Number(after)])
  const entries = await readVersions(model, domain, limit, signal)
  return { entries, after: entries.length < limit ? null : (entries.at(-1)?.id ?? null) }
}
