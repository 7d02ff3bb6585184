import { Command, Option } from 'commander'
import { SyncError } from '../contract/error.ts'
import type { Side } from '../mapping/mapping.ts'
import { allConflicts, type Conflict, type ConflictDetail, showConflict } from '../operations/conflicts.ts'
import type { Choice, ResolveJob, ResolveProgress, ResolveResult } from '../operations/resolve-conflicts.ts'
import { mappingNamed } from '../operations/site.ts'
import { count, moment, plural, shown } from '../words.ts'
import { type ExitCode, exitCodeOf } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import type { Invocation, Perform } from './invocation.ts'
import { doJob } from './perform-jobs.ts'
import { createProgress } from './progress.ts'
import { fieldsNamed, recordNamed, recordsNamed, sideNamed } from './record-arguments.ts'
import { setupOf } from './setup.ts'
import { operator, siteToRead } from './site.ts'
import { table } from './table.ts'

const HELP = `
What both sides changed and a person has to decide, and records that cannot be joined without a person.

With --json, list: {"conflicts":[{"mapping","side","id","key","odooId","externalId","fields":[{"field","odoo",
"external"}],"fault","sinceMs"}]}; show: one of these with "changes"; resolve: {"mapping","resolved","left":[{"side",
"id","state","message"}]}.

Examples:
  tandem conflicts
  tandem conflicts customers
  tandem conflicts resolve customers odoo 42 --take external`

const LIST_HELP = `
Exits 1 when there are any.

Examples:
  tandem conflicts list
  tandem conflicts list customers`

const SHOW_HELP = `
Examples:
  tandem conflicts show customers odoo 42`

const RESOLVE_HELP = `
Says whose value counts, and carries it over at once; beside a running daemon, the daemon does it. The values that lose stay
in the record's history (tandem trace), from where tandem history undo brings them back. A record that was changed since the
conflict was listed is left alone. Exits 1 when something is left.

Examples:
  tandem conflicts resolve customers odoo 42 --take odoo
  tandem conflicts resolve customers odoo 42 --field email=external --field phone=odoo
  tandem conflicts resolve customers odoo 42 --set email=ada@example.com     both sides get this value
  tandem conflicts resolve customers --all --take external`

export function conflictsCommand(perform: Perform): Command {
  const parent = new Command('conflicts').description('what both sides changed and a person has to decide')
  parent.addHelpText('after', HELP)
  parent
    .command('list', { isDefault: true })
    .description('list them')
    .argument('[mapping]', 'which mapping; all of them without')
    .addHelpText('after', LIST_HELP)
    .action(perform((invocation, command) => list(invocation, command.args[0] ?? null)))
  parent
    .command('show')
    .description('show both sides of one, field by field')
    .argument('<mapping>', 'which mapping')
    .argument('<side>', 'odoo or external')
    .argument('<id>', 'the record, by its id on that side')
    .addHelpText('after', SHOW_HELP)
    .action(perform((invocation, command) => show(invocation, command.args)))
  parent
    .command('resolve')
    .description('decide whose value counts')
    .argument('<mapping>', 'which mapping')
    .argument('[side]', 'odoo or external')
    .argument('[id...]', 'the records, by their ids on that side')
    .addOption(new Option('--take <side>', 'whose value counts, in all fields').choices(['odoo', 'external']))
    .option('--field <field=side...>', 'whose value counts in one field; may be given several times')
    .option('--set <field=value...>', 'a value that both sides get, as Odoo would show it')
    .option('--all', 'all conflicts of the mapping', false)
    .addHelpText('after', RESOLVE_HELP)
    .action(perform((invocation, command) => resolve(invocation, command.args, command.opts<ResolveOptions>())))
  return parent
}

async function list(invocation: Invocation, mapping: string | null): Promise<ExitCode> {
  const { terminal, json } = invocation
  await using site = await siteToRead(invocation)
  const listed: Conflict[] = []
  let found = 0
  for await (const conflict of allConflicts(site, mapping)) {
    found += 1
    if (json) listed.push(conflict)
    else for (const line of linesOf(conflict)) terminal.out(line)
  }
  if (json) terminal.out(JSON.stringify({ conflicts: listed }))
  else terminal.out(plural(found, 'conflict'))
  return found > 0 ? 1 : 0
}

