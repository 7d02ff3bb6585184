import { randomBytes } from 'node:crypto'
import { SyncError } from '../contract/error.ts'
import type { PlannedStep } from '../engine/dry-run-newcomers.ts'
import { type Rehearsal, rehearse } from '../operations/dry-run.ts'
import { failureOf } from './page-tools.ts'
import type { RehearsalView } from './pages/resync-page.ts'
import type { ServerSite } from './site.ts'

/** So many steps are kept to be shown; all are counted. */
const MOST_STEPS = 1000
const MOST_REHEARSALS = 10
const KEPT_MS = 30 * 60_000

/** Dry runs that were asked for here. They hold values, so they are kept in memory only, and not for long. */
export interface Rehearsals {
  /** Begins one; the answer is its id. @throws SyncError `config` where the mapping does not run, `busy` where too many are under way. */
  begin(mapping: string, rehearsal: Rehearsal): string
  /** null: it is over for long, or was another process's. */
  find(id: string): RehearsalView | null
  /** Takes one that is to be carried out: it cannot be twice. */
  take(id: string): RehearsalView | null
}

interface Running {
  readonly startedMs: number
  view: RehearsalView
}

export function createRehearsals(site: ServerSite): Rehearsals {
  const all = new Map<string, Running>()

  const forgetOld = (): void => {
    for (const [id, { startedMs }] of all) if (site.clock.monotonicMs() - startedMs > KEPT_MS) all.delete(id)
    const done = [...all].filter(([, { view }]) => view.state !== 'running')
    for (const [id] of done.slice(0, Math.max(0, all.size - MOST_REHEARSALS + 1))) all.delete(id)
  }

  const perform = async (running: Running, mapping: string, rehearsal: Rehearsal): Promise<void> => {
    const steps: PlannedStep[] = []
    const sums: Partial<Record<PlannedStep['action'], number>> = {}
    let found = 0
    const context = site.contextOf(mapping)
    try {
      if (!context) throw new SyncError('config', `The daemon does not run ${mapping}; its log says why.`)
      for await (const step of rehearse(context, rehearsal, site.signal)) {
        found += 1
        sums[step.action] = (sums[step.action] ?? 0) + 1
        if (steps.length < MOST_STEPS) steps.push(step)
        running.view = { ...running.view, found }
      }
      running.view = { ...running.view, state: 'done', found, steps, sums }
    } catch (thrown) {
      const { message, hint } = failureOf(thrown)
      const error = site.config.redactor.redact([message, hint].filter(Boolean).join(' '))
      running.view = { ...running.view, state: 'failed', error }
    }
  }

  return {
    begin(mapping, rehearsal) {
      forgetOld()
      if (all.size >= MOST_REHEARSALS)
        throw new SyncError('busy', 'Too many dry runs are under way. Try again when one is over.')
      const id = randomBytes(9).toString('base64url')
      const view: RehearsalView = {
        ...{ id, mapping, rehearsal, state: 'running', found: 0 },
        steps: [],
        sums: {},
        error: null,
      }
      const running: Running = { startedMs: site.clock.monotonicMs(), view }
      all.set(id, running)
      void perform(running, mapping, rehearsal)
      return id
    },
    find: (id) => all.get(id)?.view ?? null,
    take(id) {
      const view = all.get(id)?.view ?? null
      if (view?.state !== 'done') return null
      all.delete(id)
      return view
    },
  }
}
