/** A process that works on a ledger and says on standard output what was acknowledged. Killed without warning. */
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import { change, link, NOW_MS, settlement, staging } from './examples.ts'

const [file = '', worker = '', roundsText = '0'] = process.argv.slice(2)
const rounds = Number(roundsText)
const ledger = await openSqliteLedger({ file, program: 'worker' })
await ledger.openMapping('customers', ['name:name', 'email:email'])
const started = `${worker}-${process.pid}-${Date.now()}`
for (let round = 0; rounds === 0 || round < rounds; round += 1) {
  const ids = Array.from({ length: 20 }, (_, index) => `${started}-${round}-${index}`)
  await ledger.stage(
    'customers',
    staging(
      ids.map((id) => change(id)),
      { cursor: ids[0] ?? '' },
    ),
  )
  process.stdout.write(`staged ${ids.join(' ')}\n`)
  const half = ids.slice(0, 10)
  const known = await ledger.known('customers', 'odoo', half)
  const causes = half.flatMap((id) => known.get(id)?.change ?? [])
  const intents = await ledger.intend(
    'customers',
    causes.map((cause) => ({
      side: 'external' as const,
      operation: { kind: 'create' as const, fields: cause.fields },
      ids: { odoo: cause.id, external: null },
      cause,
      key: cause.id,
      sourceSeen: '',
    })),
    NOW_MS,
  )
  await ledger.settle(
    'customers',
    settlement({
      intents,
      resolved: causes.map((cause) => ({ ...cause, as: 'applied' as const })),
      links: causes.map(({ id }) => link(id, `x-${id}`)),
      history: causes.map(({ id }) => ({
        atMs: NOW_MS,
        event: 'created',
        side: 'external' as const,
        odooId: id,
        externalId: `x-${id}`,
        key: null,
        detail: {},
      })),
    }),
  )
  process.stdout.write(`settled ${half.join(' ')}\n`)
}
await ledger[Symbol.asyncDispose]()
