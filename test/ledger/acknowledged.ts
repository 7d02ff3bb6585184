import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'

/** What a worker said it had done. */
export interface Acknowledged {
  readonly staged: Set<string>
  readonly settled: Set<string>
}

export interface Worker {
  readonly child: ChildProcess
  readonly ended: Promise<void>
}

/** Starts `worker.ts`; `acknowledged` grows while it runs. A line that was cut off by its death does not count. */
export function startWorker(file: string, name: string, rounds: number, acknowledged: Acknowledged): Worker {
  const script = fileURLToPath(new URL('worker.ts', import.meta.url))
  const child = spawn(process.execPath, [script, file, name, String(rounds)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let rest = ''
  child.stdout?.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [what, ...ids] = line.split(' ')
      for (const id of ids) (what === 'settled' ? acknowledged.settled : acknowledged.staged).add(id)
    }
  })
  return { child, ended: once(child, 'close').then(() => undefined) }
}

/** Opens the ledger as a restart would and checks that all of it is there, and adds up. */
export async function expectAcknowledged(file: string, { staged, settled }: Acknowledged): Promise<void> {
  const ledger = await openSqliteLedger({ file, program: 'test' })
  try {
    await ledger.openMapping('customers', ['name:name', 'email:email'])
    await expectWhole(ledger)
    const links = await ledger.links('customers', 'odoo', [...staged])
    for (const id of settled) if (!links.has(id)) throw new Error(`the link of ${id} was acknowledged and is lost`)
    const known = await ledger.known('customers', 'odoo', [...staged])
    for (const [id, { link, change }] of known) {
      if (link === null && change === null) throw new Error(`${id} was acknowledged and is lost`)
      if (link !== null && change !== null) throw new Error(`${id} is half settled`)
    }
  } finally {
    await ledger[Symbol.asyncDispose]()
  }
}

/** The counters add up to what is in the tables, links and history belong together, no intent is left behind. */
export async function expectWhole(ledger: Ledger): Promise<void> {
  const { odoo } = await ledger.counts('customers')
  expect(odoo.captured).toBe(odoo.applied + odoo.pending)
  expect(await ledger.changes('customers', { state: 'pending', limit: 1_000_000 })).toHaveLength(odoo.pending)
  const links = await ledger.linksAfter('customers', 0, 1_000_000)
  expect(links).toHaveLength(odoo.applied)
  expect(await ledger.countLinks('customers')).toBe(odoo.applied)
  expect(await ledger.history('customers', { limit: 1_000_000 })).toHaveLength(odoo.applied)
  const causes = await ledger.known(
    'customers',
    'odoo',
    (await ledger.openIntents('customers')).map((open) => open.cause.id),
  )
  for (const { change } of causes.values()) expect(change).not.toBeNull()
}
