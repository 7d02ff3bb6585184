import { stat } from 'node:fs/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Counts } from '../ledger/counts.ts'
import { SIDES } from '../mapping/mapping.ts'
import type { MappingStatus, Status } from '../operations/status.ts'

export interface StatusSource {
  /** As `tandem status` tells it. */
  readonly status: () => Promise<Status>
  readonly ledgerFile: string
}

/** Counters: they only grow. */
const SETTLED = ['captured', 'applied', 'unchanged', 'superseded', 'discarded'] as const satisfies (keyof Counts)[]
/** Where changes are that are not settled. */
const OPEN = { pending: 'pending', waiting: 'waiting', conflicts: 'conflict', deadLetters: 'dead_letter' } as const
const MAPPING_STATES: readonly MappingStatus['state'][] = ['new', 'running', 'idle', 'paused', 'back-off']
const LEDGER_FILES = { database: '', wal: '-wal' } as const
const BREAKER_STATES = ['closed', 'open', 'half-open', 'held'] as const

/**
 * What the ledger knows: for each mapping and side captured = applied + unchanged + superseded + discarded + those that are
 * open. The result reads it anew, and is called before every scrape.
 */
export function statusMetrics(registry: Registry, { status, ledgerFile }: StatusSource): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `tandem_${name}`, help, labelNames, registers: [registry] })
  const changes = new Counter({
    name: 'tandem_changes_total',
    help: 'Changes met on a side of a mapping, and what became of them.',
    labelNames: ['mapping', 'side', 'outcome'],
    registers: [registry],
  })
  const open = gauge('changes_open', 'Changes that are not settled, by where they are.', ['mapping', 'side', 'state'])
  const deadSteps = gauge('steps_dead', 'Records with a step that needs a person.', ['mapping'])
  const links = gauge('links', 'Pairs of records that are kept in step.', ['mapping'])
  const oldest = gauge(
    'oldest_unsynced_change_seconds',
    'Age of the oldest change that did not reach the other side; 0: there is none. Alert on this one.',
    ['mapping'],
  )
  const success = gauge('last_success_timestamp_seconds', 'When a mapping last ran to its end.', ['mapping'])
  const states = gauge('mapping_state', '1 for the state that a mapping is in.', ['mapping', 'state'])
  const guards = gauge('guards_open', 'Guards that hold changes back until a person agrees.', ['mapping'])
  const needs = gauge('needs_person', '1: a mapping waits for a person.', ['mapping'])
  const breaker = gauge('breaker_state', "1 for the state of a connection's circuit breaker.", ['connection', 'state'])
  const expiry = gauge('credential_expiry_timestamp_seconds', 'When a key or token ends.', ['connection', 'name'])
  const bytes = gauge('ledger_bytes', "Size of the ledger's files.", ['file'])

  const readMapping = (each: MappingStatus): void => {
    const { mapping } = each
    for (const side of SIDES) {
      for (const outcome of SETTLED) changes.inc({ mapping, side, outcome }, each[side][outcome])
      for (const [name, state] of Object.entries(OPEN)) {
        open.set({ mapping, side, state }, each[side][name as keyof typeof OPEN])
      }
    }
    deadSteps.set({ mapping }, each.deadSteps)
    links.set({ mapping }, each.links)
    oldest.set({ mapping }, (each.lagMs ?? 0) / 1000)
    if (each.lastSuccessAtMs !== null) success.set({ mapping }, each.lastSuccessAtMs / 1000)
    for (const state of MAPPING_STATES) states.set({ mapping, state }, Number(each.state === state))
    guards.set({ mapping }, each.guards.length)
    needs.set({ mapping }, Number(each.needsPerson))
  }
  return async () => {
    const [{ mappings, connections }, ...sizes] = await Promise.all([
      status(),
      ...Object.values(LEDGER_FILES).map((suffix) => sizeOf(ledgerFile + suffix)),
    ])
    // From here on nothing is waited for: another scrape sees all of it or nothing.
    for (const each of [changes, open, success, breaker, expiry]) each.reset()
    for (const each of mappings) readMapping(each)
    for (const { connection, state, keys } of connections) {
      for (const each of BREAKER_STATES) breaker.set({ connection, state: each }, Number(each === state))
      for (const { name, endsAtMs } of keys) expiry.set({ connection, name }, endsAtMs / 1000)
    }
    Object.keys(LEDGER_FILES).forEach((file, index) => {
      bytes.set({ file }, sizes[index] ?? 0)
    })
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}
