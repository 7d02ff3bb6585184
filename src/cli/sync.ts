import { Command } from 'commander'
import type { Setup } from '../app.ts'
import type { Counts } from '../ledger/counts.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import type { Job } from '../operations/job.ts'
import { type OpenGuard, openGuards } from '../operations/open-guards.ts'
import { count, plural } from '../words.ts'
import { showDryRun } from './dry-run.ts'
import { type ExitCode, exitCodeOf, worstOf } from './exit-code.ts'
import { failureAsJson, failureLines } from './failure.ts'
import type { Invocation, Perform } from './invocation.ts'
import { isKnown, ledgerToRead } from './ledger-access.ts'
import { type Outcome, performJobs } from './perform-jobs.ts'
import { createProgress } from './progress.ts'
import { mappingsNamed, setupOf } from './setup.ts'

const HELP = `
Reads what changed on both sides, applies it, and ends. Beside a running daemon, the daemon does it.
Exits 1 when something is left: dead letters, conflicts, changes to be tried again, a guard.

With --json, one object: {"mappings":[{"mapping","error","odoo","external","left","guards",
"confirmed","sweeps"}]}
  odoo, external  {"captured","applied","unchanged"}: changes met on that side since the command began
  left            {"pending","waiting","conflicts","deadLetters"}: what is there afterwards
  guards          [{"name","message"}]: what waits for --confirm
With --dry-run --json, one object a line, each a change: {"mapping","action","side","odooId","externalId","key",
"before","after","message"}, then {"summary":{…}} for each mapping.

Examples:
  tandem sync
  tandem sync customers --dry-run
  tandem sync customers --confirm     agree to what a guard holds back (many deletes, many changes)
  tandem sync --sweep                 find deletes and silent changes as well`

interface SyncOptions {
  readonly dryRun: boolean
  readonly confirm: boolean
  readonly sweep: boolean
}

export function syncCommand(perform: Perform): Command {
  return new Command('sync')
    .description('bring mappings in step once')
    .argument('[mapping...]', 'which mappings; all of them without')
    .option('-n, --dry-run', 'show what would change, and change nothing', false)
    .option('--confirm', 'agree to what a guard holds back', false)
    .option('--sweep', 'compare both listings with the ledger as well: finds deletes', false)
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => sync(invocation, command.args, command.opts<SyncOptions>())))
}

async function sync(invocation: Invocation, names: readonly string[], options: SyncOptions): Promise<ExitCode> {
  const setup = setupOf(invocation)
  const files = mappingsNamed(setup, names)
  if (options.dryRun) return showDryRun(setup, files, { kind: 'sync' }, invocation)
  const jobs = files.map(
    ({ name }): Job => ({ kind: 'sync', mapping: name, sweeps: options.sweep, confirms: options.confirm }),
  )
  const tallies = new Map<string, Tally>()
  const outcomes = await withProgress(setup, jobs, invocation, tallies)
  const codes = outcomes.map((outcome) => exitCodeOfSync(outcome, tallies.get(outcome.job.mapping)))
  const guards = await guardsOf(setup, outcomes)
  if (invocation.json) {
    const mappings = outcomes.map((outcome) => asJson(outcome, tallies.get(outcome.job.mapping), guards))
    invocation.terminal.out(JSON.stringify({ mappings }))
  } else {
    for (const outcome of outcomes) tell(invocation, outcome, tallies.get(outcome.job.mapping), guards)
  }
  return worstOf(codes)
}

/** A mapping's counters when they were first and last seen. */
interface Tally {
  readonly first: Readonly<Record<Side, Counts>>
  readonly last: Readonly<Record<Side, Counts>>
}

async function withProgress(
  setup: Setup,
  jobs: readonly Job[],
  invocation: Invocation,
  tallies: Map<string, Tally>,
): Promise<readonly Outcome[]> {
  const progress = createProgress(invocation.terminal, 'changes settled:')
  const outcomes = await performJobs(setup, jobs, invocation, {
    onProgress: () => {},
    onNotice: (mapping, message) => invocation.terminal.note(`${mapping}: ${message}`),
    onCounts(mapping, counts) {
      tallies.set(mapping, { first: tallies.get(mapping)?.first ?? counts, last: counts })
      let settled = 0
      let pending = 0
      for (const tally of tallies.values()) {
        for (const side of SIDES) {
          settled += met(tally, side).applied + met(tally, side).unchanged
          pending += tally.last[side].pending
        }
      }
      progress.update(settled, pending > 0 ? settled + pending : null, mapping)
    },
  })
  progress.end()
  return outcomes
}

