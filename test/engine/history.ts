/** Random histories of two sides: what people, faults and crashes do, and what must hold afterwards. */
import fc from 'fast-check'
import type { HeldTransaction } from '../../src/connectors/memory/held-transaction.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { CRASH_POINTS } from '../../src/engine/crash-points.ts'
import { SIDES, type Side } from '../../src/mapping/mapping.ts'
import { adds, Killed, type World } from './world.ts'

export const TABLE: Readonly<Record<Side, string>> = { odoo: 'partners', external: 'customers' }
const NAMES: Readonly<Record<Side, Readonly<Record<string, string>>>> = {
  odoo: {
    name: 'name',
    key: 'ref',
    email: 'email',
    phone: 'phone',
    text: 'comment',
    credit: 'credit',
    parent: 'parent_id',
  },
  external: {
    name: 'full_name',
    key: 'code',
    email: 'email',
    phone: 'phone',
    text: 'notes',
    credit: 'credit',
    parent: 'parent',
  },
}
/** The fields that both sides store alike, in the end. */
export const CHECKED = ['name', 'email', 'phone', 'credit'] as const

const side = fc.constantFrom<Side>('odoo', 'external')
const nth = fc.nat(5)
const values: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  name: fc.constantFrom('Ann', ' Bob ', 'Céline', '李雷', "O'Neil"),
  email: fc.constantFrom('a@x', ' b@x ', 'c@x', null),
  phone: fc.constantFrom('1', '2', '3', null),
  text: fc.constantFrom('hi', '<p>hi</p>', '<script>x</script>ho', null),
  credit: fc.constantFrom(1, 2.345, 0, 10.005, null),
}
const edit = fc
  .constantFrom(...Object.keys(values))
  .chain((field) => fc.record({ field: fc.constant(field), value: values[field] ?? fc.constant(null) }))

export type Command =
  | { kind: 'insert'; side: Side; key: number | null; name: Value; email: Value; phone: Value; lines?: number }
  | { kind: 'edit'; side: Side; nth: number; field: string; value: Value; silent: boolean }
  | { kind: 'remove'; side: Side; nth: number; silent: boolean }
  | { kind: 'archive'; side: Side; nth: number }
  | { kind: 'parent'; side: Side; nth: number; parent: number }
  | { kind: 'line' | 'lineGap'; side: Side; nth: number; line: number; qty: number | null; silent: boolean }
  | { kind: 'begin'; nth: number; field: string; value: Value }
  | { kind: 'commit' }
  | { kind: 'run'; deep: boolean; sweeps: boolean; compares: boolean }
  | { kind: 'settle' }
  | { kind: 'crash'; point: (typeof CRASH_POINTS)[number]; times: number }
  | {
      kind: 'fault'
      side: Side
      method: 'feed.read' | 'list' | 'read' | 'find' | 'apply' | 'call'
      how: 'before' | 'lost' | 'half'
      skip: number
    }
  | { kind: 'poison'; side: Side; name: string }
  | { kind: 'gap'; side: Side; nth: number; field: string; value: Value }
  | { kind: 'wait'; ms: number }

const run = fc.record({
  kind: fc.constant('run' as const),
  deep: fc.boolean(),
  sweeps: fc.boolean(),
  compares: fc.boolean(),
})

