import { Command } from 'commander'
import { SyncError } from '../contract/error.ts'
import type { Ledger, StepTask, StoredChange } from '../ledger/ledger.ts'
import type { Side } from '../mapping/mapping.ts'
import { deadStep, deadSteps, describeStep, putSteps, stepAsJson } from './dead-steps.ts'
import { describeChange } from './describe-change.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { isKnown, ledgerToWrite } from './ledger-access.ts'
import { mappingNamed, setupOf } from './setup.ts'
import { asJson, changesIn, showChanges } from './show-changes.ts'
import { plural, shownFields } from './words.ts'

const HELP = `
A dead letter is a change that cannot be applied without a person, or a step that cannot be done. Everything else goes
on without it; of a record whose step is dead, its fields do, and its further steps wait.
<side> is where the record was changed: odoo or external; <id> is its id there, as the list shows it.

With --json, list: {"deadLetters":[{"mapping","side","id","key","odooId","externalId","kind","attempts","fault",
"sinceMs"}]}, and "step" where "kind" is "step"; show: one of these with "values"; retry: {"retried"}; discard:
{"discarded"}.

Examples:
  tandem dead-letters list
  tandem dead-letters show customers odoo 42
  tandem dead-letters retry customers odoo 42 43
  tandem dead-letters retry customers --all
  tandem dead-letters discard customers odoo 42 --reason "test record"`

export function deadLettersCommand(perform: Perform): Command {
  const parent = new Command('dead-letters').description('changes that need a person').addHelpText('after', HELP)
  parent.addCommand(
    new Command('list')
      .description('list them; exits 1 when there are any')
      .argument('[mapping]', 'which mapping; all of them without')
      .action(
        perform(async (invocation, command) => {
          const found = await showChanges(invocation, command.args[0] ?? null, 'dead', 'deadLetters')
          return found > 0 ? 1 : 0
        }),
      ),
  )
  parent.addCommand(
    new Command('show')
      .description('show one with its values')
      .argument('<mapping>')
      .argument('<side>', 'odoo or external')
      .argument('<id>')
      .action(perform((invocation, command) => show(invocation, command.args))),
  )
  parent.addCommand(
    new Command('retry')
      .description('try them again; the daemon, or the next sync, does it')
      .argument('<mapping>')
      .argument('[side]', 'odoo or external')
      .argument('[id...]')
      .option('--all', 'all of the mapping', false)
      .action(perform((invocation, command) => retry(invocation, command.args, command.opts<{ all: boolean }>().all))),
  )
  parent.addCommand(
    new Command('discard')
      .description('give one up; it stays in the history with the reason')
      .argument('<mapping>')
      .argument('<side>', 'odoo or external')
      .argument('<id>')
      .requiredOption('--reason <text>', 'why, for those who ask later')
      .action(
        perform((invocation, command) => discard(invocation, command.args, command.opts<{ reason: string }>().reason)),
      ),
  )
  return parent
}

/** Opens the ledger for a mapping that was run. @throws SyncError `config` */
async function openFor(invocation: Invocation, name: string): Promise<Ledger> {
  const setup = setupOf(invocation)
  mappingNamed(setup, name)
  const ledger = await ledgerToWrite(setup)
  if (await isKnown(ledger, name)) return ledger
  await ledger[Symbol.asyncDispose]()
  throw new SyncError('config', `The mapping ${name} has not run yet.`)
}

function sideNamed(text: string | undefined): Side {
  if (text === 'odoo' || text === 'external') return text
  throw new SyncError('config', `"${text ?? ''}" is no side: write odoo or external.`)
}

/** What of a record needs a person: its change, its step, or both. */
interface DeadLetter {
  readonly change: StoredChange | null
  readonly task: StepTask | null
}

async function deadLetter(ledger: Ledger, mapping: string, side: Side, id: string): Promise<DeadLetter> {
  const [found] = await ledger.changes(mapping, { state: 'dead', side, id, limit: 1 })
  const letter = { change: found?.change ?? null, task: await deadStep(ledger, mapping, side, id) }
  if (letter.change || letter.task) return letter
  throw new SyncError('config', `${mapping} has no dead letter for ${side} ${id}.`, {
    hint: `See which there are: tandem dead-letters list ${mapping}`,
  })
}

