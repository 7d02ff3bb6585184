import { z } from 'zod'
import { DISPOSITION, type ErrorCode } from '../../contract/error.ts'

/** What the API takes and answers. Each has a name in the OpenAPI document. Times are milliseconds since 1970, in UTC. */

export const side = z
  .enum(['odoo', 'external'])
  .meta({ id: 'Side', description: 'One of the two systems of a mapping.' })
const id = z.string().describe('The id of a record on its side, always as text.')
const nullable = <T extends z.ZodType>(schema: T) => schema.nullable()
const timeMs = z.number().describe('Milliseconds since 1970.')
const values = z.record(z.string(), z.unknown()).meta({ id: 'Values', description: 'Values by field name.' })

export const errorCode = z.enum(Object.keys(DISPOSITION) as [ErrorCode, ...ErrorCode[]]).meta({ id: 'ErrorCode' })

export const failure = z
  .object({
    error: z.object({
      code: z
        .string()
        .describe('A code of the closed list, or of the server: "not_found", "host", "origin", "type", "json".'),
      message: z.string(),
      hint: z.string().optional().describe('What to do about it.'),
    }),
  })
  .meta({ id: 'Failure' })

const fault = z
  .object({ code: errorCode, message: z.string(), hint: nullable(z.string()) })
  .meta({ id: 'Fault', description: 'Why something failed, for people.' })

const fieldConflict = z
  .object({
    field: z.string().describe('The mapping’s name of the pair: "email:email".'),
    odoo: z.unknown(),
    external: z.unknown(),
  })
  .meta({ id: 'FieldConflict' })

export const recordName = z
  .object({ side, id })
  .meta({ id: 'RecordName', description: 'A record, by its id on one side.' })

const personPause = z
  .object({ by: z.string(), reason: nullable(z.string()), sinceMs: timeMs })
  .meta({ id: 'PersonPause', description: 'That a person paused it.' })

const counts = z
  .object({
    captured: z.number(),
    applied: z.number(),
    unchanged: z.number(),
    superseded: z.number(),
    discarded: z.number(),
    pending: z.number(),
    waiting: z.number(),
    conflicts: z.number(),
    deadLetters: z.number(),
  })
  .meta({ id: 'Counts', description: 'Changes met on a side: captured is the sum of all others, at any moment.' })

export const mappingStatus = z
  .object({
    mapping: z.string(),
    state: z.enum(['new', 'running', 'idle', 'paused', 'back-off']),
    reason: nullable(z.string()).describe('Why it does not run.'),
    pausedBy: nullable(personPause),
    links: z.number(),
    lagMs: nullable(z.number()).describe(
      'The age of the oldest change that is not applied; null: everything is in step.',
    ),
    lastRunAtMs: nullable(timeMs),
    lastSuccessAtMs: nullable(timeMs),
    odoo: counts,
    external: counts,
    deadSteps: z.number(),
    told: z.number(),
    guards: z.array(z.object({ name: z.string(), message: z.string() })),
    needsPerson: z.boolean(),
  })
  .meta({ id: 'MappingStatus' })

export const connectionStatus = z
  .object({
    connection: z.string(),
    state: nullable(z.enum(['closed', 'open', 'half-open', 'held'])).describe(
      'Of its circuit breaker: "closed" works.',
    ),
    reason: nullable(z.string()),
    sinceMs: nullable(timeMs),
    untilMs: nullable(timeMs).describe('When the next call may be made.'),
    server: nullable(z.string()),
    recognisedAtMs: nullable(timeMs),
    pausedBy: nullable(personPause),
    keys: z.array(z.object({ name: z.string(), endsAtMs: timeMs })),
  })
  .meta({ id: 'ConnectionStatus' })

export const status = z
  .object({
    daemon: nullable(z.object({ pid: z.number(), sinceMs: timeMs })),
    connections: z.array(connectionStatus),
    mappings: z.array(mappingStatus),
  })
  .meta({ id: 'Status' })

export const health = z
  .object({
    mapping: z.string(),
    state: z.enum(['new', 'starting', 'running', 'guarded', 'idle', 'paused', 'back-off']),
    reason: nullable(z.string()),
    lagMs: nullable(z.number()),
    needsPerson: z.boolean(),
  })
  .meta({ id: 'Health' })

export const throughput = z
  .object({
    sliceMs: z.number().describe('How long each slice of time is.'),
    slices: z.array(z.object({ atMs: timeMs, side, captured: z.number(), applied: z.number() })),
  })
  .meta({ id: 'Throughput', description: 'Slices in which nothing happened are left out.' })

export const runs = z
  .object({
    runs: z.array(
      z.object({
        startedAtMs: timeMs,
        tookMs: z.number(),
        depth: z.enum(['tail', 'deep', 'none']),
        swept: z.boolean(),
        captured: z.number(),
        applied: z.number(),
        deadLetters: z.number(),
        conflicts: z.number(),
        fault: nullable(fault),
      }),
    ),
  })
  .meta({ id: 'Runs', description: 'The last runs that did something or failed, newest first.' })

export const pauseResult = z
  .object({
    mappings: z.array(z.string()).describe('Those that do not run by it, or run again.'),
    pausedBy: nullable(personPause),
  })
  .meta({ id: 'PauseResult' })

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
  })
  .meta({ id: 'ConflictDetail' })

const next = nullable(z.string()).describe(
  'Where the next page begins: give it as `after`; null: this is the last one.',
)

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

export const retried = z.object({ mapping: z.string(), retried: z.number() }).meta({ id: 'Retried' })
export const discarded = z.object({ mapping: z.string(), discarded: z.number() }).meta({ id: 'Discarded' })
export const confirmed = z
  .object({ mapping: z.string(), confirmed: z.array(z.string()).describe('The guards that held something back.') })
  .meta({ id: 'Confirmed' })

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
export const pauseRequest = z
  .strictObject({ reason: nullable(z.string().max(300)).default(null) })
  .meta({ id: 'PauseRequest' })
export const nothing = z.strictObject({}).meta({ id: 'Nothing' })

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
export const retryRequest = z
  .strictObject({
    records: nullable(z.array(recordName).min(1)).describe('null: all of the mapping.'),
    code: errorCode.optional(),
  })
  .meta({ id: 'RetryRequest' })
export const discardRequest = z
  .strictObject({ records: z.array(recordName).min(1), reason: z.string().min(1).max(300) })
  .meta({ id: 'DiscardRequest' })
export const editRequest = z
  .strictObject({ fields: z.record(z.string(), z.json()).describe('By the field names of the record’s own side.') })
  .meta({ id: 'EditRequest' })
export const undoRequest = z
  .strictObject({
    entry: z.int().positive(),
    force: z.boolean().default(false).describe('Also where the record was changed since.'),
  })
  .meta({ id: 'UndoRequest' })

const LIMIT = { most: 500, usual: 50 }
const limit = z.coerce.number().int().min(1).max(LIMIT.most).default(LIMIT.usual)
const after = z.string().optional().describe('The `next` of the page before.')
export const listQuery = { mapping: z.string().optional(), limit, after }
export const letterQuery = {
  ...listQuery,
  state: z.enum(['dead', 'discarded']).default('dead'),
  code: errorCode.optional(),
}
export const throughputQuery = { hours: z.coerce.number().min(1).max(192).default(24) }
export const storyQuery = {
  key: z.string().optional(),
  odooId: z.string().optional(),
  externalId: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
}
