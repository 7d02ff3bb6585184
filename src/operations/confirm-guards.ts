import { confirmGuards as confirm } from '../engine/guard.ts'
import { checkHasRun, type Site } from './site.ts'

export interface ConfirmResult {
  readonly mapping: string
  /** The guards that held something back. */
  readonly confirmed: readonly string[]
}

/** Agrees to everything that guards of a mapping hold back now; what comes later is weighed anew. May be repeated. */
export async function confirmGuards(
  site: Site,
  { mapping, by }: { readonly mapping: string; readonly by: string },
): Promise<ConfirmResult> {
  await checkHasRun(site, mapping)
  const confirmed = await confirm({ ledger: site.ledger, mapping: { name: mapping } }, by)
  await site.wake([mapping])
  return { mapping, confirmed }
}
