/**
 * The suite that every connector passes: what the engine relies on, case by case, against a running system.
 *
 *     import { describeConnector } from 'odoo-tandem/testing'
 *
 *     describeConnector('my connector', async () => {
 *       const system = await startMySystem()          // empty, or with a name of its own for each set-up
 *       const connect = () => createMyConnector({ type: 'mine', url: system.url }, 'shop')
 *       return {
 *         connector: connect(),
 *         reconnect: connect,
 *         request: { spec: { collection: 'items', key: 'code' }, fields: ['code', 'name'], consumer: 'suite' },
 *         missing: { spec: 'nowhere', name: 'nowhere' },
 *         fields: { key: 'code', text: 'name' },      // more roles bring more cases
 *         person: system,                             // edits records without the connector
 *         tearDown: () => system.stop(),
 *       }
 *     })
 *
 * It runs under vitest, in a file of the connector's own tests. Each case has a set-up of its own and may run beside
 * others; cases need no order. A case is skipped by itself where a capability or a field's role is missing. What the
 * system cannot do otherwise is named in `skip`, with the reason. The suite imports nothing but vitest and the contract.
 */
import { describe, test } from 'vitest'
import { BATCH_CASES } from './suite/batch-cases.ts'
import { type Case, createBench, signal } from './suite/bench.ts'
import { CONNECTION_CASES } from './suite/connection-cases.ts'
import type { ConnectorSetup } from './suite/connector-setup.ts'
import { FEED_CASES } from './suite/feed-cases.ts'
import { READ_CASES } from './suite/read-cases.ts'
import { VALUE_CASES } from './suite/value-cases.ts'
import { WRITE_CASES } from './suite/write-cases.ts'

export type { ConnectorSetup, FieldRoles, Person } from './suite/connector-setup.ts'

const CASES = {
  ...CONNECTION_CASES,
  ...FEED_CASES,
  ...READ_CASES,
  ...WRITE_CASES,
  ...VALUE_CASES,
  ...BATCH_CASES,
}
export type CaseName = keyof typeof CASES

/**
 * Runs every case against a connector, each with a set-up of its own. A case that the system cannot satisfy is skipped
 * with its reason: by itself where a capability or a field is missing, else by `skip`.
 */
export function describeConnector(
  name: string,
  setUp: () => Promise<ConnectorSetup> | ConnectorSetup,
  options: { readonly skip?: Partial<Record<CaseName, string>> } = {},
): void {
  describe(name, () => {
    for (const [title, run] of Object.entries<Case>(CASES)) {
      test(title, async (context) => {
        const reason = options.skip?.[title as CaseName]
        if (reason !== undefined) context.skip(reason)
        const setup = await setUp()
        try {
          const bench = createBench(setup, context)
          await bench.collection.prepare?.(signal)
          await run(bench)
        } finally {
          await setup.connector[Symbol.asyncDispose]()
          await setup.tearDown?.()
        }
      })
    }
  })
}
