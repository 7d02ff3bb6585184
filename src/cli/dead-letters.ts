import { Command, Option } from 'commander'
import { DISPOSITION, type ErrorCode, SyncError } from '../contract/error.ts'
import { allDeadLetters, describeLetter, findDeadLetter, type StoredLetter } from '../operations/dead-letters.ts'
import { discardDeadLetters } from '../operations/discard-dead-letters.ts'
import type { EditResult } from '../operations/edit-dead-letter.ts'
import { retryDeadLetters } from '../operations/retry-dead-letters.ts'
import { checkHasRun, mappingNamed } from '../operations/site.ts'
import { plural, shownFields } from '../words.ts'
import { describeChange } from './describe-change.ts'
import { describeStep } from './describe-step.ts'
import { type ExitCode, exitCodeOf } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import type { Invocation, Perform } from './invocation.ts'
import { doJob } from './perform-jobs.ts'
import { fieldsNamed, recordNamed, recordsNamed } from './record-arguments.ts'
import { setupOf } from './setup.ts'
import { operator, siteToRead, siteToWrite } from './site.ts'

const HELP = `
A dead letter is a change that cannot be applied without a person, or a step that cannot be done. Everything else goes
on without it; of a record whose step is dead, its fields do, and its further steps wait.
<side> is where the record was changed: odoo or external; <id> is its id there, as the list shows it.

With --json, list: {"deadLetters":[{"mapping","side","id","key","odooId","externalId","kind","attempts","fault",
"sinceMs"}]}, and "step" where "kind" is "step"; show: one of these with "values"; retry: {"retried"}; discard:
{"discarded"}; edit: {"mapping","side","id","left"}, where "left" is null or why it is still not applied.

Examples:
  tandem dead-letters list
  tandem dead-letters list customers --code constraint
  tandem dead-letters show customers odoo 42
  tandem dead-letters retry customers odoo 42 43
  tandem dead-letters retry customers --all --code unresolved
  tandem dead-letters edit customers odoo 42 --set email=ada@example.com
  tandem dead-letters discard customers odoo 42 --reason "test record"`

const LIST_HELP = `
Exits 1 when there are any.

Examples:
  tandem dead-letters list customers
  tandem dead-letters list --discarded      those that were given up`

const SHOW_HELP = `
Examples:
  tandem dead-letters show customers odoo 42`

const RETRY_HELP = `
The daemon, or the next sync, tries them.

Examples:
  tandem dead-letters retry customers odoo 42 43
  tandem dead-letters retry customers --all
  tandem dead-letters retry customers --all --code invalid     those that failed for one reason`

const EDIT_HELP = `
Writes the values to the record where it was changed, and tries again at once; beside a running daemon, the daemon does it.
An empty value empties the field. Exits 1 when it still cannot be applied.

Examples:
  tandem dead-letters edit customers odoo 42 --set email=ada@example.com
  tandem dead-letters edit customers external 9 --set full_name="Ada King" --set phone=`

const DISCARD_HELP = `
The record is left as it is until it changes again; the reason stays in its history.

Examples:
  tandem dead-letters discard customers odoo 42 --reason "test record"`

const CODES = Object.keys(DISPOSITION) as ErrorCode[]

export function deadLettersCommand(perform: Perform): Command {
  const code = () => new Option('--code <code>', 'only those that failed for this reason').choices(CODES)
  const parent = new Command('dead-letters').description('changes that need a person').addHelpText('after', HELP)
  parent
    .command('list', { isDefault: true })
    .description('list them')
    .argument('[mapping]', 'which mapping; all of them without')
    .addOption(code())
    .option('--discarded', 'those that were given up and have not changed since', false)
    .addHelpText('after', LIST_HELP)
    .action(perform((invocation, command) => list(invocation, command.args[0] ?? null, command.opts<ListOptions>())))
  parent
    .command('show')
    .description('show one with its values')
    .argument('<mapping>', 'which mapping')
    .argument('<side>', 'odoo or external')
    .argument('<id>', 'the record, by its id on that side')
    .addHelpText('after', SHOW_HELP)
    .action(perform((invocation, command) => show(invocation, command.args)))
  parent
    .command('retry')
    .description('try them again')
    .argument('<mapping>', 'which mapping')
    .argument('[side]', 'odoo or external')
    .argument('[id...]', 'the records, by their ids on that side')
    .option('--all', 'all of the mapping', false)
    .addOption(code())
    .addHelpText('after', RETRY_HELP)
    .action(perform((invocation, command) => retry(invocation, command.args, command.opts<RetryOptions>())))
  parent
    .command('edit')
    .description('correct the values of one where they come from, and try it again')
    .argument('<mapping>', 'which mapping')
    .argument('<side>', 'odoo or external')
    .argument('<id>', 'the record, by its id on that side')
    .requiredOption('--set <field=value...>', 'a field of that side and its value; may be given several times')
    .addHelpText('after', EDIT_HELP)
    .action(perform((invocation, command) => edit(invocation, command.args, command.opts<{ set: string[] }>().set)))
  parent
    .command('discard')
    .description('give them up; the reason stays in the history')
    .argument('<mapping>', 'which mapping')
    .argument('<side>', 'odoo or external')
    .argument('<id...>', 'the records, by their ids on that side')
    .requiredOption('--reason <text>', 'why, for those who ask later')
    .addHelpText('after', DISCARD_HELP)
    .action(
      perform((invocation, command) => discard(invocation, command.args, command.opts<{ reason: string }>().reason)),
    )
  return parent
}

