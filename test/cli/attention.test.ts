import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openApp, readSetup } from '../../src/app.ts'
import { jsonLines } from './program.ts'
import { openWorkspace } from './workspace.ts'

interface StatusAnswer {
  readonly mappings: readonly {
    readonly state: string
    readonly reason: string | null
    readonly guards: readonly object[]
    readonly needsPerson: boolean
  }[]
}

describe('what needs a person', () => {
  test('many deletes wait until a person agrees', async () => {
    await using space = await openWorkspace()
    const partners = Array.from({ length: 12 }, (_, index) => ({ ref: `C-${index}`, name: `Name ${index}` }))
    const ids = space.addPartners(...partners)
    await space.tandem('sync')
    space.odoo.as('admin').unlink('res.partner', ids.slice(0, 10))
    const archived = () => space.shop.prepare('select count(*) from customers where archived').pluck().get()

    const rehearsal = await space.tandem('sync', '--dry-run')
    expect(rehearsal.code).toBe(1)
    expect(rehearsal.stdout).toContain('10 of 12 linked records are gone')
    const held = await space.tandem('sync', '--sweep')
    expect(held.stdout).toContain('customers: left: 10 pending')
    expect(held.stdout).toContain('Agree with: tandem sync customers --confirm')
    expect([held.code, archived()]).toEqual([1, 0])
    const [status] = jsonLines<StatusAnswer>(await space.tandem('status', '--json'))
    expect(status?.mappings[0]).toMatchObject({ guards: [{ name: 'deletes:odoo' }], needsPerson: true })

    const agreed = await space.tandem('sync', '--confirm')
    expect([agreed.code, archived()]).toEqual([0, 10])
    expect((await space.tandem('status')).code).toBe(0)
  })

  test('a conflict is listed with both values, and the advice given solves it', async () => {
    await using space = await openWorkspace()
    space.writeMapping({ 'conflict: odoo': 'conflict: manual' })
    const [ada = 0] = space.addPartners({ ref: 'C-1', name: 'Ada', email: 'a@x' })
    await space.tandem('sync')
    space.odoo.as('admin').write('res.partner', [ada], { email: 'odoo@x' })
    space.shop.exec("update customers set email = 'shop@x'")
    expect((await space.tandem('sync')).stdout).toContain('(tandem conflicts customers)')

    const listed = await space.tandem('conflicts')
    expect(listed.code).toBe(1)
    expect(listed.stdout).toContain('email:email: odoo "odoo@x", external "shop@x"')
    const advice = /tandem (conflicts resolve customers \w+ \d+ --take (\w+))/.exec(listed.stdout)
    expect((await space.tandem(...(advice?.[1] ?? '').split(' '))).code).toBe(0)
    expect((await space.tandem('conflicts')).stdout).toBe('0 conflicts\n')
    const winner = advice?.[2] === 'odoo' ? 'odoo@x' : 'shop@x'
    expect(space.shop.prepare('select email from customers').pluck().get()).toBe(winner)
    expect(space.odoo.as('admin').read('res.partner', [ada], ['email'])[0]).toMatchObject({ email: winner })
  })

  test('a mapping that cannot run is told as paused, with the reason, while the daemon waits', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    await space.tandem('sync')
    space.writeConfig({ apiKey: 'another-key-that-is-wrong' })
    const daemon = space.start(['run'])
    await daemon.sees(/"level":"error","time":"[^"]+","mapping":"customers"/)
    const [status] = jsonLines<StatusAnswer>(await space.tandem('status', '--json'))
    expect(status?.mappings[0]).toMatchObject({ state: 'paused', needsPerson: true })
    expect(status?.mappings[0]?.reason).toMatch(/apikey/)
    space.writeConfig()
    daemon.kill('SIGTERM')
    const { stdout, stderr } = await daemon.ended
    expect(stdout + stderr).not.toContain('another-key-that-is-wrong')
    expect((await space.tandem('sync')).code).toBe(0)
    expect((await space.tandem('status')).code).toBe(0)
  })
})

describe('what was told', () => {
  test('is counted until it is looked at', async () => {
    await using space = await openWorkspace()
    const [ada = 0] = space.addPartners({ ref: 'C-1', name: 'Ada' })
    await space.tandem('sync')
    {
      await using app = await openApp(readSetup(join(space.folder, 'config.yaml'), {}), { emit: () => {} })
      const change = { kind: 'hint', id: String(ada), version: null } as const
      await app.ledger.receive([{ mapping: 'customers', side: 'odoo', change }], Date.now())
    }
    const told = await space.tandem('status')
    expect([told.code, told.stdout]).toEqual([
      0,
      expect.stringContaining('customers: 1 change told of, still to be looked at'),
    ])
    const [status] = jsonLines<{ mappings: object[] }>(await space.tandem('status', '--json'))
    expect(status?.mappings[0]).toMatchObject({ told: 1, needsPerson: false })
  })
})
