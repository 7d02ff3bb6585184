import { describe, expect, test } from 'vitest'
import { createSandboxClock } from '../sandbox/clock.ts'
import { jsonLines } from './program.ts'
import { openWorkspace } from './workspace.ts'

interface StatusAnswer {
  readonly connections: readonly {
    readonly connection: string
    readonly state: string | null
    readonly reason: string | null
    readonly server: string | null
  }[]
}

describe('connections', () => {
  test('that fail again and again show in the status of another process, and recover by themselves', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    const daemon = space.start(['run'])
    await daemon.sees(/"mapping":"customers","msg":"running"/)
    const erp = async () =>
      jsonLines<StatusAnswer>(await space.tandem('status', '--json'))[0]?.connections.find(
        ({ connection }) => connection === 'erp',
      )
    await expect.poll(erp, { timeout: 20_000 }).toMatchObject({ state: 'closed', server: 'Odoo 19.0' })

    const mend = space.odoo.faults.add({ kind: 'dropped' })
    // By itself it would try again ever later; asked for, it tries at once.
    for (let run = 0; run < 5; run++) await space.tandem('sync')
    await daemon.sees(/connection erp is open: /)
    expect(await erp()).toMatchObject({ state: expect.stringMatching(/open/) })
    const { stdout } = await space.tandem('status')
    expect(stdout).toMatch(/erp: (does not answer and is left alone|is tried again after a pause): /)
    mend()
    await daemon.sees(/connection erp works again/)
    expect(await erp()).toMatchObject({ state: 'closed', reason: null })
    daemon.kill('SIGTERM')
    await daemon.ended
    expect(await erp()).toMatchObject({ state: null })
  })

  test('to another database are refused, and accepted by a person', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    expect((await space.tandem('sync')).code).toBe(0)
    // Made in another second: that is how two databases of the stand-in are told apart.
    await using other = await openWorkspace(createSandboxClock(2000))
    other.addPartners({ ref: 'C-2', name: 'Bo' })
    space.writeConfig({ url: other.odoo.url, database: other.odoo.database, apiKey: other.odoo.apiKey })

    const refused = await space.tandem('sync')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('is not as the ledger knows it')
    expect(refused.stderr).toContain('tandem accept erp')
    expect((await space.tandem('status')).stdout).toContain('customers: paused: ')
    expect((await space.tandem('check')).stdout).toContain('✗ erp: ')
    const look = await space.tandem('accept', 'erp')
    expect(look.code).toBe(1)
    expect((await space.tandem('accept', 'erp', '--as', 'restored')).stderr).toContain('--winner')
    expect((await space.tandem('accept', 'epr', '--as', 'other')).stderr).toContain('did you mean "erp"?')
    const accepted = await space.tandem('accept', 'erp', '--as', 'other')
    expect(accepted.stdout).toContain('accepted as other, for 1 mapping: customers')
    expect((await space.tandem('sync')).code).toBe(0)
    const codes = space.shop.prepare('select code, archived from customers order by code').raw().all()
    expect(codes).toEqual([
      ['C-1', 0],
      ['C-2', 0],
    ])
    expect((await space.tandem('verify', 'customers')).code).toBe(0)
  })
})
