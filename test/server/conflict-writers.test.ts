import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Context } from '../../src/engine/context.ts'
import { writersOf } from '../../src/server/conflict-writers.ts'
import { type Fixture, openFixture } from './fixture.ts'

let fixture: Fixture
beforeEach(async () => {
  fixture = await openFixture()
})
afterEach(() => fixture[Symbol.asyncDispose]())

type Answer = (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>

/** The fixture's site with systems that tell who wrote. */
function siteWith(odoo: Answer | undefined, external: Answer | undefined) {
  const side = (writers: Answer | undefined) => ({ collection: { sink: writers ? { writers } : {} } })
  const context = { sides: { odoo: side(odoo), external: side(external) } } as unknown as Context
  return { ...fixture.site, contextOf: () => context }
}

const conflict = (odooId: string | null, externalId: string | null) =>
  ({
    mapping: 'customers',
    side: odooId === null ? 'external' : 'odoo',
    id: odooId ?? externalId ?? '',
    odooId,
    externalId,
  }) as const

describe('who wrote records in conflict', () => {
  it('is asked once for all of a side', async () => {
    const asked: (readonly string[])[] = []
    const site = siteWith(async (ids) => {
      asked.push(ids)
      return new Map([
        ['1', 'Ada'],
        ['2', 'Bo'],
      ])
    }, undefined)
    const all = [conflict('1', 'x1'), conflict('2', null), conflict(null, 'x3'), conflict('1', 'x1')]
    expect(await writersOf(site, all)).toEqual([
      { odoo: 'Ada', external: null },
      { odoo: 'Bo', external: null },
      { odoo: null, external: null },
      { odoo: 'Ada', external: null },
    ])
    expect(asked).toEqual([['1', '2']])
  })

  it('is left out where a system does not answer, and the other is told', async () => {
    const site = siteWith(
      () => Promise.reject(new Error('no answer')),
      async () => new Map([['x1', 'Cy']]),
    )
    expect(await writersOf(site, [conflict('1', 'x1')])).toEqual([{ odoo: null, external: 'Cy' }])
  })
})
