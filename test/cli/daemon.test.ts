import { describe, expect, test } from 'vitest'
import { jsonLines } from './program.ts'
import { openWorkspace } from './workspace.ts'

const RUNNING = /"mapping":"customers","msg":"running"/

interface StatusAnswer {
  readonly daemon: { readonly pid: number } | null
  readonly mappings: readonly { readonly state: string; readonly links: number; readonly needsPerson: boolean }[]
}

describe.concurrent('beside a running daemon', () => {
  test('sync, resync, status and dead-letters work, and a second daemon does not', async () => {
    await using space = await openWorkspace()
    const [, poison = 0] = space.addPartners({ ref: 'C-1', name: 'Ada' }, { ref: 'C-2', name: 'POISON' })
    const daemon = space.start(['run'])
    await daemon.sees(RUNNING)

    const synced = await space.tandem('sync', '--json')
    expect(jsonLines(synced)).toMatchObject([{ mappings: [{ error: null, left: { deadLetters: 1 } }] }])
    expect(synced.code).toBe(1)
    const [status] = jsonLines<StatusAnswer>(await space.tandem('status', '--json'))
    expect(status?.daemon?.pid).toBe(daemon.pid)
    expect(status?.mappings[0]).toMatchObject({ state: 'running', links: 1, needsPerson: true })

    const second = await space.tandem('run')
    expect(second.code).toBe(2)
    expect(second.stderr).toContain(`Another Tandem (process ${daemon.pid}) runs on the ledger`)

    const list = await space.tandem('dead-letters', 'list', '--json')
    expect(list.code).toBe(1)
    expect(jsonLines(list)).toMatchObject([
      { deadLetters: [{ mapping: 'customers', side: 'odoo', id: String(poison), fault: { code: 'constraint' } }] },
    ])
    space.odoo.as('admin').write('res.partner', [poison], { name: 'Pia' })
    const resynced = await space.tandem('resync', 'customers', '--ids', String(poison))
    expect(resynced.code, resynced.stderr).toBe(0)
    daemon.kill('SIGTERM')
    const ended = await daemon.ended
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stdout).toContain('"msg":"stopped"')
    expect(ended.stdout + ended.stderr).not.toContain(space.odoo.apiKey)
  })

  test('a command does it itself when the daemon dies meanwhile', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    const daemon = space.start(['run'])
    await daemon.sees(RUNNING)
    await space.tandem('sync')
    // The daemon's next read of Odoo hangs, and with it the request.
    await space.hang(1)
    space.addPartners({ ref: 'C-2', name: 'Bo' })
    const command = space.start(['sync', '--json'])
    await command.sees(/The daemon \(process \d+\) is at it/)
    daemon.kill('SIGKILL')
    const ended = await command.ended
    expect(ended.code, ended.stderr).toBe(0)
    expect(jsonLines(ended)).toMatchObject([{ mappings: [{ error: null }] }])
    expect(space.shop.prepare('select code from customers order by code').pluck().all()).toEqual(['C-1', 'C-2'])
  })
})

describe.concurrent('signals', () => {
  test('SIGTERM ends a daemon in order and with 0; a second SIGINT ends it at once', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    const orderly = space.start(['run'])
    await orderly.sees(RUNNING)
    orderly.kill('SIGTERM')
    expect((await orderly.ended).code).toBe(0)

    // With a call to Odoo that hangs, the first signal waits for it, and no longer than configured.
    for (const { second, code } of [
      { second: null, code: 0 },
      { second: 'SIGINT', code: 130 },
    ] as const) {
      const stuck = space.start(['run'])
      await stuck.sees(RUNNING)
      const disarm = await space.hang()
      const startedMs = Date.now()
      stuck.kill('SIGINT')
      await stuck.sees(/stopping: what is under way is finished, for 3 s at most/)
      if (second !== null) stuck.kill(second)
      expect((await stuck.ended).code).toBe(code)
      expect(Date.now() - startedMs).toBeLessThan(20_000)
      disarm()
    }
  })

  test('a command that is interrupted exits as a shell expects', async () => {
    await using space = await openWorkspace()
    space.addPartners({ ref: 'C-1', name: 'Ada' })
    const command = space.start(['sync'])
    await space.hang()
    command.kill('SIGINT')
    expect((await command.ended).code).toBe(130)
  })
})

describe.concurrent('dead letters', () => {
  test('are listed, shown, retried and discarded; a discard stays in the history', async () => {
    await using space = await openWorkspace()
    const [poison = 0] = space.addPartners({ ref: 'C-1', name: 'POISON' }, { ref: 'C-2', name: 'Bo' })
    const synced = await space.tandem('sync')
    expect(synced.code).toBe(1)
    expect(synced.stdout).toContain('1 dead letter (tandem dead-letters list customers)')
    const id = String(poison)

    const shown = await space.tandem('dead-letters', 'show', 'customers', 'odoo', id)
    expect(shown.stdout).toMatch(/name "POISON"/)
    expect((await space.tandem('dead-letters', 'retry', 'customers', '--all', '--json')).stdout).toBe('{"retried":1}\n')
    expect((await space.tandem('sync')).code).toBe(1)
    const args = ['dead-letters', 'discard', 'customers', 'odoo', id]
    expect((await space.tandem(...args)).stderr).toContain("required option '--reason <text>'")
    expect((await space.tandem(...args, '--reason', 'a test')).code).toBe(0)
    expect((await space.tandem('dead-letters', 'list')).stdout).toBe('0 dead letters\n')
    const story = await space.tandem('trace', 'customers', '--odoo-id', id)
    expect(story.stdout).toContain('discarded odoo')
    expect(story.stdout).toContain('"a test"')
  })
})
