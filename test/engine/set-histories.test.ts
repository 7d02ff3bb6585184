import fc from 'fast-check'
import { describe, it } from 'vitest'
import type { CollectionOptions } from '../../src/connectors/memory/options.ts'
import { CRASH_POINTS } from '../../src/engine/crash-points.ts'
import { SIDES, type Side } from '../../src/mapping/mapping.ts'
import { CUSTOMERS, PARTNERS } from './customers.ts'
import { addJitter } from './history.ts'
import { createWorld, Killed, type World } from './world.ts'

const RUNS = Number(process.env.TANDEM_HISTORIES ?? 102)
const NAMES = ['a', 'b', 'c', 'd', 'e']
const TAGS: CollectionOptions = { fields: { name: { type: 'text', isRequired: true } }, feed: { kind: 'window' } }
const MAPPING = `
mapping: customers
odoo: { connection: erp, collection: partners, key: ref }
external: { connection: shop, collection: customers, key: code }
fields:
  - { odoo: name, external: full_name }
  - { odoo: category_id, external: tags, lookup: { collection: tags, by: name } }
`

type Command =
  | { kind: 'insert'; side: Side; code: number; tags: readonly string[] }
  /** Puts an element into a record's set, or takes it out. */
  | { kind: 'edit'; side: Side; nth: number; tag: string; isIn: boolean; gap: boolean }
  | { kind: 'run'; deep: boolean }
  | { kind: 'crash'; point: (typeof CRASH_POINTS)[number] }
  | { kind: 'wait'; ms: number }

const side = fc.constantFrom<Side>('odoo', 'external')
const tag = fc.constantFrom(...NAMES)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      side,
      code: fc.nat(2),
      tags: fc.subarray(NAMES),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      side,
      nth: fc.nat(2),
      tag,
      isIn: fc.boolean(),
      gap: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('run' as const), deep: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), point: fc.constantFrom(...CRASH_POINTS) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(400, 1100, 30_000) }) },
)

const TABLE = { odoo: 'partners', external: 'customers' }

/** What people last did to each element of a record's set on a side, by side, id and element. */
type Left = Map<string, boolean>

function tagsAt(world: World, at: Side, id: string): Set<string> {
  const row = world.stores[at].get(TABLE[at], id)
  const held = (at === 'odoo' ? row?.category_id : row?.tags) ?? []
  const names = (held as readonly unknown[]).map((each) => (at === 'odoo' ? NAMES[Number(each) - 1] : each))
  return new Set(names.map(String))
}

function editTags(world: World, left: Left, at: Side, id: string, name: string, isIn: boolean): void {
  const tags = tagsAt(world, at, id)
  if (tags.has(name) === isIn) return
  if (isIn) tags.add(name)
  else tags.delete(name)
  const fields = at === 'odoo' ? { category_id: idsOf(tags) } : { tags: [...tags] }
  world.stores[at].edit(TABLE[at], id, fields)
  left.set(`${at} ${id} ${name}`, isIn)
}

const idsOf = (tags: Iterable<string>): number[] => [...tags].map((name) => NAMES.indexOf(name) + 1)

async function perform(world: World, left: Left, each: Command): Promise<void> {
  if (each.kind === 'wait') return world.advance(each.ms)
  if (each.kind === 'insert') {
    const [code, name] = [`K${each.code}`, 'Ann']
    // One record of a key on each side.
    if (world.stores[each.side].all(TABLE[each.side]).some(({ fields }) => (fields.ref ?? fields.code) === code)) return
    const id =
      each.side === 'odoo'
        ? world.stores.odoo.insert('partners', { ref: code, name, category_id: idsOf(each.tags) })
        : world.stores.external.insert('customers', { code, full_name: name, tags: [...each.tags] })
    for (const one of each.tags) left.set(`${each.side} ${id} ${one}`, true)
    return
  }
  if (each.kind === 'edit') {
    const edit = (): void => {
      const all = world.stores[each.side].all(TABLE[each.side])
      const id = all[each.nth % all.length]?.id
      if (id !== undefined) editTags(world, left, each.side, id, each.tag, each.isIn)
    }
    if (!each.gap) return edit()
    let isDone = false
    world.stores[each.side].faults.beforeApply = () => {
      if (!isDone) edit()
      isDone = true
    }
    return
  }
  if (each.kind === 'crash') world.killAt(each.point)
  try {
    await world.run({ depth: each.kind === 'run' && each.deep ? 'deep' : 'tail' })
  } catch (error) {
    if (!(error instanceof Killed)) throw error
  }
}

/** Each element is as its only writer left it, unless the record's whole set went by the policy. */
async function check(world: World, left: Left): Promise<void> {
  const decided = new Set(
    world.events.flatMap(({ kind, odooId }) => (kind === 'lost' || kind === 'adopted' ? [odooId] : [])),
  )
  for (const link of await world.ledger.linksAfter('customers', 0, 100)) {
    if (decided.has(link.odooId)) continue
    const ids = { odoo: link.odooId, external: link.externalId }
    for (const name of NAMES) {
      const said = SIDES.flatMap((at) => left.get(`${at} ${ids[at]} ${name}`) ?? [])
      for (const at of SIDES) {
        const isIn = tagsAt(world, at, ids[at]).has(name)
        if (said.length > 0 && !said.includes(isIn))
          throw new Error(`${at} ${ids[at]} ${isIn ? 'has' : 'lacks'} ${name}, which people left ${said.join(' and ')}`)
      }
    }
  }
  const differences = await world.differences()
  if (differences.length > 0) throw new Error(`not in step: ${JSON.stringify(differences)}`)
}

describe('random histories of records with sets', () => {
  it('end in step, each element as its only writer left it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 30 }), fc.nat(1000), async (commands, chance) => {
        const world = await createWorld({
          odoo: {
            partners: {
              ...PARTNERS,
              fields: { ...PARTNERS.fields, category_id: { type: 'references', relation: 'tags' } },
              defaults: { active: true, category_id: [] },
            },
            tags: TAGS,
          },
          external: {
            customers: {
              ...CUSTOMERS,
              fields: { ...CUSTOMERS.fields, tags: { type: 'json' } },
              defaults: { archived: false, tags: [] },
            },
          },
          mappings: { customers: MAPPING },
          seed: chance,
          directFrom: chance % 2 === 0 ? 1 : 1000,
        })
        try {
          for (const name of NAMES) world.stores.odoo.insert('tags', { name })
          await world.context()
          addJitter(world)
          const left: Left = new Map()
          for (const each of commands) await perform(world, left, each)
          world.killAt(null)
          for (const at of SIDES) world.stores[at].faults.clear()
          await world.settle()
          await check(world, left)
        } finally {
          await world.close()
        }
      }),
      { numRuns: RUNS },
    )
  }, 600_000)
})
