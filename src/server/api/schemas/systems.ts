import { z } from 'zod'
import { nullable, side, timeMs } from './common.ts'

export const checked = z
  .object({
    findings: z.array(
      z.object({
        subject: z.string().describe('A connection or a mapping by its name, or the configuration’s file.'),
        severity: z.enum(['ok', 'warning', 'error']),
        message: z.string(),
        hint: nullable(z.string()),
      }),
    ),
  })
  .meta({ id: 'Checked' })

const field = z
  .object({
    name: z.string(),
    type: z.string(),
    isRequired: z.boolean(),
    isReadOnly: z.boolean(),
    relation: nullable(z.string()),
    maxLength: nullable(z.number()),
    scale: nullable(z.number()),
    options: nullable(z.array(z.string())),
  })
  .loose()
  .meta({ id: 'Field' })

export const probed = z
  .object({
    name: z.string().describe('The collection in the system’s own words.'),
    capabilities: z
      .object({ deletes: z.enum(['pushed', 'listed', 'none']), maxBatch: z.number(), pageSize: z.number() })
      .loose(),
    fields: z.array(field),
    findings: z.array(z.object({ topic: z.string(), found: nullable(z.string()), hint: nullable(z.string()) })),
  })
  .meta({ id: 'Probed' })
export const probeQuery = {
  collection: z.string().min(1).describe('A table, a model, a resource: as a mapping names it.'),
}

export const database = z
  .object({
    connection: z.string(),
    recognised: z.boolean(),
    suspicion: nullable(z.enum(['another', 'copy', 'older'])),
    findings: z.array(z.string()).describe('What is not as it was.'),
    server: nullable(z.string()),
    knownSinceMs: nullable(timeMs),
    accepted: nullable(z.enum(['same', 'restored', 'other'])),
    mappings: z.array(z.string()).describe('Those that the verdict concerns.'),
  })
  .meta({ id: 'Database', description: 'Whether the database behind a connection is the one that the ledger knows.' })

export const acceptRequest = z
  .strictObject({
    as: z.enum(['same', 'restored', 'other']).describe('What the database is: see `tandem accept --help`.'),
    winner: z.enum(['partner', 'restored', 'policy']).optional().describe('With "restored": whose values count.'),
  })
  .meta({ id: 'AcceptRequest' })

export const hooks = z
  .object({
    mapping: z.string(),
    side,
    isInstalled: z.boolean().describe('All is there as it should be.'),
    parts: z.array(
      z.object({
        purpose: z.string(),
        id: nullable(z.string()),
        state: z.enum(['created', 'updated', 'unchanged', 'removed', 'missing', 'outdated']),
        note: nullable(z.string()),
      }),
    ),
  })
  .meta({ id: 'Hooks', description: 'What a system has, to tell us of changes and to take them.' })
export const hooksQuery = { side: side.default('odoo') }
export const hooksRequest = z.strictObject({ side: side.default('odoo') }).meta({ id: 'HooksRequest' })
