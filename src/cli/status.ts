import { Command } from 'commander'
import type { Counts, Ledger, MappingState } from '../ledger/ledger.ts'
import { isLedgerLocked, ledgerLockHolder } from '../ledger/sqlite/lock.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { type ConnectionStatus, connectionLines, connectionStatus } from './connection-status.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { isKnown, ledgerToRead } from './ledger-access.ts'
import { type OpenGuard, openGuards } from './open-guards.ts'
import { setupOf } from './setup.ts'
import { table } from './table.ts'
import { age, count, plural } from './words.ts'

const HELP = `
Asks the ledger only, and so works while systems are down. Exits 1 when something needs a person: a pause, a guard,
a dead letter, a conflict. Numbers such as 3/0 are changes met in odoo / in external.

With --json, one object: {"daemon":{"pid","sinceMs"}|null,"connections":[{"connection","state","reason","sinceMs",
"untilMs","server","recognisedAtMs","keys":[{"name","endsAtMs"}]}],"mappings":[{"mapping","state","reason","links","lagMs",
"lastSuccessAtMs","odoo":{counters},"external":{counters},"told","deadSteps","guards":[{"name","message"}],"needsPerson"}]}
  connection.state  of its circuit breaker: "closed" (works), "open", "half-open", "held" (Retry-After); null: no daemon
  told      changes that a system told of by itself (webhooks, the bus), still to be looked at
  state     "new", "running", "idle" (no daemon), "paused", "back-off"
  counters  captured = applied + unchanged + superseded + discarded + pending + waiting + conflicts + deadLetters

Examples:
  tandem status
  tandem status --json | jq '.mappings[] | select(.needsPerson)'`

export function statusCommand(perform: Perform): Command {
  return new Command('status').description('how all mappings are').addHelpText('after', HELP).action(perform(status))
}

/** A mapping as the ledger has it. The names are those of `--json`. */
interface MappingStatus {
  readonly mapping: string
  readonly state: 'new' | 'running' | 'idle' | 'paused' | 'back-off'
  /** Why it does not run. */
  readonly reason: string | null
  readonly links: number
  /** The age of the oldest change that is not applied. */
  readonly lagMs: number | null
  readonly lastSuccessAtMs: number | null
  readonly odoo: Counts
  readonly external: Counts
  /** Changes that were told (by webhooks, over the bus) and are still to be looked at. */
  readonly told: number
  /** Records with a step that needs a person. */
  readonly deadSteps: number
  readonly guards: readonly OpenGuard[]
  readonly needsPerson: boolean
}

