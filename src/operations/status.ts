import { personPauseOf } from '../engine/person-pause.ts'
import type { Counts } from '../ledger/counts.ts'
import type { MappingState, PersonPause } from '../ledger/mapping-state.ts'
import { SIDES } from '../mapping/mapping.ts'
import { type ConnectionStatus, connectionStatus } from './connection-status.ts'
import { type OpenGuard, openGuards } from './open-guards.ts'
import type { Site } from './site.ts'

/** How everything is. The names are those of `--json`. */
export interface Status {
  /** The process that holds the ledger; null: none does, or it cannot be told which. */
  readonly daemon: { readonly pid: number; readonly sinceMs: number } | null
  readonly connections: readonly ConnectionStatus[]
  readonly mappings: readonly MappingStatus[]
}

/** A mapping as the ledger has it. */
export interface MappingStatus {
  readonly mapping: string
  readonly state: 'new' | 'running' | 'idle' | 'paused' | 'back-off'
  /** Why it does not run. */
  readonly reason: string | null
  /** That a person paused it, or one of its connections. */
  readonly pausedBy: PersonPause | null
  readonly links: number
  /** The age of the oldest change that is not applied. */
  readonly lagMs: number | null
  readonly lastRunAtMs: number | null
  readonly lastSuccessAtMs: number | null
  readonly odoo: Counts
  readonly external: Counts
  /** Changes that a system told of by itself (webhooks, the bus), still to be looked at. */
  readonly told: number
  /** Records with a step that needs a person. */
  readonly deadSteps: number
  readonly guards: readonly OpenGuard[]
  readonly needsPerson: boolean
}

/** What is known of the process that holds the ledger. */
export interface Holder {
  /** Whether a daemon (or a command that works in its place) holds the ledger. */
  readonly isRunning: boolean
  readonly daemon: Status['daemon']
}

const NO_COUNTS: Counts = {
  captured: 0,
  applied: 0,
  unchanged: 0,
  superseded: 0,
  discarded: 0,
  pending: 0,
  waiting: 0,
  conflicts: 0,
  deadLetters: 0,
}

const FRESH = {
  state: 'new',
  reason: null,
  pausedBy: null,
  links: 0,
  lagMs: null,
  lastRunAtMs: null,
  lastSuccessAtMs: null,
  odoo: NO_COUNTS,
  external: NO_COUNTS,
  told: 0,
  deadSteps: 0,
  guards: [],
  needsPerson: false,
} as const

/** Asks the ledger alone, so that it works while systems are down. `site.ledger` null: nothing has run yet. */
export async function summarise(
  site: Pick<Site, 'config' | 'files' | 'clock'> & { readonly ledger: Site['ledger'] | null },
  { isRunning, daemon }: Holder,
): Promise<Status> {
  const { ledger, clock } = site
  const known = new Set(await ledger?.mappings())
  const mappings: MappingStatus[] = []
  for (const { name, definition } of site.files) {
    const connections = SIDES.map((side) => definition[side].connection)
    if (ledger === null || !known.has(name)) mappings.push({ mapping: name, ...FRESH })
    else mappings.push(await statusOf(ledger, name, connections, isRunning, clock.nowMs()))
  }
  const connections: ConnectionStatus[] = []
  for (const name of site.config.connections.keys()) connections.push(await connectionStatus(ledger, name, isRunning))
  return { daemon, connections, mappings }
}

async function statusOf(
  ledger: Site['ledger'],
  mapping: string,
  connections: readonly string[],
  isRunning: boolean,
  nowMs: number,
): Promise<MappingStatus> {
  const state = await ledger.state(mapping)
  const { odoo, external } = await ledger.counts(mapping)
  const oldestMs = await ledger.oldestChangeMs(mapping)
  const guards = openGuards(state)
  const deadSteps = await ledger.countSteps(mapping, 'dead')
  const isStuck = odoo.conflicts + external.conflicts + odoo.deadLetters + external.deadLetters + deadSteps > 0
  const paused = await personPauseOf(ledger, mapping, connections)
  const pausedBy = paused?.pausedBy ?? null
  return {
    mapping,
    ...conditionOf(state, paused?.error.advice ?? null, isRunning, nowMs),
    pausedBy,
    links: await ledger.countLinks(mapping),
    lagMs: oldestMs === null ? null : Math.max(0, nowMs - oldestMs),
    lastRunAtMs: state.lastRunAtMs,
    lastSuccessAtMs: state.lastSuccessAtMs,
    odoo,
    external,
    told: await ledger.countArrivals(mapping),
    deadSteps,
    guards,
    needsPerson: state.pause !== null || pausedBy !== null || guards.length > 0 || isStuck,
  }
}

function conditionOf(
  { pause, failures, notBeforeMs }: MappingState,
  paused: string | null,
  isRunning: boolean,
  nowMs: number,
): Pick<MappingStatus, 'state' | 'reason'> {
  if (paused !== null) return { state: 'paused', reason: paused }
  if (pause) return { state: 'paused', reason: [pause.message, pause.hint].filter(Boolean).join(' ') }
  if (failures > 0) {
    const seconds = Math.ceil(Math.max(0, notBeforeMs - nowMs) / 1000)
    const next = isRunning ? `, tried again in ${seconds} s` : ''
    return { state: 'back-off', reason: `failed ${failures} times in a row${next}` }
  }
  return { state: isRunning ? 'running' : 'idle', reason: null }
}