export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      side,
      key: fc.option(fc.nat(4), { freq: 6 }),
      name: values.name as fc.Arbitrary<Value>,
      email: values.email as fc.Arbitrary<Value>,
      phone: values.phone as fc.Arbitrary<Value>,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(side, nth, edit, fc.boolean()).map(
      ([at, n, { field, value }, silent]): Command => ({
        kind: 'edit',
        side: at,
        nth: n,
        field,
        value,
        silent: silent && n === 0,
      }),
    ),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), side, nth, silent: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('archive' as const), side, nth }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('parent' as const), side, nth, parent: nth }) },
  {
    weight: 1,
    arbitrary: fc.tuple(nth, edit).map(([n, { field, value }]): Command => ({ kind: 'begin', nth: n, field, value })),
  },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: 'commit' }) },
  { weight: 8, arbitrary: run },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: 'settle' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      point: fc.constantFrom(...CRASH_POINTS),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      side,
      method: fc.constantFrom(
        'feed.read' as const,
        'list' as const,
        'read' as const,
        'find' as const,
        'apply' as const,
        'apply' as const,
        'apply' as const,
        'call' as const,
        'call' as const,
      ),
      how: fc.constantFrom('before' as const, 'lost' as const, 'half' as const),
      skip: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('poison' as const), side, name: fc.constantFrom('Ann', 'Céline') }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(side, nth, edit)
      .map(([at, n, { field, value }]): Command => ({ kind: 'gap', side: at, nth: n, field, value })),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 400, 1100, 30_000) }),
  },
)

const isCalm = ({ kind }: Command): boolean =>
  !['crash', 'fault', 'poison', 'gap', 'lineGap', 'begin', 'remove', 'archive'].includes(kind)

/** What people do, and runs, without anything going wrong. */
export const calmCommand = command.filter(isCalm)

/** A line is added or given another quantity; null: it is taken away. */
const line = fc.record({
  kind: fc.constantFrom('line' as const, 'line' as const, 'lineGap' as const),
  side,
  nth,
  line: fc.integer({ min: 1, max: 4 }),
  qty: fc.option(fc.constantFrom(1, 2.345, 5, 7.005), { freq: 3 }),
  silent: fc.boolean(),
})
const LINES: Readonly<Record<Side, { field: string; key: string }>> = {
  odoo: { field: 'line_ids', key: 'sequence' },
  external: { field: 'lines', key: 'no' },
}

/** A record that has so many lines from the beginning. */
const insertWithLines = fc
  .tuple(side, fc.nat(4), fc.integer({ min: 2, max: 4 }))
  .map(([at, key, lines]): Command => ({ kind: 'insert', side: at, key, name: 'Ann', email: null, phone: null, lines }))

/** Everything, and lines. */
export const lineCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: command },
  { weight: 1, arbitrary: insertWithLines },
  { weight: 2, arbitrary: line },
)
export const calmLineCommand = lineCommand.filter(isCalm)

/** What people last wrote, by record and field, since both sides were last brought in step. */
type Written = Map<string, Value>

interface Play {
  readonly world: World
  /** No faults and no crashes: then what we write is counted, too. */
  readonly isCalm: boolean
  /** The fields whose value must be one that somebody wrote. */
  readonly checked: readonly string[]
  readonly written: Written
  /** How many records people made with a key, by side and key. */
  readonly made: Map<string, number>
  readonly removed: Map<string, number>
  /** How often people wrote a field, and how often we changed it, by side, id and field, since both came to rest. */
  readonly edits: Map<string, number>
  readonly writes: Map<string, number>
  /** How many records we created, by side and key. */
  readonly created: Map<string, number>
  /** By side and record: the quantity that people last gave each line; null: they took it away. */
  readonly lines: Map<string, { last: Map<number, number | null>; met: Set<number> }>
  held: HeldTransaction | null
  /** Says what the held transaction wrote, once it is committed. */
  heldNote: () => void
}

/** Lets calls to both stores take their time, so that reading and writing overlap in ever new ways. */
export function addJitter(world: World): void {
  for (const at of SIDES) {
    world.stores[at].faults.decide = () =>
      world.random() < 0.5 ? { until: ticks(Math.floor(world.random() * 12)) } : null
  }
}

async function ticks(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}

