import { describe, expect, it } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import type { NewArrival } from '../../src/ledger/arrival.ts'
import { createInbox } from '../../src/server/inbox.ts'

const arrival = (id: string, mapping = 'customers'): NewArrival => ({
  mapping,
  side: 'odoo',
  change: { kind: 'hint', id, version: null },
})

/** A ledger whose transactions end when the test says so. */
function heldLedger() {
  const batches: { arrivals: readonly NewArrival[]; end: (error?: SyncError) => void }[] = []
  const heard: string[] = []
  const failures: SyncError[] = []
  const open = (limits?: { total: number; perMapping: number }) =>
    createInbox({
      ledger: {
        receive: (arrivals) =>
          new Promise((resolve, reject) => {
            batches.push({ arrivals, end: (error) => (error ? reject(error) : resolve()) })
          }),
      },
      pause: () => new Promise((resolve) => setImmediate(resolve)),
      nowMs: () => 0,
      onReceived: (mappings) => heard.push(...mappings),
      onLedgerFailure: (error) => failures.push(error),
      ...(limits ? { limits } : {}),
    })
  return { batches, heard, failures, open }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
async function turns(): Promise<void> {
  for (let count = 0; count < 5; count++) await turn()
}

/** What became of a promise so far. */
function watch(promise: Promise<void>): { state: string } {
  const seen = { state: 'open' }
  promise.then(
    () => Object.assign(seen, { state: 'stored' }),
    (error: SyncError) => Object.assign(seen, { state: error.code }),
  )
  return seen
}

describe('the inbox', () => {
  it('acknowledges after the transaction, and takes what came meanwhile in one more', async () => {
    const { batches, heard, open } = heldLedger()
    const inbox = open()
    const first = watch(inbox.receive([arrival('1')]))
    await turns()
    const later = ['2', '3', '4'].map((id) => watch(inbox.receive([arrival(id)])))
    await turns()
    expect(batches).toHaveLength(1)
    expect(first.state).toBe('open')
    batches[0]?.end()
    await turns()
    expect(first.state).toBe('stored')
    expect(later.map(({ state }) => state)).toEqual(['open', 'open', 'open'])
    expect(batches[1]?.arrivals).toHaveLength(3)
    batches[1]?.end()
    await turns()
    expect(later.map(({ state }) => state)).toEqual(['stored', 'stored', 'stored'])
    expect(heard).toEqual(['customers', 'customers'])
  })

  it('refuses all of a batch that cannot be stored, tells of it, and goes on', async () => {
    const { batches, heard, failures, open } = heldLedger()
    const inbox = open()
    const both = [watch(inbox.receive([arrival('1')])), watch(inbox.receive([arrival('2', 'orders')]))]
    await turns()
    batches[0]?.end(new SyncError('ledger', 'the disk is full'))
    await turns()
    expect(both.map(({ state }) => state)).toEqual(['ledger', 'ledger'])
    expect([heard, failures.length]).toEqual([[], 1])
    const next = watch(inbox.receive([arrival('1')]))
    await turns()
    batches[1]?.end()
    await turns()
    expect(next.state).toBe('stored')
  })

  it('writes no more than a batch at a time, and one request never in two', async () => {
    const { batches, open } = heldLedger()
    const inbox = open()
    const many = (count: number) => Array.from({ length: count }, (_, index) => arrival(String(index)))
    for (const count of [300, 300, 700, 1]) void inbox.receive(many(count))
    for (let batch = 0; batch < 3; batch++) {
      await turns()
      batches[batch]?.end()
    }
    await turns()
    expect(batches.map(({ arrivals }) => arrivals.length)).toEqual([300, 300, 700, 1])
  })

  it('lets no mapping crowd out the others, and bounds them all', async () => {
    const { batches, open } = heldLedger()
    const inbox = open({ total: 5, perMapping: 3 })
    for (const id of ['1', '2', '3']) void inbox.receive([arrival(id)])
    await expect(inbox.receive([arrival('4')])).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 1000 })
    const others = [inbox.receive([arrival('1', 'orders')]), inbox.receive([arrival('2', 'orders')])]
    await expect(inbox.receive([arrival('3', 'orders')])).rejects.toMatchObject({ code: 'unavailable' })
    await turns()
    batches[0]?.end()
    await Promise.all(others)
    void inbox.receive([arrival('4')])
    await turns()
    expect(batches[1]?.arrivals).toHaveLength(1)
  })
})
