import { SIDES, type Side } from '../mapping/mapping.ts'
import type { Conflict } from '../operations/conflicts.ts'
import type { ServerSite } from './site.ts'

/** A page does not wait longer for names than people wait for a page. */
const LIMIT_MS = 2000

/** By side, who wrote the record last; null: the system does not tell, or not in time. */
export type Writers = Readonly<Record<Side, string | null>>

type Asked = Pick<Conflict, 'mapping' | 'side' | 'id' | 'odooId' | 'externalId'>

/**
 * Who wrote the records of these conflicts last, asked of the systems now, in one call for each mapping and side: the ledger
 * keeps no names of people. A system that does not answer leaves its names out.
 */
export async function writersOf(site: ServerSite, conflicts: readonly Asked[]): Promise<readonly Writers[]> {
  const signal = AbortSignal.any([site.signal, AbortSignal.timeout(LIMIT_MS)])
  const names = new Map<string, string>()
  const place = (mapping: string, side: Side, id: string): string => JSON.stringify([mapping, side, id])
  const calls = [...Map.groupBy(conflicts, ({ mapping }) => mapping)].flatMap(([mapping, own]) =>
    SIDES.map(async (side) => {
      const sink = site.contextOf(mapping)?.sides[side].collection.sink
      if (!sink?.writers) return
      const ids = [...new Set(own.flatMap((conflict) => idOn(conflict, side) ?? []))]
      for (const [id, name] of await sink.writers(ids, signal)) names.set(place(mapping, side, id), name)
    }),
  )
  await Promise.allSettled(calls)
  return conflicts.map((conflict) => {
    const nameOn = (side: Side): string | null =>
      names.get(place(conflict.mapping, side, idOn(conflict, side) ?? '')) ?? null
    return { odoo: nameOn('odoo'), external: nameOn('external') }
  })
}

function idOn(conflict: Asked, side: Side): string | null {
  return (side === 'odoo' ? conflict.odooId : conflict.externalId) ?? (conflict.side === side ? conflict.id : null)
}
