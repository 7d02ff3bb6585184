import { describe, expect, test } from 'vitest'
import { jsonLines } from './program.ts'
import { openWorkspace, type Workspace } from './workspace.ts'

const PHONE = { '  - email\n': '  - email\n  - { odoo: phone, external: archived_phone }\n' }

async function inStep(count: number): Promise<Workspace> {
  const space = await openWorkspace()
  space.shop.exec('alter table customers add column archived_phone text')
  for (let index = 0; index < count; index++) {
    space.odoo.as('admin').create('res.partner', [{ ref: `C-${index}`, name: `Name ${index}`, phone: `+${index}` }])
  }
  expect((await space.tandem('sync')).code).toBe(0)
  return space
}

const phones = (space: Workspace) =>
  space.shop.prepare('select archived_phone from customers order by id').pluck().all()

describe('a changed mapping', () => {
  test('is noticed, told and carried out where it is small; once', async () => {
    await using space = await inStep(3)
    expect((await space.tandem('sync')).stderr).not.toContain('mapping was changed')
    space.writeMapping(PHONE)
    const rehearsal = await space.tandem('sync', '--dry-run')
    expect(rehearsal.stdout.match(/archived_phone empty → "\+\d"/g)).toHaveLength(3)
    expect(phones(space)).toEqual([null, null, null])
    const synced = await space.tandem('sync')
    expect(synced.stderr).toContain('added: field phone:archived_phone): 3 of 3 linked records would change.')
    expect(synced.code, synced.stderr).toBe(0)
    expect(phones(space)).toEqual(['+0', '+1', '+2'])
    const again = await space.tandem('sync')
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect((await space.tandem('verify', 'customers')).code).toBe(0)
  })

  test('waits for a person where it is a crowd, also in the daemon, and is forgotten when it is taken back', async () => {
    await using space = await inStep(8)
    const guarded = {
      ...PHONE,
      'schedule: every 200ms': 'schedule: every 200ms\nchanges_guard: { share: 10%, count: 2 }',
    }
    space.writeMapping(guarded)
    const held = await space.tandem('sync')
    expect([held.code, held.stderr]).toEqual([1, expect.stringContaining('8 of 8 linked records would change')])
    expect(phones(space)).toEqual(Array(8).fill(null))
    expect(jsonLines(await space.tandem('status', '--json'))).toMatchObject([
      { mappings: [{ state: 'paused', guards: [{ name: 'mapping' }], needsPerson: true }] },
    ])
    // As it was before: nothing is left of it.
    space.writeMapping()
    expect((await space.tandem('sync')).code).toBe(0)
    expect((await space.tandem('status')).code).toBe(0)

    space.writeMapping(guarded)
    const daemon = space.start(['run'])
    await daemon.sees(/8 of 8 linked records would change\..*Agree with: tandem sync customers --confirm/)
    expect(phones(space)).toEqual(Array(8).fill(null))
    const agreed = await space.tandem('sync', '--confirm')
    expect(agreed.code, agreed.stderr).toBe(0)
    expect(phones(space)).toEqual(Array.from({ length: 8 }, (_, index) => `+${index}`))
    daemon.kill('SIGTERM')
    expect((await daemon.ended).code).toBe(0)
    expect((await space.tandem('status')).code).toBe(0)
  })
})
