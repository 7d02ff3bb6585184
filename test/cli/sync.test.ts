import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonLines } from './program.ts'
import { openWorkspace } from './workspace.ts'

interface Step {
  readonly action?: string
  readonly key?: string | null
  readonly before?: object
  readonly after?: object
  readonly summary?: Readonly<Record<string, unknown>>
}

describe('sync', () => {
  test('shows first what it would do, then does that and no more', async () => {
    await using space = await openWorkspace()
    space.addPartners(
      { ref: 'C-1', name: 'Ada', email: 'ada@example.com' },
      { ref: 'C-2', name: 'Bo' },
      { ref: 'C-3', name: 'Cy' },
    )
    space.shop.exec(`insert into customers (code, full_name, email) values
      ('C-1', 'Ada', 'old@example.com'), ('S-9', 'Zoe', null)`)
    const rows = () => space.shop.prepare('select code, full_name, email from customers order by code').all()
    const before = rows()

    const rehearsal = await space.tandem('sync', '--dry-run', '--json')
    expect(rehearsal.code, rehearsal.stderr).toBe(0)
    const steps = jsonLines<Step>(rehearsal)
    expect(steps.map(({ action, key }) => [action, key])).toEqual([
      ['adopt', 'C-1'],
      ['update', 'C-1'],
      ['create', 'C-2'],
      ['create', 'C-3'],
      ['create', 'S-9'],
      [undefined, undefined],
    ])
    expect(steps[1]).toMatchObject({ before: { email: 'old@example.com' }, after: { email: 'ada@example.com' } })
    expect(steps[5]).toEqual({ summary: { mapping: 'customers', adopt: 1, update: 1, create: 3 } })
    expect(rows()).toEqual(before)
    expect(existsSync(join(space.folder, 'data'))).toBe(false)

    const done = await space.tandem('sync')
    expect(done.code, done.stderr).toBe(0)
    expect(rows()).toEqual([
      { code: 'C-1', full_name: 'Ada', email: 'ada@example.com' },
      { code: 'C-2', full_name: 'Bo', email: null },
      { code: 'C-3', full_name: 'Cy', email: null },
      { code: 'S-9', full_name: 'Zoe', email: null },
    ])

    const again = await space.tandem('sync', 'customers', '--json')
    expect(jsonLines<{ mappings: object[] }>(again)[0]?.mappings[0]).toMatchObject({
      mapping: 'customers',
      error: null,
      odoo: { applied: 0 },
      external: { applied: 0 },
      left: { pending: 0, waiting: 0, conflicts: 0, deadLetters: 0 },
    })
    const quiet = await space.tandem('sync', '--dry-run')
    expect(quiet.stdout).toBe('customers: nothing to do (dry run: nothing was written)\n')
  })

  test('a dry run tells updates and deletes field by field and leaves the ledger as it is', async () => {
    await using space = await openWorkspace()
    const [ada = 0, bo = 0] = space.addPartners({ ref: 'C-1', name: 'Ada', email: 'a@x' }, { ref: 'C-2', name: 'Bo' })
    expect((await space.tandem('sync')).code).toBe(0)
    space.odoo.as('admin').write('res.partner', [ada], { email: 'b@x' })
    space.odoo.as('admin').unlink('res.partner', [bo])
    const ledger = () => readFileSync(join(space.folder, 'data', 'tandem.db'))
    const before = ledger()

    const { stdout, code, stderr } = await space.tandem('sync', '--dry-run')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain(`~ customers C-1 (odoo ${ada} → external 1): email "a@x" → "b@x"`)
    expect(stdout).toContain(`- customers C-2 (odoo ${bo} → external 2): archived 0 → 1`)
    expect(stdout).toContain('1 to archive, 1 to update (dry run: nothing was written)')
    expect(ledger().equals(before)).toBe(true)

    const swept = await space.tandem('sync', '--sweep')
    expect(swept.stdout).toContain('1 gone')
    expect(space.shop.prepare('select email, archived from customers order by id').all()).toEqual([
      { email: 'b@x', archived: 0 },
      { email: null, archived: 1 },
    ])
  })

  test('progress and logs never reach stdout with --json', async () => {
    await using space = await openWorkspace()
    space.addPartners(...Array.from({ length: 300 }, (_, index) => ({ ref: `C-${index}`, name: `Name ${index}` })))
    const done = await space.tandem('sync', '--json', '--log-level', 'debug')
    expect(done.code, done.stderr).toBe(0)
    expect(jsonLines(done)).toHaveLength(1)
    expect(done.stderr).toContain('"created"')
  })
})