/** Plays a history, then lets everything come to rest, and checks every promise. @throws when one is broken. */
export async function playHistory(
  world: World,
  commands: readonly Command[],
  checked: readonly string[],
  isCalm = false,
): Promise<void> {
  const play: Play = {
    world,
    isCalm,
    checked,
    written: new Map(),
    made: new Map(),
    removed: new Map(),
    edits: new Map(),
    writes: new Map(),
    created: new Map(),
    lines: new Map(),
    held: null,
    heldNote: () => {},
  }
  countWrites(play)
  await world.context()
  addJitter(world)
  for (const each of commands) {
    await perform(play, each)
    await checkSums(world)
  }
  await comeToRest(play)
  await checkEnd(play)
}

function countWrites({ world, created, writes }: Play): void {
  for (const at of SIDES) {
    world.stores[at].onWrite(({ id, before, after, byUs }) => {
      if (after === null || !byUs) return
      for (const field of before === null ? [] : CHECKED) {
        const column = NAMES[at][field] ?? ''
        const name = `${at} ${id} ${field}`
        if (before?.[column] !== after[column]) writes.set(name, (writes.get(name) ?? 0) + 1)
      }
      if (before !== null) return
      const name = `${at} ${after[NAMES[at].key ?? '']}`
      created.set(name, (created.get(name) ?? 0) + 1)
    })
  }
}

function recordAt(world: World, at: Side, n: number): string | null {
  const all = world.stores[at].all(TABLE[at])
  return all.length === 0 ? null : (all[n % all.length]?.id ?? null)
}

async function perform(play: Play, each: Command): Promise<void> {
  const { world } = play
  switch (each.kind) {
    case 'insert':
      return insert(play, each)
    case 'edit':
    case 'gap': {
      const apply = (): void => {
        const id = recordAt(world, each.side, each.nth)
        if (id !== null) editRecord(play, each.side, id, each.field, each.value, each.kind === 'edit' && each.silent)
      }
      if (each.kind === 'edit') return apply()
      let isDone = false
      world.stores[each.side].faults.beforeApply = () => {
        if (isDone) return
        isDone = true
        apply()
      }
      return
    }
    case 'remove': {
      const id = recordAt(world, each.side, each.nth)
      if (id === null) return
      const name = `${each.side} ${world.stores[each.side].get(TABLE[each.side], id)?.[NAMES[each.side].key ?? '']}`
      play.removed.set(name, (play.removed.get(name) ?? 0) + 1)
      if (each.silent) world.stores[each.side].removeSilently(TABLE[each.side], id)
      else world.stores[each.side].remove(TABLE[each.side], id)
      return
    }
    case 'archive': {
      const id = recordAt(world, each.side, each.nth)
      if (id !== null) world.stores[each.side].archive(TABLE[each.side], id)
      return
    }
    case 'parent': {
      const id = recordAt(world, each.side, each.nth)
      const parent = recordAt(world, each.side, each.parent)
      if (id !== null)
        world.stores[each.side].edit(TABLE[each.side], id, { [NAMES[each.side].parent ?? '']: Number(parent) })
      return
    }
    case 'line':
    case 'lineGap': {
      const apply = (): void => {
        const id = recordAt(world, each.side, each.nth)
        if (id !== null) editLine(play, id, each)
      }
      if (each.kind === 'line') return apply()
      let isDone = false
      world.stores[each.side].faults.beforeApply = () => {
        if (!isDone) apply()
        isDone = true
      }
      return
    }
    case 'begin': {
      const id = recordAt(world, 'odoo', each.nth)
      if (id === null || play.held !== null) return
      play.held = world.stores.odoo.begin()
      play.held.edit('partners', id, { [NAMES.odoo[each.field] ?? '']: each.value })
      play.heldNote = () => note(play, 'odoo', id, each.field, each.value)
      return
    }
    case 'commit':
      return commitHeld(play)
    case 'run':
      return attempt(() =>
        world.run({ depth: each.deep ? 'deep' : 'tail', sweeps: each.sweeps, compares: each.compares ? 100 : 0 }),
      )
    case 'settle':
      return comeToRest(play)
    case 'crash':
      world.killAt(each.point, each.times)
      return attempt(() => world.run({ sweeps: each.times === 2 }))
    case 'fault': {
      const error = new SyncError('network', 'fault', {
        inDoubt: each.how !== 'before' && (each.method === 'apply' || each.method === 'call'),
      })
      const how =
        each.how === 'before'
          ? { before: error }
          : { after: error, ...(each.how === 'half' ? { doneOperations: 1 } : {}) }
      world.stores[each.side].faults.inject({ method: each.method, skip: each.skip, ...how })
      return
    }
    case 'poison': {
      const name = NAMES[each.side].name ?? ''
      world.stores[each.side].faults.poison = (operation) =>
        operation.kind !== 'remove' && operation.fields[name] === each.name ? new SyncError('invalid', 'poison') : null
      return
    }
    case 'wait':
      world.advance(each.ms)
  }
}

