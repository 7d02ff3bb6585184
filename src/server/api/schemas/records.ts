import { z } from 'zod'
import { errorCode, fault, id, listQuery, next, nullable, recordName, side, timeMs, values } from './common.ts'

const fieldConflict = z
  .object({
    field: z.string().describe('The mapping’s name of the pair: "email:email".'),
    odoo: z.unknown(),
    external: z.unknown(),
  })
  .meta({ id: 'FieldConflict' })

const listed = {
  mapping: z.string(),
  side,
  id,
  key: nullable(z.string()),
  odooId: nullable(id),
  externalId: nullable(id),
  attempts: z.number(),
  fault: nullable(fault),
  fields: z.array(fieldConflict),
  sinceMs: timeMs,
}

export const conflict = z.object({ ...listed, kind: z.enum(['state', 'gone']) }).meta({ id: 'Conflict' })

const conflictingChange = nullable(
  z.object({ changedAtMs: nullable(timeMs), byUs: nullable(z.boolean()), capturedAtMs: timeMs }),
)

export const conflictDetail = z
  .object({
    ...listed,
    kind: z.enum(['state', 'gone']),
    changes: z.object({ odoo: conflictingChange, external: conflictingChange }),
    base: z
      .record(z.string(), z.object({ odoo: z.unknown().optional(), external: z.unknown().optional() }))
      .describe(
        'By pair, what Tandem itself wrote last, on the side where it did; what the history does not hold is missing.',
      ),
    writers: z
      .object({ odoo: nullable(z.string()), external: nullable(z.string()) })
      .describe('Who wrote the record last, by name, asked of the systems now; null: not told.'),
  })
  .meta({ id: 'ConflictDetail' })

export const conflictPage = z.object({ conflicts: z.array(conflict), next }).meta({ id: 'ConflictPage' })

const letter = { ...listed, kind: z.enum(['state', 'gone', 'step']), step: nullable(z.string()).optional() }

export const deadLetter = z.object(letter).meta({ id: 'DeadLetter' })

export const deadLetterDetail = z.object({ ...letter, values }).meta({ id: 'DeadLetterDetail' })

export const deadLetterPage = z.object({ deadLetters: z.array(deadLetter), next }).meta({ id: 'DeadLetterPage' })

export const storedChange = z
  .object({
    side,
    id,
    kind: z.enum(['state', 'gone']),
    state: z.enum(['pending', 'waiting', 'conflict', 'dead', 'discarded']),
    version: nullable(z.string()),
    changedAtMs: nullable(timeMs),
    byUs: nullable(z.boolean()),
    fields: values,
    seq: z.number(),
    attempts: z.number(),
    notBeforeMs: z.number(),
    firstCapturedAtMs: timeMs,
    fault: nullable(fault),
    conflicts: z.array(fieldConflict),
    waitsFor: z.array(z.object({ mapping: z.string(), side, id })),
    omitsReferences: z.boolean(),
  })
  .meta({ id: 'StoredChange' })

const step = z
  .object({
    state: z.enum(['pending', 'idle', 'dead', 'discarded']),
    step: nullable(z.string()),
    calledAtMs: nullable(timeMs),
    attempts: z.number(),
    notBeforeMs: z.number(),
    dueSinceMs: timeMs,
    fault: nullable(fault),
  })
  .meta({ id: 'Step' })

const historyEntry = z
  .object({
    id: z.number().describe('Names the entry within its mapping: for undo.'),
    atMs: timeMs,
    event: z.string(),
    side,
    odooId: nullable(id),
    externalId: nullable(id),
    key: nullable(z.string()),
    detail: z.record(z.string(), z.unknown()),
    isUndoable: z.boolean(),
  })
  .meta({ id: 'HistoryEntry' })

export const story = z
  .object({
    mapping: z.string(),
    links: z.array(
      z.object({
        odooId: id,
        externalId: id,
        key: nullable(z.string()),
        state: z.enum(['live', 'odoo-gone', 'external-gone']),
        version: z.object({ odoo: nullable(z.string()), external: nullable(z.string()) }),
      }),
    ),
    changes: z.array(storedChange),
    steps: z.array(step),
    history: z.array(historyEntry),
  })
  .meta({ id: 'Story', description: 'What is known of one record; the history is oldest first.' })

export const retried = z.object({ mapping: z.string(), retried: z.number() }).meta({ id: 'Retried' })

export const discarded = z.object({ mapping: z.string(), discarded: z.number() }).meta({ id: 'Discarded' })

export const retryRequest = z
  .strictObject({
    records: nullable(z.array(recordName).min(1)).describe('null: all of the mapping.'),
    code: errorCode.optional(),
  })
  .meta({ id: 'RetryRequest' })

export const discardRequest = z
  .strictObject({ records: z.array(recordName).min(1), reason: z.string().min(1).max(300) })
  .meta({ id: 'DiscardRequest' })

export const letterQuery = {
  ...listQuery,
  state: z.enum(['dead', 'discarded']).default('dead'),
  code: errorCode.optional(),
}

export const storyQuery = {
  key: z.string().optional(),
  odooId: z.string().optional(),
  externalId: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
}
