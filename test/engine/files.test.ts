import { afterEach, describe, expect, it } from 'vitest'
import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { planSync } from '../../src/engine/dry-run.ts'
import type { Side } from '../../src/mapping/mapping.ts'
import { newTap, streaming, type Tap } from './streaming.ts'
import { createWorld, type World } from './world.ts'

const PARTNERS: CollectionOptions = {
  fields: { name: { type: 'text' }, ref: { type: 'text' }, photo: { type: 'binary' } },
  feed: { kind: 'window' },
  storedInTransaction: false,
  rejects: 'whole',
}
const CUSTOMERS: CollectionOptions = {
  fields: { name: { type: 'text' }, code: { type: 'text' }, picture: { type: 'binary' } },
  key: 'code',
  unique: ['code'],
  guardedWrites: true,
}
const MAPPING = `
mapping: customers
odoo: { connection: erp, collection: partners, key: ref }
external: { connection: shop, collection: customers, key: code }
fields:
  - name
  - { odoo: photo, external: picture }
deletes: { from_odoo: delete, from_external: delete }
max_attempts: 3
`

let world: World
let taps: Record<Side, Tap>
afterEach(() => world?.close())

/** Which sides stream; the others have base64 only. */
async function open(
  streams: readonly Side[],
  partners: Partial<CollectionOptions> = {},
  mapping = MAPPING,
): Promise<void> {
  taps = { odoo: newTap(), external: newTap() }
  world = await createWorld({
    odoo: { partners: { ...PARTNERS, ...partners } },
    external: { customers: CUSTOMERS },
    mappings: { customers: mapping },
    connect: (connector, side) => {
      if (!streams.includes(side)) return connector
      return side === 'odoo'
        ? streaming(connector, 'photo', 'sha1', taps.odoo)
        : streaming(connector, 'picture', 'sha256', taps.external)
    },
  })
}

const file = (text: string): string => Buffer.from(text).toString('base64')
const photos = (): unknown[] => world.stores.odoo.all('partners').map(({ fields }) => fields.photo || null)
const pictures = (): unknown[] => world.stores.external.all('customers').map(({ fields }) => fields.picture || null)
const opened = (): number => taps.odoo.opened + taps.external.opened

async function expectQuiet(): Promise<void> {
  const { odoo, external } = world.stores
  odoo.resetCalls()
  external.resetCalls()
  taps.odoo.opened = 0
  taps.external.opened = 0
  await world.settle()
  expect({ odoo: odoo.calls.writes, external: external.calls.writes, opened: opened() }).toEqual({
    odoo: 0,
    external: 0,
    opened: 0,
  })
  expect((await world.differences()).filter((each) => each.kind !== 'field' || !each.isAsSeen)).toEqual([])
}