function linesOf(conflict: Conflict): readonly string[] {
  const { mapping, side, id, key, kind, fields, fault, sinceMs } = conflict
  const what = kind === 'gone' ? 'a delete' : 'a change'
  const name = key === null ? mapping : `${mapping} ${key}`
  const lines = [`${name}: conflict: ${what} of ${side} ${id}, met ${moment(sinceMs)}`]
  for (const { field, odoo, external } of fields) {
    lines.push(`  ${field}: odoo ${shown(odoo)}, external ${shown(external)}`)
  }
  if (fault) lines.push(`  ${fault.message}`, ...(fault.hint === null ? [] : [`  ${fault.hint}`]))
  if (fields.length > 0) lines.push(`  decide: tandem conflicts resolve ${mapping} ${side} ${id} --take ${side}`)
  return lines
}

async function show(invocation: Invocation, args: readonly string[]): Promise<ExitCode> {
  const [mapping = '', side, id] = args
  const { terminal } = invocation
  await using site = await siteToRead(invocation)
  const conflict = await showConflict(site, mapping, recordNamed(side, id))
  if (invocation.json) {
    terminal.out(JSON.stringify(conflict))
    return 0
  }
  const { key, odooId, externalId, fields, fault } = conflict
  const ids = odooId === null ? 'not linked' : `odoo ${odooId} ↔ external ${externalId}`
  terminal.out(`${mapping}${key === null ? '' : ` ${key}`}: ${ids}`)
  if (fault) terminal.out(`  ${[fault.message, fault.hint].filter(Boolean).join(' ')}`)
  const rows = fields.map(({ field, odoo, external }) => [field, shown(odoo), shown(external)])
  const heads = (['odoo', 'external'] as const).map((each) => headOf(conflict, each))
  if (rows.length > 0) for (const line of table(['FIELD', ...heads], rows)) terminal.out(line)
  return 0
}

function headOf({ changes }: ConflictDetail, side: Side): string {
  const at = changes[side]?.changedAtMs
  return at == null ? side.toUpperCase() : `${side.toUpperCase()} (${moment(at)})`
}

interface ResolveOptions {
  readonly take?: Side
  readonly field?: readonly string[]
  readonly set?: readonly string[]
  readonly all: boolean
}

async function resolve(invocation: Invocation, args: readonly string[], options: ResolveOptions): Promise<ExitCode> {
  const [mapping = '', side, ...ids] = args
  const { terminal, json } = invocation
  if (options.all === (side !== undefined)) throw new SyncError('config', 'Say which: a side and ids, or --all.')
  const setup = setupOf(invocation)
  mappingNamed(setup, mapping)
  const records = options.all ? null : recordsNamed(side, ids)
  const fields = choicesOf(options)
  if (options.take === undefined && Object.keys(fields).length === 0) {
    throw new SyncError('config', 'Say whose value counts: --take odoo, --take external, --field or --set.')
  }
  const job: ResolveJob = { kind: 'resolve', mapping, records, take: options.take ?? null, fields, by: operator() }
  const progress = createProgress(terminal, `${mapping}: conflicts resolved:`)
  const { result, error } = await doJob(setup, job, invocation, (told) => {
    const { resolved, left } = told as unknown as ResolveProgress
    progress.update(resolved, null, left > 0 ? `${count(left)} left` : '')
  })
  progress.end()
  if (error !== null) {
    reportFailure(error, terminal, json)
    return exitCodeOf(error)
  }
  const { resolved, left } = result as unknown as ResolveResult
  if (json) terminal.out(JSON.stringify(result))
  else {
    terminal.out(`${mapping}: ${plural(resolved, 'conflict')} resolved`)
    for (const each of left) terminal.out(`${mapping}: ${each.side} ${each.id}: ${each.message}`)
  }
  return left.length > 0 ? 1 : 0
}

function choicesOf({ field = [], set = [] }: ResolveOptions): Readonly<Record<string, Choice>> {
  const taken = Object.entries(fieldsNamed(field)).map(([name, side]): [string, Choice] => {
    return [name, { take: sideNamed(String(side)) }]
  })
  const typed = Object.entries(fieldsNamed(set)).map(([name, value]): [string, Choice] => {
    return [name, { value, side: 'odoo' }]
  })
  return Object.fromEntries([...taken, ...typed])
}