interface ListOptions {
  readonly code?: ErrorCode
  readonly discarded: boolean
}

async function list(invocation: Invocation, mapping: string | null, options: ListOptions): Promise<ExitCode> {
  const { terminal, json } = invocation
  await using site = await siteToRead(invocation)
  const state = options.discarded ? 'discarded' : 'dead'
  const code = options.code === undefined ? {} : { code: options.code }
  const listed: object[] = []
  let found = 0
  for await (const letter of allDeadLetters(site, { mapping, state, ...code })) {
    found += 1
    if (json) listed.push(describeLetter(letter))
    else for (const line of linesOf(letter)) terminal.out(line)
  }
  if (json) terminal.out(JSON.stringify({ deadLetters: listed }))
  else terminal.out(plural(found, options.discarded ? 'discarded change' : 'dead letter'))
  return found > 0 && !options.discarded ? 1 : 0
}

function linesOf({ mapping, change, task, link }: StoredLetter): readonly string[] {
  if (task && !change) return describeStep(mapping, task)
  if (!change) return []
  const [first = '', ...rest] = describeChange(mapping, change)
  const key = link?.key == null ? '' : ` ${link.key}`
  return [`${mapping}${key}: ${first}`, ...rest]
}

async function show(invocation: Invocation, args: readonly string[]): Promise<ExitCode> {
  const [mapping = '', side, id] = args
  const { terminal } = invocation
  await using site = await siteToRead(invocation)
  const letter = await findDeadLetter(site, mapping, recordNamed(side, id))
  const { change, task, link } = letter
  if (invocation.json) {
    terminal.out(JSON.stringify({ ...describeLetter(letter), values: change?.fields ?? {} }))
    return 0
  }
  const partner = link === null ? 'not linked' : `odoo ${link.odooId} ↔ external ${link.externalId}`
  terminal.out(`${mapping}${link?.key == null ? '' : ` ${link.key}`}: ${partner}`)
  if (change) for (const line of describeChange(mapping, change)) terminal.out(line)
  if (change?.kind === 'state') terminal.out(`values: ${shownFields(change.fields, null)}`)
  if (task) for (const line of describeStep(mapping, task)) terminal.out(line)
  return 0
}

interface RetryOptions {
  readonly all: boolean
  readonly code?: ErrorCode
}

async function retry(invocation: Invocation, args: readonly string[], { all, code }: RetryOptions): Promise<ExitCode> {
  const [mapping = '', side, ...ids] = args
  if (all === (side !== undefined)) throw new SyncError('config', 'Say which: a side and ids, or --all.')
  if (code !== undefined && !all) throw new SyncError('config', '--code goes with --all.')
  await using site = await siteToWrite(invocation, mapping)
  const records = all ? null : recordsNamed(side, ids)
  const request = { mapping, records, by: operator(), ...(code === undefined ? {} : { code }) }
  const { retried } = await retryDeadLetters(site, request)
  if (invocation.json) invocation.terminal.out(JSON.stringify({ retried }))
  else invocation.terminal.out(`${plural(retried, 'dead letter')} to be tried again, by the daemon or the next sync`)
  return 0
}

async function edit(
  invocation: Invocation,
  args: readonly string[],
  assignments: readonly string[],
): Promise<ExitCode> {
  const [mapping = '', sideText, idText] = args
  const setup = setupOf(invocation)
  mappingNamed(setup, mapping)
  const { side, id } = recordNamed(sideText, idText)
  const fields = fieldsNamed(assignments)
  {
    await using site = await siteToRead(invocation)
    await checkHasRun(site, mapping)
    await findDeadLetter(site, mapping, { side, id })
  }
  const job = { kind: 'edit', mapping, side, id, fields, by: operator() } as const
  const { result, error } = await doJob(setup, job, invocation)
  if (error !== null) {
    reportFailure(error, invocation.terminal, invocation.json)
    return exitCodeOf(error)
  }
  const { left } = result as unknown as EditResult
  if (invocation.json) invocation.terminal.out(JSON.stringify(result))
  else if (left === null) invocation.terminal.out(`${mapping}: ${side} ${id} is corrected and applied`)
  else
    invocation.terminal.out(`${mapping}: ${side} ${id} is corrected, and ${left.state}: ${left.fault?.message ?? ''}`)
  return left === null ? 0 : 1
}

async function discard(invocation: Invocation, args: readonly string[], reason: string): Promise<ExitCode> {
  const [mapping = '', side, ...ids] = args
  await using site = await siteToWrite(invocation, mapping)
  const records = recordsNamed(side, ids)
  const { discarded } = await discardDeadLetters(site, { mapping, records, reason, by: operator() })
  if (invocation.json) invocation.terminal.out(JSON.stringify({ discarded }))
  else invocation.terminal.out(`${mapping}: the dead letter of ${side} ${ids.join(', ')} is discarded`)
  return 0
}