async function show(invocation: Invocation, args: readonly string[]): Promise<ExitCode> {
  const [mapping = '', sideText, id = ''] = args
  const side = sideNamed(sideText)
  await using ledger = await openFor(invocation, mapping)
  const { change, task } = await deadLetter(ledger, mapping, side, id)
  const link = (await ledger.links(mapping, side, [id])).get(id) ?? null
  const { terminal } = invocation
  if (invocation.json) {
    const letter = change ? { ...asJson({ mapping, change, link }), values: change.fields } : null
    terminal.out(JSON.stringify(letter ?? (task && { ...stepAsJson(mapping, task), values: {} })))
    return 0
  }
  const partner = link === null ? 'not linked' : `odoo ${link.odooId} ↔ external ${link.externalId}`
  terminal.out(`${mapping}${link?.key == null ? '' : ` ${link.key}`}: ${partner}`)
  if (change) for (const line of describeChange(mapping, change)) terminal.out(line)
  if (change?.kind === 'state') terminal.out(`values: ${shownFields(change.fields, null)}`)
  if (task) for (const line of describeStep(mapping, task)) terminal.out(line)
  return 0
}

async function retry(invocation: Invocation, args: readonly string[], all: boolean): Promise<ExitCode> {
  const [mapping = '', sideText, ...ids] = args
  if (all === (sideText !== undefined)) {
    throw new SyncError('config', 'Say which: a side and ids, or --all.')
  }
  await using ledger = await openFor(invocation, mapping)
  const letters: DeadLetter[] = []
  if (all) {
    for await (const { change } of changesIn(ledger, mapping, 'dead')) letters.push({ change, task: null })
    for await (const task of deadSteps(ledger, mapping)) letters.push({ change: null, task })
  } else {
    const side = sideNamed(sideText)
    if (ids.length === 0) throw new SyncError('config', 'Say which: give the ids of the records.')
    for (const id of ids) letters.push(await deadLetter(ledger, mapping, side, id))
  }
  const tasks = letters.flatMap(({ task }) => task ?? [])
  await putSteps(ledger, mapping, tasks, 'pending')
  const changes = letters.flatMap(({ change }) => change ?? [])
  const retried = tasks.length + (await ledger.retry(mapping, changes, Date.now()))
  if (invocation.json) invocation.terminal.out(JSON.stringify({ retried }))
  else invocation.terminal.out(`${plural(retried, 'dead letter')} to be tried again, by the daemon or the next sync`)
  return 0
}

async function discard(invocation: Invocation, args: readonly string[], reason: string): Promise<ExitCode> {
  const [mapping = '', sideText, id = ''] = args
  const side = sideNamed(sideText)
  await using ledger = await openFor(invocation, mapping)
  const { change, task } = await deadLetter(ledger, mapping, side, id)
  const link = (await ledger.links(mapping, side, [id])).get(id) ?? null
  const nowMs = Date.now()
  if (task) await putSteps(ledger, mapping, [task], 'discarded')
  await ledger.settle(mapping, {
    nowMs,
    resolved: [],
    history: [
      {
        atMs: nowMs,
        event: 'discarded',
        side,
        odooId: link?.odooId ?? (side === 'odoo' ? id : null),
        externalId: link?.externalId ?? (side === 'external' ? id : null),
        key: link?.key ?? null,
        detail: {
          reason,
          error: (change ?? task)?.fault?.message ?? null,
          ...(task ? { step: task.step } : {}),
        },
      },
    ],
    links: [],
    kept: change ? [{ ...change, state: 'discarded', notBeforeMs: 0 }] : [],
    changes: [],
    intents: [],
  })
  if (invocation.json) invocation.terminal.out(JSON.stringify({ discarded: 1 }))
  else invocation.terminal.out(`${mapping}: the dead letter of ${side} ${id} is discarded`)
  return 0
}