function insert(play: Play, made: Extract<Command, { kind: 'insert' }>): void {
  const { side: at, key, name, email, phone, lines } = made
  const names = NAMES[at]
  const code = key === null ? null : `K${key}`
  const fields = {
    [names.name ?? '']: name,
    [names.key ?? '']: code,
    [names.email ?? '']: email,
    [names.phone ?? '']: phone,
  }
  try {
    const id = play.world.stores[at].insert(TABLE[at], fields)
    for (let line = 1; line <= (lines ?? 0); line++)
      editLine(play, id, { kind: 'line', side: at, nth: 0, line, qty: line, silent: true })
    if (code !== null) play.made.set(`${at} ${code}`, (play.made.get(`${at} ${code}`) ?? 0) + 1)
    for (const [field, value] of Object.entries({ name, email, phone, credit: null })) note(play, at, id, field, value)
  } catch (error) {
    // The code is taken in the shop.
    if (!(error instanceof SyncError)) throw error
  }
}

function editRecord(play: Play, at: Side, id: string, field: string, value: Value, isSilent: boolean): void {
  const store = play.world.stores[at]
  const fields = { [NAMES[at][field] ?? '']: value }
  if (isSilent) store.editSilently(TABLE[at], id, fields)
  else store.edit(TABLE[at], id, fields)
  note(play, at, id, field, value)
}

function editLine(
  play: Play,
  id: string,
  { kind, side: at, line: number, qty, silent }: Extract<Command, { kind: 'line' | 'lineGap' }>,
) {
  const store = play.world.stores[at]
  const { field, key } = LINES[at]
  const lines = linesAt(play.world, at, id)
  const others = lines.filter((each) => each[key] !== number)
  const own = lines.find((each) => each[key] === number)
  const edited = qty === null ? others : [...others, { ...(own ?? { [key]: number }), qty }]
  if (silent) store.editSilently(TABLE[at], id, { [field]: edited })
  else store.edit(TABLE[at], id, { [field]: edited })
  const name = `${at} ${id}`
  const noted = play.lines.get(name) ?? { last: new Map<number, number | null>(), met: new Set<number>() }
  play.lines.set(name, noted)
  if (kind === 'lineGap' && own === undefined && qty !== null) noted.met.add(number)
  noted.last.set(number, qty === null ? null : Number(qty.toFixed(2)))
}

function linesAt(world: World, at: Side, id: string): readonly Fields[] {
  return (world.stores[at].get(TABLE[at], id)?.[LINES[at].field] ?? []) as readonly Fields[]
}

