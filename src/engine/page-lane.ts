import type { RecordId } from '../contract/change.ts'
import type { Value } from '../contract/value.ts'
import { fieldOn, type KeyRule, otherSide, type Side } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import { foldedKey } from './match.ts'
import type { RunMemory } from './run-memory.ts'
import { carryOutPage, type NewPage, type PlannedPage, planPage } from './work-page.ts'

/** New pages, one after the other: while one is being sent, the next is planned already. */
export interface PageLane {
  /** Plans a page, and begins to send it when the one before is settled. @throws SyncError of either of them. */
  take(page: NewPage, onSettled: () => void): Promise<void>
  isBusy(): boolean
  /** Resolves when nothing is being sent any more. @throws SyncError of the page that was. */
  idle(): Promise<void>
}

/** The values of each of the mapping's match rules. */
type Names = readonly Set<string>[]

/** A page that is being sent. */
interface Sending {
  readonly side: Side
  /** By which its records, and the records that are made of them, can be matched. */
  readonly names: Names
  /** Records of the other side that it adopts. */
  readonly adopted: ReadonlySet<RecordId>
  readonly settled: Promise<void>
}

export function newPageLane(context: Context, memory: RunMemory, signal: AbortSignal): PageLane {
  let sending: Sending | null = null
  const isAlone = refersToItself(context)
  return {
    async take(page, onSettled) {
      const names = namesOf(context, page)
      const before = sending
      if (before && (isAlone || before.side !== page.side || isNamesake(names, before.names))) await before.settled
      let planned = await planPage(context, page, signal)
      await before?.settled
      // By several rules, records of two pages may have found the same one.
      if (before && isMet(adoptedBy(planned), before.adopted)) planned = await planPage(context, page, signal)
      const settled = carryOutPage(context, planned, memory, signal).then(onSettled)
      // Awaited by the next page, or when nothing else is left; until then a failure must not count as unhandled.
      settled.catch(() => {})
      addTargets(context, names, planned)
      sending = { side: page.side, names, adopted: adoptedBy(planned), settled }
    },
    isBusy: () => sending !== null,
    async idle() {
      const last = sending
      await last?.settled
      if (sending === last) sending = null
    },
  }
}

/** Whether records of a page may refer to records of the page before, so that those must have their links first. */
function refersToItself({ mapping }: Context): boolean {
  return mapping.fields.some(({ reference }) => reference?.kind === 'link' && reference.mapping === mapping.name)
}

/**
 * Everything by which records of a page are matched. Two pages that share a name are never dealt with at the same time:
 * what the first one creates has to be found by the second.
 */
function namesOf({ mapping }: Context, { side, states }: NewPage): Names {
  return mapping.match.map((rule) => {
    const names = new Set<string>()
    for (const { fields } of states) addName(names, rule, fields[fieldOn(rule, side)])
    return names
  })
}

/** Adds the values under which they are created on the other side, which may be others. */
function addTargets({ mapping }: Context, names: Names, { page, jobs }: PlannedPage): void {
  const target = otherSide(page.side)
  for (const [index, rule] of mapping.match.entries()) {
    for (const { writes } of jobs) {
      for (const { operation } of writes) {
        if (operation.kind === 'create') addName(names[index], rule, operation.fields[fieldOn(rule, target)])
      }
    }
  }
}

function addName(names: Set<string> | undefined, rule: KeyRule, value: Value | undefined): void {
  const key = foldedKey(value, rule)
  if (key !== null) names?.add(key)
}

function adoptedBy({ page, jobs }: PlannedPage): ReadonlySet<RecordId> {
  const adopted = new Set<RecordId>()
  for (const { adopts } of jobs) if (adopts) adopted.add(page.side === 'odoo' ? adopts.externalId : adopts.odooId)
  return adopted
}

function isNamesake(some: Names, others: Names): boolean {
  return some.some((names, index) => isMet(names, others[index] ?? new Set()))
}

function isMet(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const each of some) if (others.has(each)) return true
  return false
}
