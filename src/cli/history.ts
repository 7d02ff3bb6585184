import { Command, InvalidArgumentError } from 'commander'
import { mappingNamed } from '../operations/site.ts'
import type { UndoResult } from '../operations/undo.ts'
import { shownFields } from '../words.ts'
import { type ExitCode, exitCodeOf } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import type { Invocation, Perform } from './invocation.ts'
import { doJob } from './perform-jobs.ts'
import { setupOf } from './setup.ts'
import { operator } from './site.ts'

const HELP = `
The history of a record is what tandem trace tells. What an entry of it replaced can be written back.

Examples:
  tandem trace customers C-17
  tandem history undo customers 1841`

const UNDO_HELP = `
<entry> is the number in brackets behind an entry that tandem trace tells. The value that lost a conflict, or the values
before an update, are written back to the record, and the other side follows: a change like any other, guarded and kept in
the history itself. Where the record was changed since, nothing is written without --force. Beside a running daemon, the
daemon does it. Exits 1 when the other side could not follow.

With --json, one object: {"mapping","side","id","written":{fields},"left":null|{"state","fault","conflicts"}}

Examples:
  tandem history undo customers 1841
  tandem history undo customers 1841 --force`

export function historyCommand(perform: Perform): Command {
  const parent = new Command('history').description('write back what was replaced').addHelpText('after', HELP)
  parent
    .command('undo')
    .description('write back the value that lost a conflict, or the values before an update')
    .argument('<mapping>', 'which mapping')
    .argument('<entry>', 'the number in brackets that tandem trace shows', parseEntry)
    .option('--force', 'also where the record was changed since', false)
    .addHelpText('after', UNDO_HELP)
    .action(
      perform((invocation, command) =>
        undoEntry(invocation, command.args, command.opts<{ readonly force: boolean }>().force),
      ),
    )
  return parent
}

function parseEntry(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected the number that tandem trace shows in brackets')
}

async function undoEntry(invocation: Invocation, args: readonly string[], force: boolean): Promise<ExitCode> {
  const [mapping = '', entry = ''] = args
  const { terminal, json } = invocation
  const setup = setupOf(invocation)
  mappingNamed(setup, mapping)
  const job = { kind: 'undo', mapping, entry: Number(entry), force, by: operator() } as const
  const { result, error } = await doJob(setup, job, invocation)
  if (error !== null) {
    reportFailure(error, terminal, json)
    return exitCodeOf(error)
  }
  const { side, id, written, left } = result as unknown as UndoResult
  if (json) terminal.out(JSON.stringify(result))
  else {
    terminal.out(`${mapping}: ${side} ${id} has again: ${shownFields(written, null)}`)
    if (left)
      terminal.out(
        `${mapping}: the other side does not follow yet: ${left.state}${left.fault ? `: ${left.fault.message}` : ''}`,
      )
  }
  return left === null ? 0 : 1
}
