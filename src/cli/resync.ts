import { Command, InvalidArgumentError, Option } from 'commander'
import type { ResyncOptions, ResyncProgress } from '../engine/resync.ts'
import type { Side } from '../mapping/mapping.ts'
import type { Job } from '../operations/job.ts'
import { parseSince } from '../operations/parse-since.ts'
import { mappingNamed } from '../operations/site.ts'
import { count } from '../words.ts'
import { showDryRun } from './dry-run.ts'
import { type ExitCode, exitCodeOf } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import type { Invocation, Perform } from './invocation.ts'
import { performJobs } from './perform-jobs.ts'
import { createProgress } from './progress.ts'
import { setupOf } from './setup.ts'

const HELP = `
Reads records anew and brings the other side in line, whatever was synced before. With --from, that side's values win;
without, the mapping's conflict policy decides field by field. Beside a running daemon, the daemon does it.

With --json, one object: {"mapping","read","total","changed"}. With --dry-run --json, the same lines as sync --dry-run.

Examples:
  tandem resync customers --from odoo --dry-run
  tandem resync customers --from odoo --since 2d
  tandem resync customers --from external --keys C-17 C-18
  tandem resync customers --ids 42,43`

interface Options {
  readonly from?: Side
  readonly since?: number
  readonly ids?: readonly string[]
  readonly keys?: readonly string[]
  readonly dryRun: boolean
}

export function resyncCommand(perform: Perform): Command {
  return new Command('resync')
    .description('bring records in step again, whatever was synced before')
    .argument('<mapping>', 'which mapping')
    .addOption(new Option('--from <side>', 'the side whose values win').choices(['odoo', 'external']))
    .option('--since <time>', 'only what changed since: 2d, 6h, 2026-11-21, 2026-11-21T08:30:00Z', sinceOf)
    .addOption(
      new Option('--ids <ids...>', 'only these records, by id on the side of --from (otherwise odoo)').conflicts(
        'keys',
      ),
    )
    .option('--keys <keys...>', 'only these records, by key')
    .option('-n, --dry-run', 'show what would change, and change nothing', false)
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => resync(invocation, command.args[0] ?? '', command.opts<Options>())))
}

function sinceOf(text: string): number {
  const atMs = parseSince(text, Date.now())
  if (atMs === null) throw new InvalidArgumentError('expected 2d, 6h, 2026-11-21 or 2026-11-21T08:30:00Z')
  return atMs
}

async function resync(invocation: Invocation, name: string, options: Options): Promise<ExitCode> {
  const { terminal } = invocation
  const setup = setupOf(invocation)
  const file = mappingNamed(setup, name)
  const selected: ResyncOptions = {
    from: options.from ?? null,
    sinceMs: options.since ?? null,
    ids: options.ids?.flatMap((ids) => ids.split(',')).filter((id) => id !== '') ?? null,
    keys: options.keys ?? null,
  }
  if (options.dryRun) return showDryRun(setup, [file], { kind: 'resync', options: selected }, invocation)
  const job: Job = { kind: 'resync', mapping: name, options: selected }
  const progress = createProgress(terminal, `${name}: records read:`)
  const [outcome] = await performJobs(setup, [job], invocation, {
    onProgress(_, told) {
      const { read, total, changed } = told as unknown as ResyncProgress
      progress.update(read, total, `${count(changed)} differed`)
    },
    onCounts: () => {},
  })
  progress.end()
  if (!outcome || outcome.error !== null) {
    reportFailure(outcome?.error, terminal, invocation.json)
    return exitCodeOf(outcome?.error)
  }
  const { read, changed } = outcome.result as unknown as ResyncProgress
  if (invocation.json) terminal.out(JSON.stringify({ mapping: name, ...outcome.result }))
  else terminal.out(`${name}: ${count(read)} read, ${count(changed)} compared anew and brought in step`)
  return 0
}