/** No line is lost, doubled or made up: it is as its only writer left it, or as one of both did. */
async function checkLines({ world, lines, isCalm: nothingWentWrong }: Play, open: ReadonlySet<string>): Promise<void> {
  for (const link of await world.ledger.linksAfter('customers', 0, 1000)) {
    if (link.state !== 'live' || open.has(`odoo ${link.odooId}`)) continue
    const ids = { odoo: link.odooId, external: link.externalId }
    const noted = SIDES.flatMap((at) => lines.get(`${at} ${ids[at]}`) ?? [])
    for (const at of SIDES) {
      const stored = linesAt(world, at, ids[at])
      const numbers = stored.map((each) => each[LINES[at].key])
      // Added by a person between our reading and our writing of the same new line: nothing tells the two apart.
      const single = numbers.filter((number) => !noted.some(({ met }) => met.has(Number(number))))
      if (new Set(single).size < single.length) throw new Error(`lines of ${at} ${ids[at]} are doubled: ${numbers}`)
      for (const number of [1, 2, 3, 4]) {
        const left = new Set(noted.flatMap(({ last }) => (last.has(number) ? [last.get(number) ?? null] : [])))
        if (left.size === 0) continue
        const line = stored[numbers.indexOf(number)]
        const qty = line === undefined ? null : Number(Number(line.qty).toFixed(2))
        // A line that is taken away while its record's create is in doubt comes back.
        const mayComeBack = left.has(null) && left.size === 1 && !nothingWentWrong
        if (!left.has(qty) && !mayComeBack)
          throw new Error(`line ${number} of ${at} ${ids[at]} has ${qty}; people left it at ${[...left].join(' and ')}`)
      }
    }
  }
}

function note(play: Play, at: Side, id: string, field: string, value: Value): void {
  const name = `${at} ${id} ${field}`
  play.written.set(name, value)
  play.edits.set(name, (play.edits.get(name) ?? 0) + 1)
}

function commitHeld(play: Play): void {
  if (play.held === null) return
  play.held.commit()
  play.held = null
  play.heldNote()
}

/** A run may be killed, or stopped by a fault. */
async function attempt(task: () => Promise<unknown>): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (!(error instanceof Killed) && !(error instanceof SyncError)) throw error
  }
}

async function checkSums({ ledger }: World): Promise<void> {
  const counts = await ledger.counts('customers')
  for (const at of SIDES) if (!adds(counts[at])) throw new Error(`${at} does not add up: ${JSON.stringify(counts[at])}`)
}

/** No more faults; dead letters are retried; both sides come to rest. */
async function comeToRest(play: Play): Promise<void> {
  const { world } = play
  commitHeld(play)
  world.killAt(null)
  for (const at of SIDES) world.stores[at].faults.clear()
  addJitter(world)
  await world.settle()
  // Nothing is called deleted after an empty listing. A link that was made since the comparison waits for the next one.
  const isEmpty = SIDES.some((at) => world.stores[at].all(TABLE[at]).length === 0)
  if (isEmpty || world.events.some(({ kind }) => kind === 'created' || kind === 'adopted')) await world.settle()
  const dead = await world.ledger.changes('customers', { state: 'dead', limit: 1000 })
  if (dead.length > 0) {
    await world.ledger.retry(
      'customers',
      dead.map(({ change }) => change),
      world.nowMs(),
    )
    await world.settle()
  }
  const open = await disputed(world)
  // Two records that meet for the first time: a value may be the one that the other had all along.
  for (const { kind, odooId } of world.events) if (kind === 'adopted') open.add(`odoo ${odooId}`)
  world.events.length = 0
  await checkValues(play, open)
  await checkLines(play, open)
  if (play.isCalm) await checkWrites(play)
  for (const each of [play.written, play.edits, play.writes]) each.clear()
  // A line that was doubled stays so.
  for (const { last } of play.lines.values()) last.clear()
}

/** Who is in a conflict, by side and id: such a record may differ. */
async function disputed(world: World): Promise<Set<string>> {
  const open = await world.ledger.changes('customers', { limit: 1000 })
  const ids = new Set<string>()
  for (const { change, link } of open) {
    ids.add(`${change.side} ${change.id}`)
    if (link) ids.add(`odoo ${link.odooId}`).add(`external ${link.externalId}`)
  }
  return ids
}