/** What happened on a side between the first and the last look. */
function met({ first, last }: Tally, side: Side): { captured: number; applied: number; unchanged: number } {
  const since = (name: 'captured' | 'applied' | 'unchanged') => last[side][name] - first[side][name]
  return { captured: since('captured'), applied: since('applied'), unchanged: since('unchanged') }
}

function left({ last }: Tally): Record<'pending' | 'waiting' | 'conflicts' | 'deadLetters', number> {
  const sum = (name: 'pending' | 'waiting' | 'conflicts' | 'deadLetters') => last.odoo[name] + last.external[name]
  return {
    pending: sum('pending'),
    waiting: sum('waiting'),
    conflicts: sum('conflicts'),
    deadLetters: sum('deadLetters'),
  }
}

function exitCodeOfSync({ error }: Outcome, tally: Tally | undefined): ExitCode {
  if (error !== null) return exitCodeOf(error)
  if (!tally) return 0
  const { pending, conflicts, deadLetters } = left(tally)
  return pending + conflicts + deadLetters > 0 ? 1 : 0
}

type Guards = ReadonlyMap<string, readonly OpenGuard[]>

/** The guards that hold something back now, whoever did the jobs. */
async function guardsOf(setup: Setup, outcomes: readonly Outcome[]): Promise<Guards> {
  await using ledger = await ledgerToRead(setup)
  const guards = new Map<string, readonly OpenGuard[]>()
  for (const { mapping } of outcomes.map(({ job }) => job)) {
    if (ledger && (await isKnown(ledger, mapping))) guards.set(mapping, openGuards(await ledger.state(mapping)))
  }
  return guards
}

function asJson({ job, result, error }: Outcome, tally: Tally | undefined, guards: Guards): object {
  return {
    mapping: job.mapping,
    error: error === null ? null : failureAsJson(error),
    odoo: tally ? met(tally, 'odoo') : null,
    external: tally ? met(tally, 'external') : null,
    left: tally ? left(tally) : null,
    guards: guards.get(job.mapping) ?? [],
    confirmed: result?.confirmed ?? [],
    sweeps: result?.sweeps ?? {},
  }
}

function tell(
  { terminal }: Invocation,
  { job, result, error }: Outcome,
  tally: Tally | undefined,
  guards: Guards,
): void {
  if (error !== null) for (const line of failureLines(error)) terminal.note(`${job.mapping}: ${line}`)
  if (!tally) return
  const applied = SIDES.map((side) => [side, met(tally, side).applied] as const).filter(([, times]) => times > 0)
  const parts = applied.map(([side, times]) => `${count(times)} from ${side}`)
  const summary = parts.length === 0 ? 'nothing to apply' : `${parts.join(' and ')} applied`
  if (error === null || parts.length > 0) terminal.out(`${job.mapping}: ${summary}${swept(result)}`)
  const { pending, waiting, conflicts, deadLetters } = left(tally)
  const open = [
    pending > 0 ? `${count(pending)} pending` : '',
    waiting > 0 ? `${count(waiting)} waiting for other records` : '',
    conflicts > 0 ? `${plural(conflicts, 'conflict')} (tandem conflicts ${job.mapping})` : '',
    deadLetters > 0 ? `${plural(deadLetters, 'dead letter')} (tandem dead-letters list ${job.mapping})` : '',
  ].filter((part) => part !== '')
  if (open.length > 0) terminal.out(`${job.mapping}: left: ${open.join(', ')}`)
  for (const { message } of guards.get(job.mapping) ?? []) {
    terminal.out(`${job.mapping}: a guard holds back: ${message} Agree with: tandem sync ${job.mapping} --confirm`)
  }
}

/** "; swept: 2,031 listed in odoo, 3 gone". */
function swept(result: Outcome['result']): string {
  const sweeps = (result?.sweeps ?? {}) as Partial<Record<Side, { listed: number; gone: number; exited: number }>>
  const parts = SIDES.flatMap((side) => {
    const report = sweeps[side]
    return report ? [`${count(report.listed)} listed in ${side}, ${count(report.gone)} gone`] : []
  })
  return parts.length === 0 ? '' : `; swept: ${parts.join('; ')}`
}
