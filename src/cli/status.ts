import { existsSync } from 'node:fs'
import { Command } from 'commander'
import type { Counts } from '../ledger/counts.ts'
import { isLedgerLocked, ledgerLockHolder } from '../ledger/sqlite/lock.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import { type MappingStatus, summarise } from '../operations/status.ts'
import { age, count, plural } from '../words.ts'
import { connectionLines } from './connection-status.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { siteToRead } from './site.ts'
import { table } from './table.ts'

const HELP = `
Asks the ledger only, and so works while systems are down. Exits 1 when something needs a person: a pause, a guard,
a dead letter, a conflict. Numbers such as 3/0 are changes met in odoo / in external.

With --json, one object: {"daemon":{"pid","sinceMs"}|null,"connections":[{"connection","state","reason","sinceMs",
"untilMs","server","recognisedAtMs","pausedBy","keys":[{"name","endsAtMs"}]}],"mappings":[{"mapping","state","reason",
"pausedBy":{"by","reason","sinceMs"}|null,"links","lagMs","lastRunAtMs","lastSuccessAtMs","odoo":{counters},"external":
{counters},"told","deadSteps","guards":[{"name","message"}],"needsPerson"}]}
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

async function status(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation
  await using site = await siteToRead(invocation)
  const { file } = site.config.ledger
  const isRunning = existsSync(file) && isLedgerLocked(file)
  const found = await summarise(site, { isRunning, daemon: isRunning ? ledgerLockHolder(file) : null })
  if (invocation.json) terminal.out(JSON.stringify(found))
  else {
    const nowMs = Date.now()
    show(invocation, found.mappings, nowMs)
    for (const each of found.connections) for (const line of connectionLines(each, nowMs)) terminal.out(line)
    const pid = found.daemon?.pid ?? null
    const who = pid === null ? 'a daemon runs' : `a daemon runs (process ${pid})`
    terminal.out(isRunning ? who : 'no daemon runs')
  }
  return found.mappings.some(({ needsPerson }) => needsPerson) ? 1 : 0
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
  const { colors } = terminal
  const paint = {
    paused: colors.red,
    'back-off': colors.yellow,
    running: colors.green,
    idle: colors.dim,
    new: colors.dim,
  }
  const [head = '', ...body] = table(HEADINGS, rows)
  terminal.out(colors.dim(head))
  // Painted once the columns stand, so that the colours take no room.
  body.forEach((line, index) => {
    const state = mappings[index]?.state ?? 'idle'
    terminal.out(line.replace(` ${state}`, ` ${paint[state](state)}`))
  })
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
