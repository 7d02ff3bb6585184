import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonLines } from './program.ts'
import { openWorkspace } from './workspace.ts'

const RUNNING = /"mapping":"customers","msg":"running"/

describe('backup and restore', () => {
  test('a backup beside the daemon is whole; restored, it doubles nothing and the operator is told', async () => {
    await using space = await openWorkspace()
    const [ada = 0] = space.addPartners({ ref: 'C-1', name: 'Ada', email: 'a@x' }, { ref: 'C-2', name: 'Bo' })
    const daemon = space.start(['run'])
    await daemon.sees(RUNNING)
    await space.tandem('sync')
    const made = await space.tandem('backup', join(space.folder, 'old.db'), '--json')
    expect(jsonLines(made)).toMatchObject([{ mappings: 1, links: 2, cursors: 2, changes: 0 }])
    expect(statSync(join(space.folder, 'old.db')).mode & 0o777).toBe(0o600)
    const again = await space.tandem('backup', join(space.folder, 'old.db'))
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('old.db exists already')])
    expect((await space.tandem('backup', join(space.folder, 'old.db'), '--force')).code).toBe(0)
    expect((await space.tandem('backup', join(space.folder, 'nowhere/old.db'))).code).toBe(2)

    const refused = await space.tandem('restore', join(space.folder, 'old.db'))
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(`(process ${daemon.pid})`)])
    // After the backup: one more record each way, and an edit that only the comparison can find.
    space.addPartners({ ref: 'C-3', name: 'Cy' })
    space.shop.exec("insert into customers (code, full_name) values ('S-1', 'Zoe')")
    space.odoo.as('admin').write('res.partner', [ada], { email: 'new@x' })
    await space.tandem('sync')
    daemon.kill('SIGTERM')
    await daemon.ended
    space.shop.exec("update customers set email = 'newest@x' where code = 'C-1'")
    // The triggers' notes are lost with the time that the old ledger does not know.
    space.shop.exec('delete from tandem_change')

    const restored = await space.tandem('restore', join(space.folder, 'old.db'))
    expect(restored.code, restored.stderr).toBe(0)
    const kept = /is kept: (.+)/.exec(restored.stdout)?.[1] ?? ''
    expect(existsSync(kept)).toBe(true)
    const synced = await space.tandem('sync')
    expect(synced.stderr).toContain('the ledger was put back from a backup')
    expect(synced.code, synced.stdout).toBe(0)
    expect(space.shop.prepare('select code from customers order by code').pluck().all()).toEqual([
      'C-1',
      'C-2',
      'C-3',
      'S-1',
    ])
    const ids = space.odoo.as('admin').search('res.partner', [['ref', '!=', false]])
    expect(ids).toHaveLength(4)
    const verified = await space.tandem('verify', 'customers')
    expect(verified.code, verified.stdout + verified.stderr).toBe(0)
    // Told once.
    expect((await space.tandem('sync')).stderr).not.toContain('put back')
  })

  test('what is no backup is refused, and the ledger stays', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    await space.tandem('sync')
    await space.tandem('backup', join(space.folder, 'good.db'))
    writeFileSync(join(space.folder, 'text.db'), 'not a database, but long enough to be taken for one'.repeat(50))
    const damaged = readFileSync(join(space.folder, 'good.db'))
    damaged.fill(0x5a, 4096 * 3, 4096 * 12)
    writeFileSync(join(space.folder, 'damaged.db'), damaged)
    writeFileSync(join(space.folder, 'empty.db'), '')
    for (const file of ['text.db', 'damaged.db', 'empty.db', 'missing.db', 'shop.db']) {
      const refused = await space.tandem('restore', join(space.folder, file))
      expect([file, refused.code]).toEqual([file, 2])
    }
    expect(readdirSync(join(space.folder, 'data')).filter((name) => /part|before/.test(name))).toEqual([])
    expect((await space.tandem('sync', '--json')).stdout).toContain('"error":null')
  })

  test('compact gives back what is not used, and beside a daemon works too', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    await space.tandem('sync')
    const [alone] = jsonLines<{ isFull: boolean; afterBytes: number; beforeBytes: number }>(
      await space.tandem('compact', '--json'),
    )
    expect(alone?.isFull).toBe(true)
    // A fresh file has nothing to give back, and written anew it may be a page longer.
    expect(alone?.afterBytes).toBeLessThanOrEqual((alone?.beforeBytes ?? 0) + 4096)
    const daemon = space.start(['run'])
    await daemon.sees(RUNNING)
    expect(jsonLines(await space.tandem('compact', '--json'))).toMatchObject([{ isFull: false }])
    expect(jsonLines(await space.tandem('compact', '--full', '--json'))).toMatchObject([
      { isFull: true, unusedBytes: 0 },
    ])
    space.addPartners({ ref: 'C-2', name: 'Bo' })
    expect((await space.tandem('sync')).code).toBe(0)
  })
})
