import { SIDES } from '../mapping/mapping.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { type Status, summarise } from '../operations/status.ts'
import type { PageTools } from './page-tools.ts'
import type { ConnectionRow, Overview } from './pages/overview.ts'
import type { ServerSite } from './site.ts'
import { dayBefore, lastDay, type Series } from './throughput-series.ts'

const HOUR_MS = 60 * 60_000
const QUARTER_MS = 15 * 60_000

export function readStatus(site: ServerSite): Promise<Status> {
  return summarise(site, { isRunning: true, daemon: { pid: process.pid, sinceMs: site.startedAtMs } })
}

/** Everything that the overview shows, from the ledger alone. */
export async function readOverview({ site, counters }: Pick<PageTools, 'site' | 'counters'>): Promise<Overview> {
  const nowMs = site.clock.nowMs()
  const status = await readStatus(site)
  const notes = new Map<string, Awaited<ReturnType<ServerSite['ledger']['throughput']>>>()
  for (const { mapping, state } of status.mappings) {
    notes.set(mapping, state === 'new' ? [] : await site.ledger.throughput(mapping, dayBefore(nowMs)))
  }
  const files = new Map(site.files.map((file) => [file.name, file]))
  const conflicts = new Map<string, number>()
  for (const each of status.mappings) conflicts.set(each.mapping, await counters.conflicts(each.mapping, each))
  return {
    status,
    nowMs,
    mappings: status.mappings.map((each) => {
      const file = files.get(each.mapping)
      const hours = lastDay(notes.get(each.mapping) ?? [], nowMs, HOUR_MS)
      return {
        status: each,
        sides: file === undefined ? '' : describeSides(file),
        conflicts: conflicts.get(each.mapping) ?? 0,
        hours,
      }
    }),
    connections: status.connections.map((each) => connectionRow(site, each)),
    day: lastDay([...notes.values()].flat(), nowMs, QUARTER_MS),
  }
}

export function connectionRow(site: ServerSite, status: ConnectionRow['status']): ConnectionRow {
  const config = site.config.connections.get(status.connection)
  return { status, type: config?.type ?? '', limits: describeLimits(config?.settings.limits) }
}

export async function readDay(site: ServerSite, mapping: string, nowMs: number): Promise<Series> {
  const isKnown = (await site.ledger.mappings()).includes(mapping)
  return lastDay(isKnown ? await site.ledger.throughput(mapping, dayBefore(nowMs)) : [], nowMs, QUARTER_MS)
}

/** "erp res.partner ↔ shop customers". */
export function describeSides({ definition }: MappingFile): string {
  const [odoo = '', external = ''] = SIDES.map((side) => {
    const { connection, ...spec } = definition[side] as Readonly<Record<string, unknown>>
    return `${String(connection)} ${collectionName(spec)}`.trim()
  })
  const arrow = { both: '↔', 'to-odoo': '←', 'from-odoo': '→' }[definition.direction]
  return `${odoo} ${arrow} ${external}`
}

function collectionName({ model, collection }: Readonly<Record<string, unknown>>): string {
  if (typeof model === 'string') return model
  if (typeof collection === 'string') return collection
  const named =
    typeof collection === 'object' && collection !== null ? (collection as Readonly<Record<string, unknown>>) : {}
  const name = named.table ?? named.path ?? named.name ?? named.folder ?? named.file
  return typeof name === 'string' ? name : ''
}

/** "4 in flight, 10 a second", as configured. */
function describeLimits(limits: unknown): string {
  if (typeof limits !== 'object' || limits === null) return 'default'
  const { concurrency, per_second: perSecond } = limits as Readonly<Record<string, unknown>>
  const parts = [
    ...(typeof concurrency === 'number' ? [`${concurrency} in flight`] : []),
    ...(typeof perSecond === 'number' ? [`${perSecond} a second`] : []),
  ]
  return parts.length === 0 ? 'default' : parts.join(', ')
}
