import { Command } from 'commander'
import { emptyJournal, unusedBytes, vacuumLedger } from '../ledger/sqlite/compact.ts'
import { acquireLedgerLock } from '../ledger/sqlite/lock.ts'
import { bytes } from '../words.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { siteToWrite } from './site.ts'

const ANSWERED_KEPT_MS = 24 * 60 * 60_000

const HELP = `
Removes what is older than history.keep of the configuration, brings the journal into the file, and, where no daemon runs,
gives unused space back to the disk. Beside a daemon that space is kept for what comes next; with --full it is given back all
the same, and the daemon cannot write meanwhile (seconds for a large ledger; it tries again by itself).

With --json, one object: {"beforeBytes","afterBytes","unusedBytes","isFull"}

Examples:
  tandem compact
  tandem compact --full`

export function compactCommand(perform: Perform): Command {
  return new Command('compact')
    .description('make the ledger smaller')
    .option('--full', 'give unused space back also beside a running daemon', false)
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => compact(invocation, command.opts<{ readonly full: boolean }>().full)))
}

async function compact(invocation: Invocation, full: boolean): Promise<ExitCode> {
  await using site = await siteToWrite(invocation)
  const { file } = site.config.ledger
  const beforeBytes = await site.ledger.sizeBytes()
  const nowMs = Date.now()
  await site.ledger.prune({
    historyBeforeMs: nowMs - site.config.history.keepMs,
    requestsBeforeMs: nowMs - ANSWERED_KEPT_MS,
  })
  const lock = acquireLedgerLock(file)
  const isFull = full || lock !== null
  try {
    if (isFull) vacuumLedger(file)
    else emptyJournal(file)
  } finally {
    lock?.release()
  }
  const afterBytes = await site.ledger.sizeBytes()
  const unused = unusedBytes(file)
  if (invocation.json) {
    invocation.terminal.out(JSON.stringify({ beforeBytes, afterBytes, unusedBytes: unused, isFull }))
    return 0
  }
  invocation.terminal.out(`${file}: ${bytes(beforeBytes)} before, ${bytes(afterBytes)} now`)
  if (!isFull && unused > 0) {
    invocation.terminal.out(
      `${bytes(unused)} of it are unused: a daemon runs, and fills them first. Give them back with --full.`,
    )
  }
  return 0
}
