import type { TestContext } from 'vitest'
import type { RecordId } from '../../contract/change.ts'
import type { Collection, CollectionRequest } from '../../contract/connector.ts'
import type { Feed } from '../../contract/feed.ts'
import type { Operation, Outcome, Sink } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { ConnectorSetup, FieldRoles, Person } from './connector-setup.ts'

/** What a case works with: the set-up, its collection, and short ways to ask it. */
export interface Bench {
  readonly setup: ConnectorSetup
  readonly collection: Collection
  readonly fields: FieldRoles
  readonly person: Person
  readonly feed: Feed
  readonly sink: Sink
  readonly skip: (reason: string) => never
  /** The n-th record's fields, with `more` on top. */
  readonly draft: (n: number, more?: Fields) => Fields
  readonly key: (n: number) => Value
  readonly insertMany: (count: number) => Promise<RecordId[]>
  readonly open: (change: Partial<CollectionRequest>) => Collection
  readonly apply: (...operations: Operation[]) => Promise<readonly Outcome[]>
}
export type Case = (bench: Bench) => Promise<void>

/** Never aborted: for calls that nobody ends early. */
export const signal: AbortSignal = new AbortController().signal

export function createBench(setup: ConnectorSetup, context: TestContext): Bench {
  const skip = (reason: string): never => context.skip(reason)
  const key = setup.keyValue ?? ((n: number) => `K${n}`)
  const collection = setup.connector.collection(setup.request)
  const draft = (n: number, more: Fields = {}): Fields => ({
    ...setup.required,
    [setup.fields.key]: key(n),
    [setup.fields.text]: `text ${n}`,
    ...more,
  })
  return {
    setup,
    collection,
    fields: setup.fields,
    person: setup.person,
    skip,
    key,
    draft,
    get feed() {
      return collection.feed ?? skip('changes cannot be read')
    },
    get sink() {
      if (collection.capabilities.writeOnly) skip('nothing can be read back')
      return collection.sink ?? skip('nothing can be read or written by id')
    },
    async insertMany(count) {
      const ids: RecordId[] = []
      for (let n = 1; n <= count; n++) ids.push(await setup.person.insert(draft(n)))
      return ids
    },
    open: (change) => setup.connector.collection({ ...setup.request, ...change }),
    apply: (...operations) => (collection.sink ?? skip('nothing can be written')).apply(operations, signal),
  }
}
