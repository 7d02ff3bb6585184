import { randomBytes } from 'node:crypto'
import { SyncError } from '../contract/error.ts'
import type { Context } from '../engine/context.ts'
import type { PlannedStep } from '../engine/dry-run-newcomers.ts'
import { type Difference, verify } from '../engine/verify.ts'
import { type Rehearsal, rehearse } from '../operations/dry-run.ts'
import { mappingNamed } from '../operations/site.ts'
import { failureOf } from './page-tools.ts'
import type { ServerSite } from './site.ts'

/** So many findings are kept to be shown; all are counted. */
const MOST_FINDINGS = 1000
const MOST_STUDIES = 10
const KEPT_MS = 30 * 60_000

/** A look at both systems of a mapping that changes nothing and takes a while. */
export interface Study<Subject, Finding> {
  readonly id: string
  readonly mapping: string
  readonly subject: Subject
  readonly state: 'running' | 'done' | 'failed'
  readonly found: number
  /** How many there are of each kind. */
  readonly sums: Readonly<Record<string, number>>
  /** The first of them, once it is done. */
  readonly findings: readonly Finding[]
  /** Why it failed. */
  readonly error: string | null
}

/** Studies that were asked for here. What they find holds values: it is kept in memory only, and not for long. */
export interface Studies<Subject, Finding> {
  /** Begins one; the answer is its id. @throws SyncError `config` for an unknown mapping, `busy` where too many are under way. */
  begin(mapping: string, subject: Subject): string
  /** null: it is over for long, or was another process's. */
  find(id: string): Study<Subject, Finding> | null
  /** Takes one that is to be carried out: it cannot be twice. */
  take(id: string): Study<Subject, Finding> | null
}

export type DryRun = Study<Rehearsal, PlannedStep>
export type Verification = Study<VerifySubject, Difference>

export interface VerifySubject {
  /** Tell values too that are stored differently on purpose. */
  readonly strict: boolean
}

/** What can be looked at. */
export interface AllStudies {
  readonly dryRuns: Studies<Rehearsal, PlannedStep>
  readonly verifications: Studies<VerifySubject, Difference>
}

export function createAllStudies(site: ServerSite): AllStudies {
  return {
    dryRuns: createStudies(site, ({ action }) => action, rehearse),
    verifications: createStudies(site, ({ kind }) => kind, differences),
  }
}

async function* differences(
  context: Context,
  { strict }: VerifySubject,
  signal: AbortSignal,
): AsyncGenerator<Difference> {
  for await (const difference of verify(context, () => {}, signal)) {
    if (strict || difference.kind !== 'field' || !difference.isAsSeen) yield difference
  }
}

interface Entry<Subject, Finding> {
  readonly startedMs: number
  study: Study<Subject, Finding>
}

function createStudies<Subject, Finding>(
  site: ServerSite,
  kindOf: (finding: Finding) => string,
  look: (context: Context, subject: Subject, signal: AbortSignal) => AsyncIterable<Finding>,
): Studies<Subject, Finding> {
  const all = new Map<string, Entry<Subject, Finding>>()

  const forgetOld = (): void => {
    for (const [id, { startedMs }] of all) if (site.clock.monotonicMs() - startedMs > KEPT_MS) all.delete(id)
    const over = [...all].filter(([, { study }]) => study.state !== 'running')
    for (const [id] of over.slice(0, Math.max(0, all.size - MOST_STUDIES + 1))) all.delete(id)
  }

  const perform = async (entry: Entry<Subject, Finding>): Promise<void> => {
    const { mapping, subject } = entry.study
    const findings: Finding[] = []
    const sums: Record<string, number> = {}
    let found = 0
    try {
      const context = site.contextOf(mapping)
      if (!context) throw new SyncError('config', `The daemon does not run ${mapping}; its log says why.`)
      for await (const finding of look(context, subject, site.signal)) {
        found += 1
        const kind = kindOf(finding)
        sums[kind] = (sums[kind] ?? 0) + 1
        if (findings.length < MOST_FINDINGS) findings.push(finding)
        entry.study = { ...entry.study, found }
      }
      entry.study = { ...entry.study, state: 'done', found, findings, sums }
    } catch (thrown) {
      const { message, hint } = failureOf(thrown)
      const error = site.config.redactor.redact([message, hint].filter(Boolean).join(' '))
      entry.study = { ...entry.study, state: 'failed', error }
    }
  }

  return {
    begin(mapping, subject) {
      mappingNamed(site, mapping)
      forgetOld()
      if (all.size >= MOST_STUDIES) throw new SyncError('busy', 'Too much is being looked at. Try again in a while.')
      const id = randomBytes(9).toString('base64url')
      const study: Study<Subject, Finding> = {
        ...{ id, mapping, subject, state: 'running', found: 0 },
        ...{ sums: {}, findings: [], error: null },
      }
      const entry = { startedMs: site.clock.monotonicMs(), study }
      all.set(id, entry)
      void perform(entry)
      return id
    },
    find: (id) => all.get(id)?.study ?? null,
    take(id) {
      const study = all.get(id)?.study ?? null
      if (study?.state !== 'done') return null
      all.delete(id)
      return study
    },
  }
}
