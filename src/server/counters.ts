import type { Counts } from '../ledger/counts.ts'
import type { Side } from '../mapping/mapping.ts'
import { listConflicts } from '../operations/conflicts.ts'
import { allDeadLetters } from '../operations/dead-letters.ts'
import { knownMappings } from '../operations/site.ts'
import { keepFor } from './keep-for.ts'
import type { ServerSite } from './site.ts'

const KEPT_MS = 3000
/** Beyond so many dead letters, the reasons are those of the newest ones. */
const MOST_LETTERS = 20_000
/** Up to so many changes in conflict, the pairs are counted one by one. */
const MOST_CONFLICTS = 500

export interface LetterQuestion {
  /** null: all of them. */
  readonly mapping: string | null
  readonly state: 'dead' | 'discarded'
}

/** What has to be counted one by one. */
export interface Counters {
  /** How many dead letters there are of each reason, the most frequent first. */
  kinds(question: LetterQuestion): Promise<ReadonlyMap<string, number>>
  /** How many records of a mapping are in conflict: where both sides captured one, they are two changes of one pair. */
  conflicts(mapping: string, counts: Readonly<Record<Side, Counts>>): Promise<number>
}

export function createCounters(site: ServerSite): Counters {
  const { monotonicMs } = site.clock
  // The numbers of changes are part of the question: when one is dealt with, the answer before does not serve any more.
  const kinds = keepFor(
    KEPT_MS,
    monotonicMs,
    ({ mapping, state, numbers }: LetterQuestion & { readonly numbers: string }) => `${state} ${mapping} ${numbers}`,
    (question) => countKinds(site, question),
  )
  const pairs = keepFor(
    KEPT_MS,
    monotonicMs,
    ({ mapping, numbers }: { readonly mapping: string; readonly numbers: string }) => `${mapping} ${numbers}`,
    async ({ mapping }) => (await listConflicts(site, { mapping, limit: MOST_CONFLICTS })).conflicts.length,
  )
  return {
    async kinds(question) {
      const numbers: number[] = []
      for (const name of await knownMappings(site, question.mapping)) {
        for (const { deadLetters, discarded } of Object.values(await site.ledger.counts(name))) {
          numbers.push(deadLetters, discarded)
        }
        numbers.push(await site.ledger.countSteps(name, question.state))
      }
      return kinds({ ...question, numbers: numbers.join(' ') })
    },
    async conflicts(mapping, { odoo, external }) {
      if (odoo.conflicts === 0 || external.conflicts === 0) return odoo.conflicts + external.conflicts
      if (odoo.conflicts + external.conflicts > MOST_CONFLICTS) return Math.max(odoo.conflicts, external.conflicts)
      return pairs({ mapping, numbers: `${odoo.conflicts} ${external.conflicts}` })
    },
  }
}

async function countKinds(site: ServerSite, question: LetterQuestion): Promise<ReadonlyMap<string, number>> {
  const kinds = new Map<string, number>()
  let seen = 0
  for await (const { change, task } of allDeadLetters(site, question)) {
    const code = (change ?? task)?.fault?.code ?? 'unexpected'
    kinds.set(code, (kinds.get(code) ?? 0) + 1)
    seen += 1
    if (seen === MOST_LETTERS) break
  }
  return new Map([...kinds].sort(([, a], [, b]) => b - a))
}
