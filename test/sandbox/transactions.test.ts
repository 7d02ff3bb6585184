import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type SandboxOdoo, startSandboxOdoo } from '../../src/sandbox/odoo/start-sandbox-odoo.ts'

const PARTNER = 'res.partner'

let sandbox: SandboxOdoo
let nowUs = 0
beforeEach(async () => {
  nowUs = Date.UTC(2026, 0, 31, 10, 20, 30) * 1000
  sandbox = await startSandboxOdoo({ nowUs: () => nowUs })
})
afterEach(async () => {
  await sandbox.close()
})

const afterSeconds = (seconds: number): void => {
  nowUs += seconds * 1_000_000
}
const writeDate = (id: number): unknown => sandbox.as('bot').read(PARTNER, [id], ['write_date'])[0]?.write_date

describe('a held transaction', () => {
  it('shows its rows to itself at once, to others at its commit, with the time of its start', () => {
    const held = sandbox.begin()
    afterSeconds(30)
    const [id = 0] = held.create(PARTNER, [{ name: 'Held' }])
    afterSeconds(30)
    const [later = 0] = sandbox.as('admin').create(PARTNER, [{ name: 'Later' }])
    expect(held.read(PARTNER, [id], ['name'])).toEqual([{ id, name: 'Held' }])
    expect(sandbox.as('bot').read(PARTNER, [id])).toEqual([])
    held.commit()
    expect(writeDate(id)).toBe('2026-01-31 10:20:30')
    expect(writeDate(later)).toBe('2026-01-31 10:21:30')
    expect(id).toBeLessThan(later)
  })

  it('commits behind a cursor that has moved on', () => {
    const [id = 0] = sandbox.as('bot').create(PARTNER, [{ name: 'Old', city: 'before' }])
    afterSeconds(10)
    const held = sandbox.begin('admin')
    held.write(PARTNER, [id], { city: 'after' })
    afterSeconds(10)
    sandbox.as('bot').create(PARTNER, [{ name: 'New' }])
    const changedSince = (since: string): number[] =>
      sandbox.as('bot').search(PARTNER, [['write_date', '>=', since]], { order: 'id' })
    expect(changedSince('2026-01-31 10:20:50')).toHaveLength(1)
    held.commit()
    expect(changedSince('2026-01-31 10:20:50')).toHaveLength(1)
    expect(changedSince('2026-01-31 10:20:40')).toContain(id)
  })

  it('leaves nothing after a rollback but a gap in the ids', () => {
    const held = sandbox.begin()
    const [id = 0] = held.create(PARTNER, [{ name: 'Held' }])
    held.rollback()
    expect(sandbox.as('bot').read(PARTNER, [id])).toEqual([])
    expect(sandbox.as('bot').create(PARTNER, [{ name: 'Next' }])).toEqual([id + 1])
  })

  it('makes a call that writes the same row wait, and the call then has a later time', async () => {
    const [id = 0] = sandbox.as('bot').create(PARTNER, [{ name: 'Contested' }])
    const held = sandbox.begin()
    held.write(PARTNER, [id], { city: 'first' })
    const pending = request(`${sandbox.url}/json/2/${PARTNER}/write`, {
      method: 'POST',
      headers: { authorization: `bearer ${sandbox.adminApiKey}` },
      body: JSON.stringify({ ids: [id], vals: { city: 'second' } }),
    })
    expect(await Promise.race([pending.then(() => 'answered'), sleep(100, 'waiting')])).toBe('waiting')
    expect(() => {
      sandbox.as('admin').write(PARTNER, [id], { city: 'third' })
    }).toThrow(/locked/)
    afterSeconds(5)
    held.commit()
    const { body } = await pending
    expect(await body.json()).toBe(true)
    expect(sandbox.as('bot').read(PARTNER, [id], ['city', 'write_uid', 'write_date'])).toEqual([
      { id, city: 'second', write_uid: [2, 'Administrator'], write_date: '2026-01-31 10:20:35' },
    ])
  })

  it('orders what commits out of order by id', () => {
    const held = sandbox.begin()
    const [first = 0] = held.create(PARTNER, [{ name: 'First' }])
    const [second = 0] = sandbox.as('bot').create(PARTNER, [{ name: 'Second' }])
    held.commit()
    const domain = [['id', '>=', first]]
    expect(sandbox.as('bot').search(PARTNER, domain, { order: 'id' })).toEqual([first, second])
  })
})

describe('a silent change', () => {
  it('leaves write_date and write_uid as they are', () => {
    const [id = 0] = sandbox.as('bot').create(PARTNER, [{ name: 'Quiet' }])
    afterSeconds(5)
    sandbox.setSilently(PARTNER, id, { city: 'Ulm' })
    expect(sandbox.as('bot').read(PARTNER, [id], ['city', 'write_date', 'write_uid'])).toEqual([
      { id, city: 'Ulm', write_date: '2026-01-31 10:20:30', write_uid: [5, 'Tandem'] },
    ])
  })
})

describe('a large table', () => {
  it('is paged by id within a window of write_date in linear time', () => {
    const bot = sandbox.as('bot')
    for (let batch = 0; batch < 10; batch++) {
      bot.create(
        PARTNER,
        Array.from({ length: 5000 }, (_, index) => ({ name: 'Row', ref: `r${batch * 5000 + index}` })),
      )
    }
    const startedMs = performance.now()
    let seen = 0
    for (let last = 0; ; ) {
      const domain = [
        ['write_date', '>=', '2026-01-31 10:20:30'],
        ['id', '>', last],
      ]
      const page = bot.search(PARTNER, domain, { order: 'id', limit: 500 })
      seen += page.length
      last = page.at(-1) ?? last
      if (page.length < 500) break
    }
    expect(seen).toBeGreaterThanOrEqual(50_000)
    // Some 100 ms on a quiet machine; quadratic paging takes tens of seconds.
    expect(performance.now() - startedMs).toBeLessThan(5000)
  })
})
