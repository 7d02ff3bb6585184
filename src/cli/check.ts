import { Command } from 'commander'
import { type App, openApp } from '../app.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Problem, Report } from '../contract/connector.ts'
import { asSyncError } from '../contract/error.ts'
import { SIDES } from '../mapping/mapping.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { formatProblem } from '../mapping/problem.ts'
import { identityError, lookAtDatabase } from '../recognise.ts'
import { unmappedCollections } from '../server/webhooks/unmapped-collections.ts'
import { checkNeeds } from './check-needs.ts'
import { type ExitCode, exitCodeOf, worstOf } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'
import { age, plural } from './words.ts'

const HELP = `
Reads the configuration and every mapping, and asks both systems whether they can do what the mappings need: address,
key, database, models, tables, fields, rights. Changes nothing. Tells everything that it finds, not only the first.

Exits 2 when the configuration has to be changed, 3 when a system does not answer or refuses us, 1 when something else
is missing (a right), 0 otherwise; warnings are no failures.

With --json, one object: {"findings":[{"subject","severity","message","hint"}]}; severity is "ok", "warning" or "error".

Examples:
  tandem check
  tandem check --config /etc/tandem/config.yaml`

export function checkCommand(perform: Perform): Command {
  return new Command('check')
    .description('check configuration, connections, mappings and rights')
    .addHelpText('after', HELP)
    .action(perform(checkSetup))
}

interface Finding {
  /** A connection or a mapping by its name, or the file. */
  readonly subject: string
  readonly severity: 'ok' | 'warning' | 'error'
  readonly message: string
  readonly hint: string | null
}

/** What was found about one subject, and the exit code that it asks for. */
interface Found {
  readonly findings: readonly Finding[]
  readonly code: ExitCode
}

/** Tells everything that is found. */
export async function checkSetup(invocation: Invocation): Promise<ExitCode> {
  const setup = setupOf(invocation)
  const { signal } = invocation
  await using app = await openApp(setup, { emit: () => {}, readOnly: true })
  const found: Found[] = []
  const add = (each: Found): void => {
    found.push(each)
    if (!invocation.json) show(invocation, each.findings)
  }
  const mappings = plural(setup.files.length, 'mapping')
  add({ findings: [ok(setup.config.file, `${mappings} in ${setup.config.mappings}`)], code: 0 })
  const failed = new Set<string>()
  const connections = await Promise.all(
    [...setup.config.connections.keys()].map(async (name) => ({ name, ...(await checkConnection(app, name, signal)) })),
  )
  const unmapped = unmappedCollections(setup.config, setup.files)
  for (const each of connections) {
    add(each)
    add({ findings: unmapped.filter(({ connection }) => connection === each.name).map(unmappedFinding), code: 0 })
    if (each.code !== 0) failed.add(each.name)
  }
  for (const file of setup.files) {
    const unusable = SIDES.map((side) => file.definition[side].connection).filter((name) => failed.has(name))
    if (unusable.length === 0) add(await checkMapping(app, file, signal))
    else add({ findings: [skipped(file.name, unusable)], code: 0 })
  }
  signal.throwIfAborted()
  if (invocation.json) invocation.terminal.out(JSON.stringify({ findings: found.flatMap(({ findings }) => findings) }))
  return worstOf(found.map(({ code }) => code))
}

async function checkConnection(app: App, name: string, signal: AbortSignal): Promise<Found> {
  try {
    const report = await app.connections.refresh(name, signal)
    const clock = clockProblem(report.clockOffsetMs)
    const problems = [...report.problems, ...(clock ? [clock] : [])].map((problem) => ofProblem(name, problem))
    const look = await lookAtDatabase({ ...app, isReadOnly: true }, name, app.clock, signal)
    if (look.suspicion !== null) {
      const { message, hint } = identityError(name, look.suspicion, look.findings)
      problems.push(finding(name, 'error', message, hint))
    }
    return { findings: [ok(name, describeReport(report)), ...problems], code: codeOf(problems) }
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

async function checkMapping(app: App, file: MappingFile, signal: AbortSignal): Promise<Found> {
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
    return { findings, code: codeOf(findings) }
  } catch (error) {
    return failure(file.name, error)
  }
}

function failure(subject: string, error: unknown): Found {
  if (error instanceof ConfigError) {
    const findings = error.problems.map((problem) =>
      finding(subject, problem.severity, formatProblem({ ...problem, severity: 'error' })),
    )
    return { findings, code: exitCodeOf(error) }
  }
  const { message, hint } = asSyncError(error)
  return { findings: [finding(subject, 'error', message, hint)], code: exitCodeOf(error) }
}

function ofProblem(subject: string, { severity, message, hint }: Problem, collection?: string): Finding {
  return finding(subject, severity, collection === undefined ? message : `${collection}: ${message}`, hint)
}

function skipped(subject: string, connections: readonly string[]): Finding {
  return finding(subject, 'warning', `not checked: ${connections.join(' and ')} cannot be used`)
}

function unmappedFinding({
  connection,
  collection,
}: {
  readonly connection: string
  readonly collection: string
}): Finding {
  const message = `no mapping has the collection ${collection} of its webhooks: what they tell of it is dropped`
  return finding(connection, 'warning', message, 'Write its name as a mapping does, or take the entry out of `events`.')
}

function ok(subject: string, message: string): Finding {
  return finding(subject, 'ok', message)
}

function finding(subject: string, severity: Finding['severity'], message: string, hint: string | null = null): Finding {
  return { subject, severity, message, hint }
}

function codeOf(findings: readonly Finding[]): ExitCode {
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0
}

const SIGNS = { ok: '✓', warning: '!', error: '✗' } as const

function show({ terminal }: Invocation, findings: readonly Finding[]): void {
  const paint = { ok: terminal.colors.green, warning: terminal.colors.yellow, error: terminal.colors.red }
  for (const { subject, severity, message, hint } of findings) {
    terminal.out(`${paint[severity](SIGNS[severity])} ${terminal.colors.bold(subject)}: ${message}`)
    if (hint !== null) terminal.out(`    ${hint}`)
  }
}
