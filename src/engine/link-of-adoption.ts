import type { LinkWrite } from '../ledger/link.ts'
import { keyText } from '../mapping/key.ts'
import { fieldOn, otherSide } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import type { Job } from './job.ts'
import { unknownSeen } from './seen.ts'

/** The link of two records that were there already. */
export function linkOfAdoption(context: Context, job: Job, adopts: NonNullable<Job['adopts']>): LinkWrite {
  const unknown = unknownSeen(context.mapping.fields)
  const seen = job.seen ?? { odoo: unknown, external: unknown }
  const source = job.work.odoo ?? job.work.external
  const key = source ? keyText(source.fields[fieldOn(context.mapping.key, source.side)] ?? null) : null
  const stateKey = source
    ? keyText(adopts.state.fields[fieldOn(context.mapping.key, otherSide(source.side))] ?? null)
    : null
  const base = { odooId: adopts.odooId, externalId: adopts.externalId, key: key ?? stateKey, seen }
  if (job.revives)
    return { kind: 'update', id: job.revives.id, state: 'live', ...base, version: { odoo: null, external: null } }
  const version = { odoo: job.work.odoo?.version ?? null, external: job.work.external?.version ?? null }
  if (source?.side === 'odoo') version.external = adopts.state.version
  else version.odoo = adopts.state.version
  return { kind: 'insert', ...base, version }
}