describe.each<{ streams: readonly Side[] }>([
  { streams: ['odoo', 'external'] },
  { streams: ['odoo'] },
  { streams: ['external'] },
  { streams: [] },
])('files where $streams stream', ({ streams }) => {
  it('go both ways, are changed and emptied, and then left alone', async () => {
    await open(streams)
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('a picture of Ann') })
    world.stores.external.insert('customers', { name: 'Bob', code: 'B', picture: file('Bob') })
    await world.settle()
    expect(photos()).toEqual([file('a picture of Ann'), file('Bob')])
    expect(pictures()).toEqual([file('Bob'), file('a picture of Ann')])
    await expectQuiet()

    world.stores.odoo.edit('partners', '1', { photo: file('Ann, older') })
    world.stores.external.edit('customers', '1', { picture: file('Bib') })
    await world.settle()
    expect(photos()).toEqual([file('Ann, older'), file('Bib')])
    expect(pictures()).toEqual([file('Bib'), file('Ann, older')])
    await expectQuiet()

    world.stores.odoo.edit('partners', '1', { photo: null })
    world.stores.external.edit('customers', '1', { picture: '' })
    await world.settle()
    expect(photos()).toEqual([null, null])
    expect(pictures()).toEqual([null, null])
    await expectQuiet()
  })

  it('that are equal when records first meet are not written', async () => {
    await open(streams)
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('the same') })
    world.stores.external.insert('customers', { name: 'Ann', code: 'A', picture: file('the same') })
    await world.settle()
    expect(world.stores.odoo.calls.writes + world.stores.external.calls.writes).toBe(0)
    expect(opened()).toBeLessThanOrEqual(1)
    await expectQuiet()
  })

  it('that differ when records first meet are settled by the policy', async () => {
    await open(streams, {}, `${MAPPING}conflict: odoo\n`)
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('one') })
    world.stores.external.insert('customers', { name: 'Ann', code: 'A', picture: file('two') })
    world.stores.odoo.insert('partners', { name: 'Bob', ref: 'B', photo: null })
    world.stores.external.insert('customers', { name: 'Bob', code: 'B', picture: file('full') })
    await world.settle()
    expect(photos()).toEqual([file('one'), file('full')])
    expect(pictures()).toEqual([file('one'), file('full')])
    await expectQuiet()
  })

  it('that a side stores in a form of its own do not come back', async () => {
    await open(streams, {
      normalise: {
        photo: (value) =>
          typeof value === 'string'
            ? file(
                `small ${Buffer.from(value, 'base64')
                  .toString()
                  .replace(/^small /, '')}`,
              )
            : value,
      },
    })
    world.stores.external.insert('customers', { name: 'Bob', code: 'B', picture: file('picture') })
    await world.settle()
    expect(photos()).toEqual([file('small picture')])
    expect(pictures()).toEqual([file('picture')])
    await expectQuiet()
  })

  it.each(['intended', 'applied', 'settled'] as const)('are whole after a crash when it was %s', async (point) => {
    await open(streams)
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('Ann') })
    await world.settle()
    world.stores.odoo.edit('partners', '1', { photo: file('Eve') })
    world.stores.external.insert('customers', { name: 'Bob', code: 'B', picture: file('Bob') })
    world.killAt(point)
    await expect(world.run()).rejects.toThrow()
    await world.settle()
    expect(photos()).toEqual([file('Eve'), file('Bob')])
    expect(pictures()).toEqual([file('Eve'), file('Bob')])
    await expectQuiet()
  })
})

describe('a file whose source', () => {
  it('changes while it is read is not stored, and the new one is', async () => {
    await open(['odoo', 'external'])
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('an older picture') })
    taps.odoo.beforePiece = (id, piece) => {
      if (piece !== 2) return
      taps.odoo.beforePiece = null
      world.stores.odoo.edit('partners', id, { photo: file('the newer one, longer') })
    }
    await world.settle()
    expect(pictures()).toEqual([file('the newer one, longer')])
    expect(world.stores.external.calls.writes).toBe(1)
    await expectQuiet()
  })

  it('gives less than it says is never stored, and becomes a dead letter', async () => {
    await open(['odoo', 'external'])
    taps.odoo.truncates = true
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('a picture') })
    world.stores.odoo.insert('partners', { name: 'Bob', ref: 'B', photo: null })
    await world.settle()
    for (let round = 0; round < 5; round++) {
      world.advance(100_000)
      await world.settle()
    }
    expect(world.stores.external.all('customers')).toMatchObject([{ fields: { name: 'Bob' } }])
    const [dead] = world.events.filter(({ kind }) => kind === 'dead')
    expect(dead?.message).toContain('partners 1.photo is not what it was: 8 bytes came instead of 9')
  })

  it('has the same size as before is told apart by its digest', async () => {
    await open(['odoo', 'external'])
    world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('abc') })
    world.stores.external.insert('customers', { name: 'Ann', code: 'A', picture: file('abd') })
    await world.settle()
    expect(photos()).toEqual(pictures())
    await expectQuiet()
  })
})

it('a plan does not call equal files a change, and says which are one', async () => {
  await open(['odoo', 'external'])
  world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('the same') })
  world.stores.external.insert('customers', { name: 'Ann', code: 'A', picture: file('the same') })
  world.stores.odoo.insert('partners', { name: 'Bob', ref: 'B', photo: file('one') })
  world.stores.external.insert('customers', { name: 'Bob', code: 'B', picture: file('another') })
  const steps: unknown[] = []
  for await (const { action, key } of planSync(await world.context(), AbortSignal.timeout(60_000))) {
    steps.push(`${action} ${key}`)
  }
  expect(steps.sort()).toEqual(['adopt A', 'adopt B', 'update B'])
})

it('a comparison of both sides finds a file that was changed behind both backs', async () => {
  await open(['odoo', 'external'])
  world.stores.odoo.insert('partners', { name: 'Ann', ref: 'A', photo: file('abc') })
  await world.settle()
  expect(await world.differences()).toEqual([])
  world.stores.external.edit('customers', '1', { picture: file('abx') })
  expect(await world.differences()).toMatchObject([{ kind: 'field', field: 'photo:picture' }])
})