async function status(invocation: Invocation): Promise<ExitCode> {
  const setup = setupOf(invocation)
  const { file } = setup.config.ledger
  await using ledger = await ledgerToRead(setup)
  const isRunning = ledger !== null && isLedgerLocked(file)
  const holder = isRunning ? ledgerLockHolder(file) : null
  const nowMs = Date.now()
  const mappings: MappingStatus[] = []
  for (const { name } of setup.files) mappings.push(await statusOf(ledger, name, isRunning, nowMs))
  const connections: ConnectionStatus[] = []
  for (const name of setup.config.connections.keys()) connections.push(await connectionStatus(ledger, name, isRunning))
  if (invocation.json) invocation.terminal.out(JSON.stringify({ daemon: holder, connections, mappings }))
  else {
    show(invocation, mappings, nowMs)
    for (const each of connections) for (const line of connectionLines(each, nowMs)) invocation.terminal.out(line)
    const pid = holder?.pid ?? null
    const who = pid === null ? 'a daemon runs' : `a daemon runs (process ${pid})`
    invocation.terminal.out(isRunning ? who : 'no daemon runs')
  }
  return mappings.some(({ needsPerson }) => needsPerson) ? 1 : 0
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

async function statusOf(
  ledger: Ledger | null,
  mapping: string,
  isRunning: boolean,
  nowMs: number,
): Promise<MappingStatus> {
  if (ledger === null || !(await isKnown(ledger, mapping))) {
    const fresh = { links: 0, lagMs: null, lastSuccessAtMs: null, odoo: NO_COUNTS, external: NO_COUNTS, guards: [] }
    return { mapping, state: 'new', reason: null, ...fresh, told: 0, deadSteps: 0, needsPerson: false }
  }
  const state = await ledger.state(mapping)
  const { odoo, external } = await ledger.counts(mapping)
  const oldestMs = await ledger.oldestChangeMs(mapping)
  const guards = openGuards(state)
  const deadSteps = await ledger.countSteps(mapping, 'dead')
  const isStuck = odoo.conflicts + external.conflicts + odoo.deadLetters + external.deadLetters + deadSteps > 0
  return {
    mapping,
    ...conditionOf(state, isRunning, nowMs),
    links: await ledger.countLinks(mapping),
    lagMs: oldestMs === null ? null : Math.max(0, nowMs - oldestMs),
    lastSuccessAtMs: state.lastSuccessAtMs,
    odoo,
    external,
    told: await ledger.countArrivals(mapping),
    deadSteps,
    guards,
    needsPerson: state.pause !== null || guards.length > 0 || isStuck,
  }
}

function conditionOf(
  { pause, failures, notBeforeMs }: MappingState,
  isRunning: boolean,
  nowMs: number,
): Pick<MappingStatus, 'state' | 'reason'> {
  if (pause) return { state: 'paused', reason: [pause.message, pause.hint].filter(Boolean).join(' ') }
  if (failures > 0) {
    const next = isRunning ? `, tried again in ${age(Math.max(0, notBeforeMs - nowMs))}` : ''
    return { state: 'back-off', reason: `failed ${count(failures)} times in a row${next}` }
  }
  return { state: isRunning ? 'running' : 'idle', reason: null }
}

const HEADINGS = [
  'MAPPING',
  'STATE',
  '>LINKS',
  '>PENDING',
  '>WAITING',
  '>CONFLICTS',
  '>DEAD',
  '>LAG',
  '>LAST SUCCESS',
] as const

function show({ terminal }: Invocation, mappings: readonly MappingStatus[], nowMs: number): void {
  const rows = mappings.map((each) => [
    each.mapping,
    each.state,
    count(each.links),
    bySide(each, 'pending'),
    bySide(each, 'waiting'),
    bySide(each, 'conflicts'),
    bySide(each, 'deadLetters'),
    each.lagMs === null ? '-' : age(each.lagMs),
    each.lastSuccessAtMs === null ? 'never' : `${age(Math.max(0, nowMs - each.lastSuccessAtMs))} ago`,
  ])
  for (const line of table(HEADINGS, rows)) terminal.out(line)
  for (const { mapping, state, reason, guards, deadSteps, told, ...sides } of mappings) {
    if (reason !== null) terminal.out(`${mapping}: ${state}: ${reason}`)
    if (told > 0) terminal.out(`${mapping}: ${plural(told, 'change')} told of, still to be looked at`)
    for (const guard of guards) {
      terminal.out(`${mapping}: a guard holds back: ${guard.message} Agree with: tandem sync ${mapping} --confirm`)
    }
    const total = (name: keyof Counts) => sides.odoo[name] + sides.external[name]
    if (deadSteps > 0) terminal.out(`${mapping}: ${plural(deadSteps, 'step')} cannot be done`)
    if (total('deadLetters') + deadSteps > 0)
      terminal.out(`${mapping}: see the dead letters with: tandem dead-letters list ${mapping}`)
    if (total('conflicts') > 0) terminal.out(`${mapping}: see the conflicts with: tandem conflicts ${mapping}`)
  }
}

/** "0", or "3/1": in odoo / in external. */
function bySide(status: Readonly<Record<Side, Counts>>, name: keyof Counts): string {
  const [odoo = 0, external = 0] = SIDES.map((side) => status[side][name])
  return odoo + external === 0 ? '0' : `${count(odoo)}/${count(external)}`
}
