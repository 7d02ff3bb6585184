import type { SyncError } from '../../src/contract/error.ts'
import { newRunMemory } from '../../src/engine/run-memory.ts'
import type { Site } from '../../src/operations/site.ts'
import { CUSTOMERS, customers, PARTNERS } from '../engine/customers.ts'
import { createWorld, type World } from '../engine/world.ts'

/** A world with what operations need of it. */
export interface Desk extends AsyncDisposable {
  readonly world: World
  readonly site: Site
  /** The mappings that were told of, in turn. */
  readonly woken: string[]
  readonly memory: ReturnType<typeof newRunMemory>
  readonly signal: AbortSignal
  partner(id: string): Record<string, unknown>
  customer(id: string): Record<string, unknown>
  /** A pair in step, linked: partner 1 and customer 1. */
  pair(): Promise<void>
}

export async function openDesk(
  mapping = customers(),
  options: Partial<Parameters<typeof createWorld>[0]> = {},
): Promise<Desk> {
  const world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: mapping },
    ...options,
  })
  const woken: string[] = []
  const site: Site = {
    // Of the configuration, only names are asked for.
    config: {
      mappings: './mappings',
      connections: new Map([
        ['erp', {}],
        ['shop', {}],
      ]),
    } as unknown as Site['config'],
    files: world.files,
    ledger: world.ledger,
    clock: { nowMs: world.nowMs } as Site['clock'],
    wake: (mappings) => void woken.push(...mappings),
  }
  const get = (side: 'odoo' | 'external', collection: string, id: string) => {
    const record = world.stores[side].get(collection, id)
    if (!record) throw new Error(`no ${side} ${id}`)
    return { ...record }
  }
  return {
    world,
    site,
    woken,
    memory: newRunMemory(),
    signal: AbortSignal.timeout(60_000),
    partner: (id) => get('odoo', 'partners', id),
    customer: (id) => get('external', 'customers', id),
    async pair() {
      world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', email: 'ann@x', phone: '1' })
      await world.settle()
    },
    async [Symbol.asyncDispose]() {
      await world.close()
    },
  }
}

/** The code of the SyncError that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing was thrown',
    (error: SyncError) => error.code ?? String(error),
  )
}
