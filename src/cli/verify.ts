import { Command } from 'commander'
import { type App, openApp } from '../app.ts'
import { type Difference, verify } from '../engine/verify.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { plural, shown } from '../words.ts'
import { eachMapping } from './each-mapping.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { createProgress } from './progress.ts'
import { mappingsNamed, setupOf } from './setup.ts'

const HELP = `
Reads both sides in full and tells every difference. Trusts nothing that Tandem remembers but which records belong
together. Changes nothing. Exits 1 when there are differences. What changes while it runs may show as one.

Values that one side stores in a form of its own, and that were in step when they were written, are no differences;
with --strict they are told, too.

With --json, one object a line, each a difference ("mapping"; "kind" is "field", "missing" or "unlinked"), then for each
mapping {"summary":{"mapping","compared","differences"}}, or {"mapping","error"} where it could not be done.

Examples:
  tandem verify
  tandem verify customers
  tandem verify customers --json | jq -r 'select(.kind == "missing") | .odooId'`

export function verifyCommand(perform: Perform): Command {
  return new Command('verify')
    .description('prove that both sides say the same')
    .argument('[mapping...]', 'which mappings; all of them without')
    .option('--strict', 'tell values too that are stored differently on purpose', false)
    .addHelpText('after', HELP)
    .action(
      perform((invocation, command) =>
        verifyMappings(invocation, command.args, command.opts<{ strict: boolean }>().strict),
      ),
    )
}

async function verifyMappings(invocation: Invocation, names: readonly string[], isStrict: boolean): Promise<ExitCode> {
  const setup = setupOf(invocation)
  const files = mappingsNamed(setup, names)
  await using app = await openApp(setup, { emit: () => {}, readOnly: true })
  return await eachMapping(invocation, files, (file) => verifyMapping(invocation, app, file, isStrict))
}

async function verifyMapping(
  { terminal, signal, json }: Invocation,
  app: App,
  file: MappingFile,
  isStrict: boolean,
): Promise<ExitCode> {
  const { name } = file
  const { context } = await app.connect(file, signal)
  const progress = createProgress(terminal, `${name}: linked records compared:`)
  let compared = 0
  let differences = 0
  const onProgress = (told: { readonly compared: number; readonly total: number }): void => {
    compared = told.compared
    progress.update(told.compared, told.total, plural(differences, 'difference'))
  }
  for await (const difference of verify(context, onProgress, signal)) {
    if (difference.kind === 'field' && difference.isAsSeen && !isStrict) continue
    differences += 1
    terminal.out(json ? JSON.stringify({ mapping: name, ...difference }) : describe(name, difference))
  }
  progress.end()
  if (json) terminal.out(JSON.stringify({ summary: { mapping: name, compared, differences } }))
  else {
    const result = differences === 0 ? 'no differences' : plural(differences, 'difference')
    terminal.out(`${name}: ${plural(compared, 'linked record')} compared, ${result}`)
  }
  return differences === 0 ? 0 : 1
}

function describe(mapping: string, difference: Difference): string {
  if (difference.kind === 'unlinked') {
    return `${mapping} (${difference.side} ${difference.id}): is not on the other side`
  }
  const { odooId, externalId, key } = difference
  const record = `${mapping} ${key === null ? '' : `${key} `}(odoo ${odooId} ↔ external ${externalId})`
  if (difference.kind === 'missing') return `${record}: does not exist in ${difference.side} any more`
  return `${record}: ${difference.field}: odoo ${shown(difference.odoo)}, external ${shown(difference.external)}`
}
