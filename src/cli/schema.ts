import { Argument, Command } from 'commander'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'

const HELP = `
Prints the JSON Schema of config.yaml or of a mapping file, by which editors complete keys and show mistakes while one types. A
file names its schema in its first line:

  # yaml-language-server: $schema=./schema/config.json

With --json, the same on one line.

Examples:
  tandem schema config > config.schema.json
  tandem schema mapping > mappings/mapping.schema.json`

export function schemaCommand(perform: Perform): Command {
  return new Command('schema')
    .description('print the JSON Schema of the configuration or of mappings, for editors')
    .addArgument(new Argument('<of>', 'which file').choices(['config', 'mapping']))
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => print(invocation, command.args[0] ?? '')))
}

async function print({ terminal, json }: Invocation, of: string): Promise<ExitCode> {
  const schema =
    of === 'config'
      ? await (await import('../json-schema/config-json-schema.ts')).configJsonSchema()
      : await (await import('../json-schema/mapping-json-schema.ts')).mappingJsonSchema()
  terminal.out(JSON.stringify(schema, null, json ? 0 : 2))
  return 0
}
