import { type App, openApp, type Setup } from '../app.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Problem, Report } from '../contract/connector.ts'
import { asSyncError } from '../contract/error.ts'
import { SIDES } from '../mapping/mapping.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { formatProblem } from '../mapping/problem.ts'
import { identityError, lookAtDatabase } from '../recognise.ts'
import { age, plural } from '../words.ts'
import { checkNeeds } from './check-needs.ts'
import { unmappedCollections } from './unmapped-collections.ts'

export interface CheckFinding {
  /** A connection or a mapping by its name, or the file. */
  readonly subject: string
  readonly severity: 'ok' | 'warning' | 'error'
  readonly message: string
  readonly hint: string | null
}

/** What was found about one subject. */
export interface Checked {
  readonly findings: readonly CheckFinding[]
  /** Why it could not be looked at; null: it could. */
  readonly error: unknown
}

/**
 * Asks both systems of every mapping whether they can do what is needed. Tells everything that it finds, as it is found,
 * and changes nothing. It has connections of its own, so that it works beside a daemon and within one.
 */
export async function* checkSetup(setup: Setup, signal: AbortSignal): AsyncGenerator<Checked> {
  await using app = await openApp(setup, { emit: () => {}, readOnly: true })
  const mappings = plural(setup.files.length, 'mapping')
  yield { findings: [ok(setup.config.file, `${mappings} in ${setup.config.mappings}`)], error: null }
  const failed = new Set<string>()
  const connections = await Promise.all(
    [...setup.config.connections.keys()].map(async (name) => ({ name, ...(await checkConnection(app, name, signal)) })),
  )
  const unmapped = unmappedCollections(setup)
  for (const { name, findings, error } of connections) {
    yield { findings, error }
    yield { findings: unmapped.filter(({ connection }) => connection === name).map(droppedFinding), error: null }
    if (isBad({ findings, error })) failed.add(name)
  }
  for (const file of setup.files) {
    const unusable = SIDES.map((side) => file.definition[side].connection).filter((name) => failed.has(name))
    if (unusable.length === 0) yield await checkMapping(app, file, signal)
    else yield { findings: [skipped(file.name, unusable)], error: null }
  }
  signal.throwIfAborted()
}

/** Whether something is missing, or could not be looked at. */
export function isBad({ findings, error }: Checked): boolean {
  return error !== null || findings.some(({ severity }) => severity === 'error')
}

async function checkConnection(app: App, name: string, signal: AbortSignal): Promise<Checked> {
  try {
    const report = await app.connections.refresh(name, signal)
    const clock = clockProblem(report.clockOffsetMs)
    const problems = [...report.problems, ...(clock ? [clock] : [])].map((problem) => ofProblem(name, problem))
    const look = await lookAtDatabase({ ...app, isReadOnly: true }, name, app.clock, signal)
    if (look.suspicion !== null) {
      const { message, hint } = identityError(name, look.suspicion, look.findings)
      problems.push(finding(name, 'error', message, hint))
    }
    return { findings: [ok(name, describeReport(report)), ...problems], error: null }
  } catch (error) {
    return failure(name, error)
  }
}

/** How far a clock may be off: more than its own measurement, and than people notice. */
const CLOCK_LIMIT_MS = 3000

function clockProblem(offsetMs: number | null): Problem | null {
  if (offsetMs === null || Math.abs(offsetMs) < CLOCK_LIMIT_MS) return null
  return {
    severity: 'warning',
    message: `Its ${clockText(offsetMs)}`,
    hint: 'Nothing is lost by that: the offset is taken into account where the newest edit wins. Let NTP keep both clocks.',
  }
}

function describeReport({ server, user, clockOffsetMs, identity }: Report): string {
  const clock =
    clockOffsetMs === null ? null : Math.abs(clockOffsetMs) < 1000 ? 'clock in step' : clockText(clockOffsetMs)
  const parts = [server ?? 'answers', user === null ? null : `as ${user}`, clock, describeIdentity(identity)]
  return parts.filter(Boolean).join(', ')
}

function describeIdentity(identity: Report['identity']): string | null {
  const traits = Object.entries(identity?.traits ?? {}).map(([name, value]) => `${name} ${value}`)
  return traits.length === 0 ? null : `database ${traits.join(', ')}`
}

function clockText(offsetMs: number): string {
  return `clock ${age(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead' : 'behind'}`
}

async function checkMapping(app: App, file: MappingFile, signal: AbortSignal): Promise<Checked> {
  try {
    const { context, warnings } = await app.connect(file, signal)
    const { sides, mapping } = context
    const names = `${sides.odoo.schema.name} ↔ ${sides.external.schema.name}`
    const findings = [
      ok(file.name, `${names}, ${plural(mapping.fields.length, 'field')}, direction ${mapping.direction}`),
      ...warnings.map((warning) => finding(file.name, 'warning', formatProblem({ ...warning, severity: 'error' }))),
    ]
    for (const side of SIDES) {
      const problems = await sides[side].collection.check(checkNeeds(mapping, side), signal)
      findings.push(...problems.map((problem) => ofProblem(file.name, problem, sides[side].schema.name)))
    }
    return { findings, error: null }
  } catch (error) {
    return failure(file.name, error)
  }
}

function failure(subject: string, error: unknown): Checked {
  if (error instanceof ConfigError) {
    const findings = error.problems.map((problem) =>
      finding(subject, problem.severity, formatProblem({ ...problem, severity: 'error' })),
    )
    return { findings, error }
  }
  const { message, hint } = asSyncError(error)
  return { findings: [finding(subject, 'error', message, hint)], error }
}

function ofProblem(subject: string, { severity, message, hint }: Problem, collection?: string): CheckFinding {
  return finding(subject, severity, collection === undefined ? message : `${collection}: ${message}`, hint)
}

function skipped(subject: string, connections: readonly string[]): CheckFinding {
  return finding(subject, 'warning', `not checked: ${connections.join(' and ')} cannot be used`)
}

function droppedFinding({ connection, collection }: ReturnType<typeof unmappedCollections>[number]): CheckFinding {
  const message = `no mapping has the collection ${collection} of its webhooks: what they tell of it is dropped`
  return finding(connection, 'warning', message, 'Write its name as a mapping does, or take the entry out of `events`.')
}

function ok(subject: string, message: string): CheckFinding {
  return finding(subject, 'ok', message)
}

function finding(
  subject: string,
  severity: CheckFinding['severity'],
  message: string,
  hint: string | null = null,
): CheckFinding {
  return { subject, severity, message, hint }
}
