/** Every crash point in every flow, in one process: the engine dies and a new one goes on with the same ledger and stores. */
import { describe, expect, it } from 'vitest'
import { SyncError } from '../../src/contract/error.ts'
import { CRASH_POINTS, type CrashPoint } from '../../src/engine/crash-points.ts'
import { SIDES, type Side } from '../../src/mapping/mapping.ts'
import { CONFIRM_STEP, CUSTOMERS, customers, PARTNERS } from '../engine/customers.ts'
import { adds, createWorld, Killed, type World } from '../engine/world.ts'

/** The how-manieth time it is reached. Random histories try later ones. */
const TIMES = [1]
const TABLE: Readonly<Record<Side, string>> = { odoo: 'partners', external: 'customers' }
const KEY: Readonly<Record<Side, string>> = { odoo: 'ref', external: 'code' }

interface Flow {
  readonly name: string
  /** What is in step before. */
  readonly before?: (world: World) => void
  /** What people do then. */
  readonly act: (world: World) => void
  /** How many records each side has at the end. */
  readonly records: number
  readonly isRight: (world: World) => boolean
  /** Dead letters at the end, on the side that the poison comes from. */
  readonly dead?: number
}

const partner = (world: World, key: string) => find(world, 'odoo', key)
const customer = (world: World, key: string) => find(world, 'external', key)
const insertPartner = (world: World, key: string | null, name = 'Ann') =>
  world.stores.odoo.insert('partners', { name, ref: key, phone: '1' })
const insertCustomer = (world: World, key: string | null, name = 'Bob') =>
  world.stores.external.insert('customers', { full_name: name, code: key, phone: '1' })
const three = (insert: (world: World, key: string) => string) => (world: World) => {
  for (const key of ['A', 'B', 'C']) insert(world, key)
}

function find(world: World, side: Side, key: string) {
  return world.stores[side].all(TABLE[side]).find(({ fields }) => fields[KEY[side]] === key)
}

function poison(world: World, side: Side): void {
  world.stores[side].faults.poison = (operation) => {
    const isBad = operation.kind === 'create' && Object.values(operation.fields).includes('poison')
    return isBad ? new SyncError('invalid', 'no poison here') : null
  }
}

const FLOWS: readonly Flow[] = [
  {
    name: 'create in the shop',
    act: (world) => insertPartner(world, 'A'),
    records: 1,
    isRight: (world) => customer(world, 'A')?.fields.full_name === 'Ann',
  },
  {
    name: 'create in Odoo',
    act: (world) => insertCustomer(world, 'A'),
    records: 1,
    isRight: (world) => partner(world, 'A')?.fields.name === 'Bob',
  },
  {
    name: 'adopt',
    act(world) {
      insertPartner(world, 'A', 'Ann')
      world.stores.external.insert('customers', { full_name: 'Ann', code: 'A', email: 'a@x' })
    },
    records: 1,
    isRight: (world) => partner(world, 'A')?.fields.email === 'a@x' && customer(world, 'A')?.fields.phone === '1',
  },
  {
    name: 'update in the shop',
    before: three(insertPartner),
    act: (world) => world.stores.odoo.edit('partners', '1', { phone: '2' }),
    records: 3,
    isRight: (world) => customer(world, 'A')?.fields.phone === '2',
  },
  {
    name: 'update in Odoo',
    before: three(insertPartner),
    act: (world) => world.stores.external.edit('customers', '1', { phone: '2' }),
    records: 3,
    isRight: (world) => partner(world, 'A')?.fields.phone === '2',
  },
  {
    name: 'update both ways at once',
    before: three(insertPartner),
    act(world) {
      world.stores.odoo.edit('partners', '1', { phone: '2' })
      world.stores.external.edit('customers', '1', { email: 'b@x' })
    },
    records: 3,
    isRight: (world) => customer(world, 'A')?.fields.phone === '2' && partner(world, 'A')?.fields.email === 'b@x',
  },
  {
    name: 'a nameless partner',
    act: (world) => insertPartner(world, null),
    records: 1,
    isRight: (world) => partner(world, 'odoo-1') !== undefined && customer(world, 'odoo-1') !== undefined,
  },
  {
    name: 'a nameless customer',
    act: (world) => insertCustomer(world, null),
    records: 1,
    isRight: (world) => partner(world, 'external-1') !== undefined && customer(world, 'external-1') !== undefined,
  },
  {
    name: 'a child before its parent, to Odoo',
    act(world) {
      const child = insertCustomer(world, 'A')
      world.stores.external.edit('customers', child, { parent: Number(insertCustomer(world, 'B')) })
    },
    records: 2,
    isRight: (world) => String(partner(world, 'A')?.fields.parent_id) === partner(world, 'B')?.id,
  },
  {
    name: 'a child before its parent, to the shop',
    act(world) {
      const child = insertPartner(world, 'A')
      world.stores.odoo.edit('partners', child, { parent_id: Number(insertPartner(world, 'B')) })
    },
    records: 2,
    isRight: (world) => String(customer(world, 'A')?.fields.parent) === customer(world, 'B')?.id,
  },
  {
    name: 'parents in a circle',
    act(world) {
      const one = insertCustomer(world, 'A')
      world.stores.external.edit('customers', one, {
        parent: Number(world.stores.external.insert('customers', { full_name: 'b', code: 'B', parent: Number(one) })),
      })
    },
    records: 2,
    isRight: (world) =>
      String(partner(world, 'A')?.fields.parent_id) === partner(world, 'B')?.id &&
      String(partner(world, 'B')?.fields.parent_id) === partner(world, 'A')?.id,
  },
  {
    name: 'delete in Odoo',
    before: three(insertPartner),
    act: (world) => world.stores.odoo.remove('partners', '1'),
    records: 3,
    isRight: (world) => partner(world, 'A') === undefined && customer(world, 'A')?.fields.archived === true,
  },
  {
    name: 'delete in the shop',
    before: three(insertCustomer),
    act: (world) => world.stores.external.remove('customers', '1'),
    records: 3,
    isRight: (world) => customer(world, 'A') === undefined && partner(world, 'A')?.fields.active === false,
  },
  {
    name: 'archive in Odoo',
    before: three(insertPartner),
    act: (world) => world.stores.odoo.archive('partners', '1'),
    records: 3,
    isRight: (world) => customer(world, 'A')?.fields.archived === true,
  },
  {
    name: 'archive in the shop',
    before: three(insertCustomer),
    act: (world) => world.stores.external.archive('customers', '1'),
    records: 3,
    isRight: (world) => partner(world, 'A')?.fields.active === false,
  },
  {
    name: 'a batch with a poison record, to Odoo',
    act(world) {
      poison(world, 'odoo')
      for (let n = 0; n < 9; n++) insertCustomer(world, `K${n}`, n === 4 ? 'poison' : 'fine')
    },
    records: 9,
    isRight: (world) => world.stores.odoo.all('partners').length === 8 && partner(world, 'K4') === undefined,
    dead: 1,
  },
  {
    name: 'a batch with a poison record, to the shop',
    act(world) {
      poison(world, 'external')
      for (let n = 0; n < 9; n++) insertPartner(world, `K${n}`, n === 4 ? 'poison' : 'fine')
    },
    records: 9,
    isRight: (world) => world.stores.external.all('customers').length === 8 && customer(world, 'K4') === undefined,
    dead: 1,
  },
]

