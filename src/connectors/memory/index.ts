import { z } from 'zod'
import type { Connector, ConnectorFactory, Identity, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { perform, type Session } from './call.ts'
import { createCollection } from './collection.ts'
import type { MemoryStore } from './store.ts'

const settingsSchema = z.strictObject({ type: z.literal('memory').optional(), store: z.string().min(1) })

const stores = new Map<string, MemoryStore>()

/** Makes `store` known to configurations as `name`, in this process. */
export function registerMemoryStore(name: string, store: MemoryStore): void {
  stores.set(name, store)
}

/** A connector for a registered store: `{ type: memory, store: NAME }`. */
export const memoryConnector: ConnectorFactory = (settings, name) => {
  const parsed = settingsSchema.safeParse(settings)
  if (!parsed.success) throw new SyncError('config', `Connection ${name}: ${z.prettifyError(parsed.error)}`)
  const store = stores.get(parsed.data.store)
  if (store === undefined) {
    throw new SyncError('config', `Connection ${name}: there is no memory store ${parsed.data.store}.`, {
      hint: 'Memory stores live in the process that registers them; use another connector for a real system.',
    })
  }
  return createMemoryConnector(store)
}

function identityOf({ identity, database }: MemoryStore): Identity {
  const marks = [...database.tables.values()].map(({ name, revision }) => [name, revision] as const)
  return { traits: { name: identity }, marks: Object.fromEntries(marks) }
}

/** A connector for `store`. Once it is disposed of, every call fails, also one that hangs: as after a crash. */
export function createMemoryConnector(store: MemoryStore): Connector {
  const session: Session = { store, isClosed: false }
  return {
    check: (signal) =>
      perform(
        session,
        { method: 'check', collection: null, operations: [] },
        signal,
        (): Report => ({
          server: 'memory',
          user: 'tandem',
          clockOffsetMs: store.clockOffsetMs,
          identity: identityOf(store),
          problems: [],
        }),
      ),
    collection: (request) => createCollection(session, request),
    async [Symbol.asyncDispose]() {
      session.isClosed = true
    },
  }
}
