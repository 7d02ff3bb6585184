import { Argument, Command } from 'commander'
import { complete } from './completion/complete.ts'
import { namesOf } from './completion/names.ts'
import { SCRIPTS, SHELLS, type Shell } from './completion/scripts.ts'
import type { Perform } from './invocation.ts'

const HELP = `
Prints a script that completes commands, options, and the names of mappings and connections of the configuration.

With --json, one object: {"shell","script"}

Examples:
  source <(tandem completion bash)                                      in ~/.bashrc
  source <(tandem completion zsh)                                       in ~/.zshrc, after compinit
  tandem completion fish > ~/.config/fish/completions/tandem.fish`

export function completionCommand(perform: Perform): Command {
  return new Command('completion')
    .description('print a script that completes command lines in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText('after', HELP)
    .action(
      perform(async ({ terminal, json }, command) => {
        const shell = (command.args[0] ?? 'bash') as Shell
        if (json) terminal.out(JSON.stringify({ shell, script: SCRIPTS[shell] }))
        else terminal.out(SCRIPTS[shell].trimEnd())
        return 0
      }),
    )
}

const FORMATS = ['plain', 'colon', 'tab'] as const
type Format = (typeof FORMATS)[number]

/** What the scripts call: not for people. */
export function completeCommand(perform: Perform): Command {
  return new Command('__complete')
    .addArgument(new Argument('<format>').choices(FORMATS))
    .argument('[words...]')
    .action(
      perform(async ({ terminal, config }, command) => {
        const [format = 'plain', ...words] = command.args
        const program = command.parent
        if (!program) return 0
        const found = complete(program, words, namesOf(configIn(words) ?? config))
        for (const { value, description } of found) terminal.out(lineOf(format as Format, value, description))
        return 0
      }),
    )
}

/** The configuration that the line itself names. */
function configIn(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '-c' || word === '--config')
  return at < 0 || at + 2 >= words.length ? undefined : words[at + 1]
}

function lineOf(format: Format, value: string, description: string): string {
  if (format === 'plain' || description === '') return format === 'colon' ? value.replaceAll(':', '\\:') : value
  return format === 'tab' ? `${value}\t${description}` : `${value.replaceAll(':', '\\:')}:${description}`
}
