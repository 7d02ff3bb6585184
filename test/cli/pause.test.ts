import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { jsonLines } from './program.ts'
import { openWorkspace } from './workspace.ts'

const RUNNING = /"mapping":"customers","msg":"running"/

test('a mapping is paused beside the daemon, over a restart, and resumed; so is a connection', async () => {
  await using space = await openWorkspace()
  space.addPartners({ ref: 'C-1', name: 'Ada' })
  await space.tandem('sync')
  const codes = () => space.shop.prepare('select count(*) from customers').pluck().get()
  const until = async (wanted: number) => {
    for (let tries = 0; codes() !== wanted && tries < 200; tries++) await delay(50)
    expect(codes()).toBe(wanted)
  }
  const daemon = space.start(['run'])
  await daemon.sees(RUNNING)
  const paused = await space.tandem('pause', 'customers', '--reason', 'price lists', '--json')
  expect(jsonLines(paused)).toMatchObject([{ mappings: ['customers'], pausedBy: { reason: 'price lists' } }])
  await delay(1500)
  space.addPartners({ ref: 'C-2', name: 'Bo' })
  await delay(1500)
  expect(codes()).toBe(1)
  const status = await space.tandem('status')
  expect([status.code, status.stdout]).toEqual([1, expect.stringMatching(/was paused by .*: price lists/)])
  const refused = await space.tandem('sync')
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining('Let it go on with: tandem resume customers'),
  ])
  daemon.kill('SIGTERM')
  await daemon.ended

  const second = space.start(['run'])
  await second.sees(RUNNING)
  await delay(1000)
  expect(codes()).toBe(1)
  expect((await space.tandem('resume', 'customers')).stdout).toBe('customers runs again\n')
  await until(2)

  expect((await space.tandem('pause', '--connection', 'erp')).stdout).toBe('connection erp is paused, with customers\n')
  second.kill('SIGTERM')
  await second.ended
  // Its system is not even asked who it is.
  space.odoo.requests.reset()
  const third = space.start(['run'])
  await third.sees(/The connection erp was paused by/)
  await delay(500)
  expect(space.odoo.requests.count({})).toBe(0)
  space.addPartners({ ref: 'C-3', name: 'Cy' })
  await space.tandem('resume', '--connection', 'erp')
  await third.sees(RUNNING)
  await until(3)
})
