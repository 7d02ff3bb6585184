import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { describeLedger } from './suite.ts'

describeLedger('the SQLite ledger', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-ledger-'))
  const open = () => openSqliteLedger({ file: join(folder, 'data', 'tandem.db'), program: 'test' })
  let ledger = await open()
  return {
    ledger,
    async reopen() {
      await ledger[Symbol.asyncDispose]()
      ledger = await open()
      return ledger
    },
    async end() {
      await ledger[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
})