/** Every value is one that somebody wrote: the only writer's, or one of both. */
async function checkValues({ world, written, checked }: Play, open: ReadonlySet<string>): Promise<void> {
  for (const link of await world.ledger.linksAfter('customers', 0, 1000)) {
    if (link.state !== 'live' || open.has(`odoo ${link.odooId}`)) continue
    const now = world.stores.odoo.get('partners', link.odooId)
    for (const field of checked) {
      const candidates = SIDES.flatMap((at) => {
        const id = at === 'odoo' ? link.odooId : link.externalId
        const value = written.get(`${at} ${id} ${field}`)
        return value === undefined ? [] : [stored(field, value)]
      })
      const actual = stored(field, now?.[NAMES.odoo[field] ?? ''] ?? null)
      if (candidates.length > 0 && !candidates.includes(actual)) {
        throw new Error(`${field} of odoo ${link.odooId} is ${actual}; written were ${candidates.join(' and ')}`)
      }
    }
  }
}

/** An edit leads to one write of that field at most: no echo, and no older value put over a newer one. */
async function checkWrites({ world, edits, writes }: Play): Promise<void> {
  for (const link of await world.ledger.linksAfter('customers', 0, 1000)) {
    for (const field of CHECKED) {
      const names = [`odoo ${link.odooId} ${field}`, `external ${link.externalId} ${field}`]
      const sum = (counts: ReadonlyMap<string, number>): number =>
        names.reduce((total, name) => total + (counts.get(name) ?? 0), 0)
      if (sum(writes) > sum(edits)) throw new Error(`${names[0]}: ${sum(edits)} edits led to ${sum(writes)} writes`)
    }
  }
}

/** What both sides make of a value in the end. */
function stored(field: string, value: Value): Value {
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim()
  // A number is never empty in Odoo.
  if (field === 'credit') return typeof value === 'number' ? Number(value.toFixed(2)) : 0
  return value
}

/** A partner is confirmed while the shop knows it by the phone number that asks for it, and once in its life. */
async function checkSteps(world: World, open: ReadonlySet<string>): Promise<void> {
  const { mapping } = await world.context()
  if (mapping.steps.length === 0) return
  for (const { id, fields } of world.stores.odoo.all('partners')) {
    if (Number(fields.confirmed) > 1) throw new Error(`odoo ${id} was confirmed ${fields.confirmed} times`)
  }
  for (const link of await world.ledger.linksAfter('customers', 0, 1000)) {
    if (link.state !== 'live' || open.has(`odoo ${link.odooId}`)) continue
    const isWanted = world.stores.external.get('customers', link.externalId)?.phone === '2'
    const isConfirmed = world.stores.odoo.get('partners', link.odooId)?.confirmed === 1
    if (isWanted && !isConfirmed) throw new Error(`odoo ${link.odooId} was not confirmed`)
  }
}

async function checkEnd({ world, made, created, removed }: Play): Promise<void> {
  const open = await disputed(world)
  const differences = (await world.differences()).filter((difference) => {
    if (difference.kind === 'unlinked') return !open.has(`${difference.side} ${difference.id}`)
    return !open.has(`odoo ${difference.odooId}`) && !open.has(`external ${difference.externalId}`)
  })
  if (differences.length > 0) throw new Error(`not converged: ${JSON.stringify(differences)}`)
  for (const [name, count] of created) {
    const [at = '', key = ''] = name.split(' ')
    const byPeople = made.get(`${at === 'odoo' ? 'external' : 'odoo'} ${key}`) ?? 1
    // What was removed before we knew that we had made it is made again.
    if (count > byPeople + (removed.get(name) ?? 0))
      throw new Error(`${count} records with ${key} were created in ${at}; people made ${byPeople}`)
  }
  await checkSteps(world, open)
  for (const at of SIDES) world.stores[at].resetCalls()
  await world.settle()
  const writes = SIDES.map((at) => world.stores[at].calls.writes)
  if (writes.some((count) => count > 0)) throw new Error(`quiet sides are written: ${writes.join(' and ')}`)
  await checkSums(world)
}
