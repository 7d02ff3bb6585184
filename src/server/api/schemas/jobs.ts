import { z } from 'zod'
import { id, nullable, recordName, side, timeMs, values } from './common.ts'

export const jobStarted = z
  .object({ job: z.number().describe('Ask for it at /api/jobs/{job}.') })
  .meta({ id: 'JobStarted' })

export const job = z
  .object({
    job: z.number(),
    kind: z.enum(['sync', 'resync', 'resolve', 'edit', 'undo']),
    mapping: z.string(),
    state: z.enum(['open', 'running', 'done', 'failed']),
    createdAtMs: timeMs,
    progress: nullable(z.record(z.string(), z.unknown())).describe('While it is running.'),
    result: nullable(z.record(z.string(), z.unknown())).describe('Once it is done.'),
    error: nullable(z.object({ code: z.string(), message: z.string(), hint: nullable(z.string()) })).describe(
      'Where it failed.',
    ),
  })
  .meta({ id: 'Job' })

export const dryRunStarted = z
  .object({ dryRun: z.string().describe('Ask for it at /api/dry-runs/{dryRun}.') })
  .meta({ id: 'DryRunStarted' })

export const dryRun = z
  .object({
    dryRun: z.string(),
    mapping: z.string(),
    state: z.enum(['running', 'done', 'failed']),
    found: z.number(),
    sums: z.record(z.string(), z.number()).describe('How many there are of each action.'),
    steps: z.array(
      z.object({
        action: z.enum([
          'create',
          'update',
          'adopt',
          'conflict',
          'wait',
          'error',
          'missing',
          'archive',
          'remove',
          'unlink',
          'guard',
        ]),
        side,
        odooId: nullable(id),
        externalId: nullable(id),
        key: nullable(z.string()),
        before: values,
        after: values,
        message: nullable(z.string()),
      }),
    ),
    error: nullable(z.string()),
  })
  .meta({ id: 'DryRun', description: 'What would change. At most the first 1,000 steps; all are counted.' })

export const verificationStarted = z
  .object({ verification: z.string().describe('Ask for it at /api/verifications/{verification}.') })
  .meta({ id: 'VerificationStarted' })

const pair = { odooId: id, externalId: id, key: nullable(z.string()) }

export const verification = z
  .object({
    verification: z.string(),
    mapping: z.string(),
    state: z.enum(['running', 'done', 'failed']),
    found: z.number(),
    sums: z.record(z.string(), z.number()).describe('How many there are of each kind.'),
    differences: z.array(
      z.union([
        z.object({
          kind: z.literal('field'),
          ...pair,
          field: z.string(),
          odoo: z.unknown(),
          external: z.unknown(),
          isAsSeen: z.boolean().describe('Stored differently on purpose.'),
        }),
        z.object({ kind: z.literal('missing'), side, ...pair }),
        z.object({ kind: z.literal('unlinked'), side, id }),
      ]),
    ),
    error: nullable(z.string()),
  })
  .meta({ id: 'Verification', description: 'At most the first 1,000 differences; all are counted.' })

export const verifyRequest = z
  .strictObject({
    strict: z.boolean().default(false).describe('Tell values too that are stored differently on purpose.'),
  })
  .meta({ id: 'VerifyRequest' })

const resyncOptions = {
  from: nullable(side).default(null).describe('The side whose values win; null: each field as the mapping says.'),
  since: nullable(z.string()).default(null).describe('Only what changed since: "2d", "6h", "2026-11-21T08:30:00Z".'),
  ids: nullable(z.array(id)).default(null).describe('Only these, by id on the side of `from` (otherwise odoo).'),
  keys: nullable(z.array(z.string())).default(null).describe('Only these, by key.'),
}

export const resyncRequest = z.strictObject(resyncOptions).meta({ id: 'ResyncRequest' })

export const dryRunRequest = z
  .strictObject({ kind: z.enum(['sync', 'resync']).default('sync'), ...resyncOptions })
  .meta({ id: 'DryRunRequest' })

export const syncRequest = z
  .strictObject({
    sweeps: z.boolean().default(false).describe('Look for deletes as well.'),
    confirms: z.boolean().default(false).describe('Agree to what guards hold back.'),
  })
  .meta({ id: 'SyncRequest' })

const choice = z.union([z.strictObject({ take: side }), z.strictObject({ value: z.json(), side })])

export const resolveRequest = z
  .strictObject({
    records: nullable(z.array(recordName).min(1)).describe('null: every conflict of the mapping.'),
    take: nullable(side)
      .default(null)
      .describe('Whose values win where `fields` says nothing; null: those stay in conflict.'),
    fields: z
      .record(z.string(), choice)
      .default({})
      .describe('By the pair’s name, or the field’s name on either side.'),
  })
  .meta({ id: 'ResolveRequest' })

export const editRequest = z
  .strictObject({ fields: z.record(z.string(), z.json()).describe('By the field names of the record’s own side.') })
  .meta({ id: 'EditRequest' })

export const undoRequest = z
  .strictObject({
    entry: z.int().positive(),
    force: z.boolean().default(false).describe('Also where the record was changed since.'),
  })
  .meta({ id: 'UndoRequest' })
