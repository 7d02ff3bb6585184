import type { ConflictPolicy, Side } from '../mapping/mapping.ts'
import type { Pair } from './pair.ts'

/** Which side's value stays where both changed; null: nobody may decide but a person. A tie goes to Odoo. */
export function byPolicy(policy: ConflictPolicy, { now }: Pick<Pair, 'now'>): Side | null {
  if (policy === 'manual') return null
  if (policy !== 'newest') return policy
  const odooMs = now.odoo?.changedAtMs ?? null
  const externalMs = now.external?.changedAtMs ?? null
  if (odooMs === null || externalMs === null) return 'odoo'
  return externalMs > odooMs ? 'external' : 'odoo'
}
