import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../src/app.ts'
import { createRunner } from '../../src/engine/runner.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { createWorld, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

it('the last runs that did something are remembered, newest first, and no others', async () => {
  world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: customers() },
  })
  const context = await world.context()
  // A runner looks for pauses by the clock while it runs; the world's would not let a moment pass.
  const runner = createRunner({ ...context, clock: { ...context.clock, sleep: systemClock.sleep } })
  const runs = async () => (await world.ledger.state('customers')).runs
  await runner.runNow()
  expect(await runs()).toEqual([])

  world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A' })
  world.stores.external.insert('customers', { full_name: 'Bob', code: 'B' })
  await runner.runNow({ sweeps: true })
  const [first, ...others] = await runs()
  expect(others).toEqual([])
  expect(first).toMatchObject({ depth: 'deep', swept: true, captured: 2, applied: 2, conflicts: 0, fault: null })
  expect(first?.startedAtMs).toBeLessThanOrEqual(world.nowMs())

  world.advance(5000)
  await runner.runNow({ depth: 'tail' })
  expect(await runs()).toEqual([first])

  for (let count = 0; count < 20; count++) {
    world.advance(5000)
    world.stores.odoo.insert('partners', { name: `New ${count}`, ref: `N${count}` })
    await runner.runNow({ depth: 'tail' })
  }
  const all = await runs()
  expect(all).toHaveLength(15)
  expect(all.every(({ applied }) => applied === 1)).toBe(true)
  expect(all.map(({ startedAtMs }) => startedAtMs)).toEqual(
    all.map(({ startedAtMs }) => startedAtMs).sort((a, b) => b - a),
  )
})
