import fc from 'fast-check'
import { expect } from 'vitest'
import type { ErrorCode } from '../../src/contract/error.ts'
import type { ChangeState, StoredChange } from '../../src/ledger/change.ts'
import type { Intent, NewIntent } from '../../src/ledger/intent.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { LinkWrite } from '../../src/ledger/link.ts'
import type { Settlement } from '../../src/ledger/settlement.ts'
import type { Work } from '../../src/ledger/work.ts'
import { otherSide, SIDES, type Side } from '../../src/mapping/mapping.ts'
import { change, intent, kept, link, NOW_MS, settlement, staging } from './examples.ts'

export const MAPPINGS = ['customers', 'companies'] as const
const RECORDS = 6
/** Kept changes are put off by up to this; the clock moves by steps of the same size. */
const PAUSE_MS = 10

const mapping = fc.constantFrom(...MAPPINGS)
const side = fc.constantFrom<Side>('odoo', 'external')
const id = fc.nat({ max: RECORDS - 1 }).map(String)
const outcome = fc.constantFrom('applied', 'unchanged', 'pending', 'discarded', 'waiting', 'conflict', 'dead', 'none')

/** What an engine, its crashes and its users may do with a ledger, in any order. */
export const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('stage' as const),
      mapping,
      changes: fc.array(fc.record({ side, id, gone: fc.boolean() }), { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      mapping,
      limit: fc.integer({ min: 1, max: 5 }),
      holdGone: fc.constantFrom<Side | null>('odoo', 'external', null),
      intend: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      mapping,
      outcomes: fc.array(outcome, { minLength: 1, maxLength: 6 }),
      links: fc.boolean(),
      awaited: fc.record({ mapping, side, id }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('retry' as const, 'release' as const, 'expire' as const, 'unlink' as const),
      mapping,
    }),
  },
  { weight: 1, arbitrary: fc.record({ mapping, do: fc.constantFrom('wait' as const, 'restart' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer Taken> ? Taken : never

/** Runs steps on a ledger and checks after each that it adds up and that nothing is given twice. */
export class History {
  #ledger: Ledger
  readonly #reopen: () => Promise<Ledger>
  #nowMs = NOW_MS
  /** Works that were taken and not settled, by mapping. */
  readonly #taken = new Map<string, Work[]>(MAPPINGS.map((name) => [name, []]))

  constructor(ledger: Ledger, reopen: () => Promise<Ledger>) {
    this.#ledger = ledger
    this.#reopen = reopen
  }

  async run(next: Step): Promise<void> {
    if (next.do === 'wait') this.#nowMs += PAUSE_MS
    else if (next.do === 'restart') await this.#restart()
    else if (next.do === 'stage') {
      const changes = next.changes.map(({ side, id, gone }) => change(id, { side, kind: gone ? 'gone' : 'state' }))
      await this.#ledger.stage(next.mapping, staging(changes, { nowMs: this.#nowMs }))
    } else if (next.do === 'take') await this.#take(next)
    else if (next.do === 'settle') await this.#settle(next)
    else await this.#act(next.do, next.mapping)
    for (const name of MAPPINGS) {
      await this.#checkCounts(name)
      await this.#checkQueue(name)
    }
  }

  async #restart(): Promise<void> {
    this.#ledger = await this.#reopen()
    for (const works of this.#taken.values()) works.length = 0
  }

  async #take(next: Extract<Step, { do: 'take' }>): Promise<void> {
    const skip = next.holdGone === null ? {} : { [next.holdGone]: 0 }
    const works = await this.#ledger.take(next.mapping, this.#nowMs, next.limit, skip)
    expect(works.length).toBeLessThanOrEqual(next.limit)
    const busy = await this.#busy(next.mapping)
    for (const work of works) for (const { side, id } of concerned(work)) expect(busy).not.toContain(`${side}:${id}`)
    if (!next.intend) return
    const intents = works.flatMap((work) => {
      const cause = causeOf(work)
      const side = otherSide(cause.side)
      const id = side === 'odoo' ? work.link?.odooId : work.link?.externalId
      const operation = id === undefined ? ({ kind: 'create', fields: {} } as const) : ({ kind: 'remove', id } as const)
      return [intent(cause, { side, cause, ids: idsOf(work), operation })]
    })
    await this.#ledger.intend(next.mapping, intents, this.#nowMs)
    this.#taken.get(next.mapping)?.push(...works)
  }

  async #settle(next: Extract<Step, { do: 'settle' }>): Promise<void> {
    const works = this.#taken.get(next.mapping)?.splice(0, next.outcomes.length) ?? []
    const open = await this.#ledger.openIntents(next.mapping)
    const resolved: Settlement['resolved'][number][] = []
    const keeps: Settlement['kept'][number][] = []
    works.forEach((work, index) => {
      const as = next.outcomes[index] ?? 'none'
      const cause = causeOf(work)
      if (as === 'applied' || as === 'unchanged') resolved.push({ ...cause, as })
      else if (as !== 'none') keeps.push(this.#keep(cause, as as ChangeState, next.awaited))
    })
    const links = next.links ? await this.#newLinks(next.mapping, works) : []
    const intents = open.filter((one) => works.some((work) => isCause(one, causeOf(work)))).map((one) => one.id)
    const settled = settlement({ nowMs: this.#nowMs, resolved, kept: keeps, links, intents })
    const released = await this.#ledger.settle(next.mapping, settled)
    for (const name of released) expect(MAPPINGS).toContain(name)
    for (const name of MAPPINGS) await this.#checkWaits(name)
  }

  #keep(cause: StoredChange, state: ChangeState, awaited: { mapping: string; side: Side; id: string }) {
    const notBeforeMs = cause.seq % 2 === 0 ? this.#nowMs + PAUSE_MS : 0
    return kept(cause, { state, notBeforeMs, attempts: 1, waitsFor: state === 'waiting' ? [awaited] : [] })
  }

  async #newLinks(name: string, works: readonly Work[]): Promise<LinkWrite[]> {
    const links: LinkWrite[] = []
    const used = new Set<string>()
    for (const work of works) {
      if (work.link !== null) continue
      const { id } = causeOf(work)
      if (used.has(id)) continue
      used.add(id)
      const taken = [await this.#ledger.links(name, 'odoo', [id]), await this.#ledger.links(name, 'external', [id])]
      if (taken.every((found) => found.size === 0)) links.push(link(id, id))
    }
    return links
  }

  async #act(what: 'retry' | 'release' | 'expire' | 'unlink', name: string): Promise<void> {
    const fault = { code: 'waiting' satisfies ErrorCode as ErrorCode, message: 'late', hint: null }
    if (what === 'release') {
      await this.#ledger.releaseCycle((await this.#ledger.waits(2)).map((wait) => wait.change))
    } else if (what === 'expire') {
      await this.#ledger.expireWaiting(name, this.#nowMs - PAUSE_MS, fault, this.#nowMs)
    } else if (what === 'retry') {
      const listed = await this.#ledger.changes(name, { limit: 3 })
      await this.#ledger.retry(
        name,
        listed.map((entry) => entry.change),
        this.#nowMs,
      )
    } else {
      const [first] = await this.#ledger.linksAfter(name, 0, 1)
      if (first) await this.#ledger.settle(name, settlement({ links: [{ kind: 'delete', id: first.id }] }))
    }
  }

  async #busy(name: string): Promise<Set<string>> {
    return new Set(
      (await this.#ledger.openIntents(name)).flatMap((open) => [
        `${open.cause.side}:${open.cause.id}`,
        ...(open.operation.kind === 'create' ? [] : [`${open.side}:${open.operation.id}`]),
        ...SIDES.flatMap((side) => (open.ids[side] === null ? [] : [`${side}:${open.ids[side]}`])),
      ]),
    )
  }

  async #checkCounts(name: string): Promise<void> {
    const counts = await this.#ledger.counts(name)
    const listed = await this.#ledger.changes(name, { limit: 1_000 })
    for (const side of SIDES) {
      const { captured, applied, unchanged, superseded, discarded, ...present } = counts[side]
      const { pending, waiting, conflicts, deadLetters } = present
      expect(captured).toBe(applied + unchanged + superseded + discarded + pending + waiting + conflicts + deadLetters)
      const count = (state: ChangeState) =>
        listed.filter(({ change }) => change.side === side && change.state === state).length
      expect(present).toEqual({
        pending: count('pending'),
        waiting: count('waiting'),
        conflicts: count('conflict'),
        deadLetters: count('dead'),
      })
      for (const kind of ['state', 'gone'] as const) {
        const expected = listed.filter(({ change }) => change.side === side && change.kind === kind).length
        expect(await this.#ledger.countChanges(name, { side, kind })).toBe(expected)
      }
    }
    expect(await this.#ledger.countLinks(name)).toBe((await this.#ledger.linksAfter(name, 0, 100)).length)
  }

  /** Everything that is due and free is given, and nothing else; asked twice, the answer is the same. */
  async #checkQueue(name: string): Promise<void> {
    const busy = await this.#busy(name)
    const works = await this.#ledger.take(name, this.#nowMs, 1_000)
    expect(await this.#ledger.take(name, this.#nowMs, 1_000)).toEqual(works)
    const given = works.flatMap(concerned).map(({ side, id }) => `${side}:${id}`)
    expect(new Set(given).size).toBe(given.length)
    const listed = await this.#ledger.changes(name, { state: 'pending', limit: 1_000 })
    const due = listed
      .filter(({ change: { side, id, notBeforeMs }, link: joined }) => {
        const other =
          joined === null ? null : side === 'odoo' ? `external:${joined.externalId}` : `odoo:${joined.odooId}`
        return notBeforeMs <= this.#nowMs && !busy.has(`${side}:${id}`) && (other === null || !busy.has(other))
      })
      .map(({ change: { side, id } }) => `${side}:${id}`)
    for (const record of due) expect(given).toContain(record)
    for (const work of works) for (const { side, id } of concerned(work)) expect(busy).not.toContain(`${side}:${id}`)
    if (works.length > 0) expect(await this.#ledger.nextDueMs(name)).toBeLessThanOrEqual(this.#nowMs)
  }

  /** Nothing sleeps although the record that it waits for has a link. */
  async #checkWaits(name: string): Promise<void> {
    for (const { change, waitsFor } of await this.#ledger.waits(1_000)) {
      if (change.mapping !== name) continue
      for (const awaited of waitsFor) {
        const found = await this.#ledger.links(awaited.mapping, awaited.side, [awaited.id])
        expect(found.size).toBe(0)
      }
    }
  }
}

function concerned(work: Work): StoredChange[] {
  return [work.odoo, work.external].filter((change) => change !== null)
}

function idsOf({ link, odoo, external }: Work): NewIntent['ids'] {
  return { odoo: link?.odooId ?? odoo?.id ?? null, external: link?.externalId ?? external?.id ?? null }
}

function causeOf(work: Work): StoredChange {
  const cause = work.odoo ?? work.external
  if (cause === null) throw new Error('a work without a change')
  return cause
}

function isCause(open: Intent, cause: StoredChange): boolean {
  return open.cause.side === cause.side && open.cause.id === cause.id && open.cause.seq === cause.seq
}
