import fc from 'fast-check'
import { test } from 'vitest'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { History, MAPPINGS, step } from './histories.ts'
import { temporaryFile } from './temporary.ts'

const RUNS = Number(process.env.TANDEM_HISTORIES ?? 50)

test('random histories add up at every step, and no record is given while an intent concerns it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const { file, remove } = temporaryFile()
      const open = async () => {
        const ledger = await openSqliteLedger({ file, program: 'test' })
        for (const name of MAPPINGS) await ledger.openMapping(name, ['name:name', 'email:email'])
        return ledger
      }
      let ledger = await open()
      try {
        const history = new History(ledger, async () => {
          await ledger[Symbol.asyncDispose]()
          ledger = await open()
          return ledger
        })
        for (const next of steps) await history.run(next)
      } finally {
        await ledger[Symbol.asyncDispose]()
        remove()
      }
    }),
    { numRuns: RUNS },
  )
})
