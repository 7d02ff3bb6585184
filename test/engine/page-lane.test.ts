/** Pages of new records overlap: what the first one does has to be seen by the second all the same. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import type { CrashPoint } from '../../src/engine/crash-points.ts'
import { CUSTOMERS, customers, PARTNERS } from './customers.ts'
import { createWorld, Killed, type World } from './world.ts'

let world: World
afterEach(() => world?.close())

const FLAT = customers('page_size: 2').replace(/.*link: customers.*\n/, '')
/** Nothing but the engine keeps two records of one key apart here. */
const CARELESS = { ...CUSTOMERS, unique: [], key: '' }

type Partner = readonly [ref: string, email: string]

async function open(partners: readonly Partner[], mapping = FLAT): Promise<void> {
  world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CARELESS },
    mappings: { customers: mapping },
  })
  for (const [ref, email] of partners) world.stores.odoo.insert('partners', { name: `Name of ${ref}`, ref, email })
  world.advance(5000)
}

/** Makes every write to the shop take a while, and tells in which order the shop is asked. `refuse`: the n-th fails. */
async function slowShop(refuse = 0): Promise<string[]> {
  const calls: string[] = []
  const { sink } = (await world.context()).sides.external.collection
  if (!sink) throw new Error('no sink')
  const { apply, find } = sink
  let count = 0
  Object.assign(sink, {
    apply: async (...args: Parameters<typeof apply>) => {
      count += 1
      calls.push('apply')
      if (count === refuse) throw new SyncError('timeout', 'no answer', { inDoubt: true })
      for (let turns = 0; turns < 20; turns++) await turn()
      const outcomes = await apply(...args)
      calls.push('applied')
      return outcomes
    },
    find: async (...args: Parameters<typeof find>) => {
      calls.push('find')
      return find(...args)
    },
  })
  return calls
}

const codes = () => world.stores.external.all('customers').map(({ fields }) => String(fields.code))
const many = (count: number): readonly Partner[] => Array.from({ length: count }, (_, n) => [`R${n}`, `${n}@x`])

describe('pages of new records', () => {
  it('are planned while the one before is being sent, and created in their order, each once', async () => {
    await open(many(11))
    const calls = await slowShop()
    await world.run()
    expect(codes()).toEqual(many(11).map(([ref]) => ref))
    expect(calls.join(' ')).toContain('apply find applied')
    expect(calls.join(' ')).not.toContain('apply apply')
    expect(await world.differences()).toEqual([])
  })

  it('wait for each other where they share a key', async () => {
    await open([...many(4), ['R3', 'other@x'], ['R4', '4@x']])
    await slowShop()
    await world.run()
    expect(codes()).toEqual(['R0', 'R1', 'R2', 'R3', 'R4'])
    expect((await world.counts()).odoo).toMatchObject({ conflicts: 1, applied: 5 })
  })

  it('do not adopt one record twice, each by another rule', async () => {
    const oneWay = FLAT.replace(', from_external: archive', '')
    await open(many(6), `${oneWay}\ndirection: from-odoo\nmatch: [{ odoo: email, external: email }]`)
    world.stores.external.insert('customers', { code: 'R1', email: '2@x', full_name: 'there before' })
    const calls = await slowShop()
    await world.run()
    expect(calls.join(' ')).toContain('apply find')
    await world.settle()
    expect(codes().sort()).toEqual(['R0', 'R1', 'R2', 'R3', 'R4', 'R5'])
  })

  it('wait where a record may refer to one of the page before', async () => {
    await open(many(2), customers('page_size: 2'))
    world.stores.odoo.insert('partners', { name: 'child', ref: 'child', parent_id: 1 })
    world.advance(5000)
    const calls = await slowShop()
    await world.run()
    expect(world.stores.external.get('customers', '3')).toMatchObject({ code: 'child', parent: 1 })
    expect(calls).toEqual(['find', 'apply', 'applied', 'find', 'apply', 'applied'])
  })

  it('are not sent after one that is in doubt', async () => {
    await open(many(8))
    const calls = await slowShop(2)
    await expect(world.run()).rejects.toThrow('no answer')
    expect(calls.filter((call) => call === 'apply')).toHaveLength(2)
    expect(codes()).toEqual(['R0', 'R1'])
    await world.settle()
    expect(codes().sort()).toEqual(many(8).map(([ref]) => ref))
  })

  const points: readonly CrashPoint[] = ['page-read', 'planned', 'intended', 'applied', 'settled', 'page-staged']
  it.each(points)('are created once each although the process dies at %s', async (point) => {
    for (let times = 1; times <= 4; times++) {
      await open(many(9))
      await slowShop()
      world.killAt(point, times)
      await expect(world.run()).rejects.toThrow(Killed)
      await slowShop()
      await world.settle()
      expect(codes().sort(), `${point} ${times}`).toEqual(many(9).map(([ref]) => ref))
      expect(await world.differences()).toEqual([])
      if (times < 4) await world.close()
    }
  })
})
