import { allDeadLetters } from '../operations/dead-letters.ts'
import type { ServerSite } from './site.ts'

/** Beyond so many, the figures are those of the newest ones. */
const MOST = 20_000
const KEPT_MS = 3000

/**
 * How many dead letters there are of each reason, the most frequent first. Thousands take a moment to be counted, so an
 * answer serves for some seconds.
 */
export function createKindCounter(
  site: ServerSite,
): (mapping: string | null, state: 'dead' | 'discarded') => Promise<ReadonlyMap<string, number>> {
  const kept = new Map<string, { readonly atMs: number; readonly kinds: Promise<ReadonlyMap<string, number>> }>()
  return (mapping, state) => {
    const name = `${state} ${mapping ?? ''}`
    const known = kept.get(name)
    const nowMs = site.clock.monotonicMs()
    if (known && nowMs - known.atMs < KEPT_MS) return known.kinds
    const kinds = countKinds(site, mapping, state)
    kept.set(name, { atMs: nowMs, kinds })
    kinds.catch(() => kept.delete(name))
    return kinds
  }
}

async function countKinds(
  site: ServerSite,
  mapping: string | null,
  state: 'dead' | 'discarded',
): Promise<ReadonlyMap<string, number>> {
  const kinds = new Map<string, number>()
  let seen = 0
  for await (const { change, task } of allDeadLetters(site, { mapping, state })) {
    const code = (change ?? task)?.fault?.code ?? 'unexpected'
    kinds.set(code, (kinds.get(code) ?? 0) + 1)
    seen += 1
    if (seen === MOST) break
  }
  return new Map([...kinds].sort(([, a], [, b]) => b - a))
}