/** Runs that sweep and compare, until one is killed: at once, or after something in doubt. */
async function runUntilKilled(world: World, point: CrashPoint, times: number): Promise<boolean> {
  // Nothing can be looked up before something is in doubt.
  if (point === 'doubt-looked-up') await attempt(world, 'applied', times)
  return attempt(world, point, times === 2 && point === 'doubt-looked-up' ? 1 : times)
}

async function attempt(world: World, point: CrashPoint, times: number): Promise<boolean> {
  world.killAt(point, times)
  for (let run = 0; run < 2; run++) {
    try {
      await world.run({ sweeps: true, compares: 100 })
    } catch (error) {
      if (error instanceof Killed) return true
      throw error
    }
  }
  world.killAt(null)
  return false
}

/** Two of the same key on one side are a doubled record, and one without a partner is a lost one. */
async function problemsOf(world: World, flow: Flow): Promise<string[]> {
  const problems: string[] = []
  const keys = SIDES.map((side) => world.stores[side].all(TABLE[side]).map(({ fields }) => String(fields[KEY[side]])))
  if (keys.some((ofSide) => new Set(ofSide).size < ofSide.length)) problems.push(`doubled: ${JSON.stringify(keys)}`)
  const most = Math.max(...keys.map((ofSide) => ofSide.length))
  if (most !== flow.records) problems.push(`${most} records instead of ${flow.records}`)
  if (!flow.isRight(world)) problems.push('the values are wrong')
  problems.push(...wronglyConfirmed(world))
  const dead = await world.ledger.countChanges('customers', { state: 'dead' })
  if (dead !== (flow.dead ?? 0)) problems.push(`${dead} dead letters`)
  const differences = (await world.differences()).filter(({ kind }) => kind !== 'unlinked' || !flow.dead)
  if (differences.length > 0) problems.push(`differences: ${JSON.stringify(differences)}`)
  const counts = await world.counts()
  if (!adds(counts.odoo) || !adds(counts.external)) problems.push(`does not add up: ${JSON.stringify(counts)}`)
  const intents = await world.ledger.openIntents('customers')
  if (intents.length > 0) problems.push(`open intents: ${intents.length}`)
  for (const side of SIDES) world.stores[side].resetCalls()
  await world.settle()
  const writes = SIDES.map((side) => world.stores[side].calls.writes)
  if (writes.some((count) => count > 0)) problems.push(`quiet sides are written: ${writes.join(' and ')}`)
  return problems
}

/** A partner is confirmed once for the phone number that says so, and never twice. */
function wronglyConfirmed(world: World): readonly string[] {
  return world.stores.odoo.all('partners').flatMap(({ fields }) => {
    const wanted = customer(world, String(fields.ref))?.fields.phone === '2' ? 1 : null
    return fields.confirmed === wanted ? [] : [`${fields.ref} is confirmed ${fields.confirmed} times`]
  })
}

const reached = new Set<string>()

async function play(flow: Flow, point: CrashPoint, times: number): Promise<void> {
  const world = await createWorld({
    odoo: { partners: PARTNERS },
    external: { customers: CUSTOMERS },
    mappings: { customers: customers(CONFIRM_STEP) },
  })
  try {
    if (flow.before) {
      flow.before(world)
      await world.settle()
      world.advance(60_000)
    }
    flow.act(world)
    if (await runUntilKilled(world, point, times)) reached.add(`${point} ${times}`)
    await world.settle()
    expect(await problemsOf(world, flow), `${flow.name}, killed at ${point}:${times}`).toEqual([])
  } finally {
    await world.close()
  }
}

describe.each(CRASH_POINTS)('a process killed at %s', (point) => {
  it.each(FLOWS)('does right: $name', async (flow) => {
    for (const times of TIMES) await play(flow, point, times)
  })
})

/** Reached where a system tells of its changes by itself: test/engine/hear. */
const TOLD: ReadonlySet<CrashPoint> = new Set(['arrivals-taken'])

it('each crash point is reached', () => {
  expect(CRASH_POINTS.filter((point) => !reached.has(`${point} 1`) && !TOLD.has(point))).toEqual([])
})
