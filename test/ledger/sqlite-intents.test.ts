import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Operation } from '../../src/contract/sink.ts'
import type { Fields } from '../../src/contract/value.ts'
import type { NewIntent } from '../../src/ledger/intent.ts'
import { readIntents, writeIntents } from '../../src/ledger/sqlite/intent-body.ts'

const side = fc.constantFrom('odoo' as const, 'external' as const)
const id = fc.string({ unit: 'binary' })
// JSON knows one zero only.
const value = fc.jsonValue().map((any) => JSON.parse(JSON.stringify(any)) as Fields[string])
const name = fc.oneof(fc.constantFrom('name', 'email', '__proto__', '0', '1'), fc.string())
const fields: fc.Arbitrary<Fields> = fc
  .uniqueArray(fc.tuple(name, value), { selector: ([each]) => each, maxLength: 4 })
  .map((entries) => Object.fromEntries(entries))
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), fields }),
  fc.record({ kind: fc.constant('update' as const), id, fields, expected: fc.option(fields) }),
  fc.record({ kind: fc.constant('remove' as const), id }),
)
const intent: fc.Arbitrary<NewIntent> = fc.record({
  side,
  operation,
  ids: fc.record({ odoo: fc.option(id), external: fc.option(id) }),
  cause: fc.record({ side, id, seq: fc.maxSafeNat() }),
  key: fc.option(fc.string()),
  sourceSeen: fc.string(),
})

test('intents of any kind are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(intent, { maxLength: 8 }), (intents) => {
      // As text, too: the order of the fields stays.
      const read = readIntents(writeIntents(intents))
      expect(read).toEqual(intents)
      const fieldsOf = (list: readonly NewIntent[]) => list.map((each) => JSON.stringify(each.operation))
      expect(fieldsOf(read)).toEqual(fieldsOf(intents))
    }),
  )
})

test('the names of fields are written once', () => {
  const intents = Array.from(
    { length: 50 },
    (_, index): NewIntent => ({
      side: 'external',
      operation: { kind: 'create', fields: { aLongName: index, another: String(index) } },
      ids: { odoo: String(index), external: null },
      cause: { side: 'odoo', id: String(index), seq: index },
      key: null,
      sourceSeen: '',
    }),
  )
  expect(writeIntents(intents).split('aLongName')).toHaveLength(2)
})