describe('resync', () => {
  test('lets one side win, for the records that were named', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' }, { ref: 'C-2', name: 'Bo' })
    await space.tandem('sync')
    space.shop.exec("update customers set full_name = full_name || '!'")
    const rehearsal = await space.tandem('resync', 'customers', '--from', 'odoo', '--keys', 'C-1', '--dry-run')
    expect(rehearsal.stdout).toContain('full_name "Ada!" → "Ada"')
    const done = await space.tandem('resync', 'customers', '--from', 'odoo', '--keys', 'C-1', '--json')
    expect(done.code, done.stderr).toBe(0)
    expect(jsonLines(done)).toEqual([{ mapping: 'customers', read: 1, total: 1, changed: 1 }])
    expect(space.shop.prepare('select full_name from customers order by code').pluck().all()).toEqual(['Ada', 'Bo!'])
  })
})

describe('verify and trace', () => {
  test('verify tells differences and exits 1; trace tells the story of a record', async () => {
    await using space = await openWorkspace()
    const [ada = 0] = space.addPartners({ ref: 'C-1', name: 'Ada', email: 'a@x' }, { ref: 'C-2', name: 'Bo' })
    await space.tandem('sync')
    const same = await space.tandem('verify', 'customers')
    expect([same.code, same.stdout]).toEqual([0, 'customers: 2 linked records compared, no differences\n'])

    space.odoo.as('admin').write('res.partner', [ada], { email: 'b@x' })
    const different = await space.tandem('verify', 'customers', '--json')
    expect(different.code).toBe(1)
    expect(jsonLines(different)).toMatchObject([
      { mapping: 'customers', kind: 'field', key: 'C-1', field: 'email:email', odoo: 'b@x', external: 'a@x' },
      { summary: { mapping: 'customers', compared: 2, differences: 1 } },
    ])

    await space.tandem('sync')
    const story = await space.tandem('trace', 'customers', 'C-1')
    expect(story.code).toBe(0)
    expect(story.stdout).toContain(`customers C-1: odoo ${ada} ↔ external 1`)
    expect(story.stdout).toMatch(/created external 1\n/)
    expect(story.stdout).toMatch(/updated external 1: email "a@x" → "b@x" \[\d+\]\n/)
    const byId = await space.tandem('trace', 'customers', '--odoo-id', String(ada), '--json')
    expect(jsonLines(byId)[0]).toMatchObject({ links: [{ key: 'C-1', externalId: '1' }], changes: [] })
    expect((await space.tandem('trace', 'customers', 'C-99')).code).toBe(1)
  })

  test('verify without a name compares every mapping, whatever becomes of one', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    writeFileSync(
      join(space.folder, 'mappings', 'absent.yaml'),
      `mapping: absent
odoo: { connection: erp, model: res.partner, key: ref }
external: { connection: shop, collection: nowhere, key: code }
fields: [name]
deletes: { from_odoo: ignore, from_external: ignore }
`,
    )
    await space.tandem('sync', 'customers')
    const both = await space.tandem('verify')
    expect(both).toMatchObject({ code: 2, stdout: 'customers: 1 linked record compared, no differences\n' })
    expect(both.stderr).toMatch(/^absent: .*no table nowhere/m)
    expect(jsonLines(await space.tandem('verify', '--json'))).toMatchObject([
      { mapping: 'absent', error: { code: 'config' } },
      { summary: { mapping: 'customers', compared: 1, differences: 0 } },
    ])
  })
})
