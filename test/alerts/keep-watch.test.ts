import { afterEach, expect, test } from 'vitest'
import { keepWatch } from '../../src/alerts/keep-watch.ts'
import type { Message } from '../../src/alerts/message.ts'
import type { Recipient } from '../../src/alerts/recipient.ts'
import { alertsSchema } from '../../src/config/alerts-schema.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import type { Status } from '../../src/operations/status.ts'

let ledger: Ledger | undefined
afterEach(async () => {
  await ledger?.[Symbol.asyncDispose]()
  ledger = undefined
})

const keys = (endsAtMs: number) => [{ name: 'tandem', endsAtMs }]
const OK: Status = { daemon: null, mappings: [], connections: [] }
const failing: Status = {
  ...OK,
  connections: [
    {
      connection: 'erp',
      state: 'open',
      reason: 'down',
      sinceMs: 0,
      untilMs: null,
      server: null,
      recognisedAtMs: null,
      pausedBy: null,
      keys: keys(1e15),
    },
  ],
}

/** A daemon's watch whose time passes one sleep at a time. */
async function startWatch(recipients: readonly Recipient[], first: Status) {
  ledger ??= await openSqliteLedger({ file: ':memory:', program: 'test' })
  const stopping = new AbortController()
  const logged: string[] = []
  const slept: number[] = []
  let status = first
  let step: (() => void) | null = null
  const asleep: (() => void)[] = []
  const watch = keepWatch({
    settings: alertsSchema.parse({}),
    recipients,
    status: async () => status,
    ledger,
    clock: {
      nowMs: () => 0,
      monotonicMs: () => 0,
      sleep: (ms, signal) => {
        slept.push(ms)
        return new Promise((resolve) => {
          asleep.push(resolve)
          signal.addEventListener('abort', () => resolve())
          step?.()
        })
      },
    },
    log: (_level, message) => void logged.push(message),
    signal: stopping.signal,
  })
  /** Resolves when every recipient's watch sleeps. */
  const settled = () =>
    new Promise<void>((resolve) => {
      step = () => {
        if (asleep.length === recipients.length) resolve()
      }
      step()
    })
  await settled()
  return {
    logged,
    slept,
    async look(next: Status) {
      status = next
      for (const wake of asleep.splice(0)) wake()
      await settled()
    },
    async stop() {
      stopping.abort()
      await watch
    },
  }
}

function recipient(name: string): Recipient & { readonly got: Message[]; isBroken: boolean } {
  const got: Message[] = []
  const self = {
    name,
    got,
    isBroken: false,
    async send(message: Message) {
      if (self.isBroken) throw new Error('no route')
      got.push(message)
    },
  }
  return self
}

test('each is told once when it begins and once when it ends, also across a restart', async () => {
  const eva = recipient('eva')
  const first = await startWatch([eva], OK)
  expect(eva.got).toEqual([])
  await first.look(failing)
  await first.look(failing)
  expect(eva.got.map(({ subject }) => subject)).toEqual(['Tandem: erp fails again and again'])
  await first.stop()
  const second = await startWatch([eva], failing)
  expect(eva.got).toHaveLength(1)
  await second.look(OK)
  expect(eva.got.at(-1)?.cleared).toEqual(['erp fails again and again'])
  await second.stop()
})

test('one who cannot be reached is told later, as things are then, and keeps nobody else waiting', async () => {
  const [eva, ops] = [recipient('eva'), recipient('ops')]
  eva.isBroken = true
  const watch = await startWatch([eva, ops], failing)
  expect(ops.got).toHaveLength(1)
  expect(watch.logged).toEqual(['eva cannot be told of alerts: no route'])
  await watch.look(failing)
  expect(watch.logged).toHaveLength(1)
  // The pause grows.
  expect(watch.slept.filter((ms) => ms > 10_000)).toEqual([30_000, 60_000])
  eva.isBroken = false
  await watch.look(failing)
  expect(eva.got).toHaveLength(1)
  expect(watch.logged.at(-1)).toBe('eva can be told again')
  await watch.stop()
})

test('what is over before he can be reached, he is not told of', async () => {
  const eva = recipient('eva')
  eva.isBroken = true
  const watch = await startWatch([eva], failing)
  eva.isBroken = false
  await watch.look(OK)
  expect(eva.got).toEqual([])
  await watch.stop()
})
