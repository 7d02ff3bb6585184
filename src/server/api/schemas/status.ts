import { z } from 'zod'
import { fault, nullable, personPause, side, timeMs } from './common.ts'

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

export const pauseRequest = z
  .strictObject({ reason: nullable(z.string().max(300)).default(null) })
  .meta({ id: 'PauseRequest' })

export const confirmed = z
  .object({ mapping: z.string(), confirmed: z.array(z.string()).describe('The guards that held something back.') })
  .meta({ id: 'Confirmed' })

export const throughputQuery = { hours: z.coerce.number().min(1).max(192).default(24) }
