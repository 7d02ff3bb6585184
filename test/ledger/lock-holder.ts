/** A process that takes a ledger's lock, says whether it got it, and keeps it until it is killed. */
import { acquireLedgerLock } from '../../src/ledger/sqlite/lock.ts'

const lock = acquireLedgerLock(process.argv[2] ?? '')
process.stdout.write(lock === null ? 'refused\n' : 'locked\n')
if (lock !== null) setInterval(() => lock, 1_000)
