import { Command } from 'commander'
import { type CheckFinding, checkSetup, isBad } from '../operations/check.ts'
import { type ExitCode, exitCodeOf, worstOf } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'

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
    .action(perform(check))
}

/** Tells everything that is found. */
export async function check(invocation: Invocation): Promise<ExitCode> {
  const findings: CheckFinding[] = []
  const codes: ExitCode[] = []
  for await (const checked of checkSetup(setupOf(invocation), invocation.signal)) {
    findings.push(...checked.findings)
    codes.push(checked.error === null ? (isBad(checked) ? 1 : 0) : exitCodeOf(checked.error))
    if (!invocation.json) show(invocation, checked.findings)
  }
  if (invocation.json) invocation.terminal.out(JSON.stringify({ findings }))
  return worstOf(codes)
}

const SIGNS = { ok: '✓', warning: '!', error: '✗' } as const

function show({ terminal }: Invocation, findings: readonly CheckFinding[]): void {
  const paint = { ok: terminal.colors.green, warning: terminal.colors.yellow, error: terminal.colors.red }
  for (const { subject, severity, message, hint } of findings) {
    terminal.out(`${paint[severity](SIGNS[severity])} ${terminal.colors.bold(subject)}: ${message}`)
    if (hint !== null) terminal.out(`    ${hint}`)
  }
}
