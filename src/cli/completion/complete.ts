import type { Argument, Command, Option } from 'commander'

export interface Suggestion {
  readonly value: string
  readonly description: string
}

/** The names that stand in the configuration. Asked only where they are needed. */
export interface Names {
  mappings(): readonly string[]
  connections(): readonly string[]
}

/**
 * What may stand at the end of a command line. `words`: what follows the program's name; the last one is what has been typed so
 * far, and may be empty. Empty where a file or anything else may stand.
 */
export function complete(program: Command, words: readonly string[], names: Names): readonly Suggestion[] {
  const partial = words.at(-1) ?? ''
  const { command, taken, awaiting } = walk(program, words.slice(0, -1))
  return candidates(command, taken, awaiting, partial, names).filter(({ value }) => value.startsWith(partial))
}

interface Place {
  readonly command: Command
  /** How many arguments of the command are there. */
  readonly taken: number
  /** The option whose value comes next. */
  readonly awaiting: Option | null
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program
  let taken = 0
  let awaiting: Option | null = null
  for (const word of words) {
    const option: Option | undefined = optionsOf(command).find(({ short, long }) => word === short || word === long)
    const below: Command | undefined = command.commands.find((each) => each.name() === word)
    if (awaiting?.required && !option) {
      // One that takes several goes on until something else begins.
      awaiting = awaiting.variadic ? awaiting : null
    } else if (option) awaiting = option.required ? option : null
    else if (word.startsWith('-')) awaiting = null
    else if (below && taken === 0) command = below
    else taken += 1
  }
  return { command, taken, awaiting }
}

function candidates(
  command: Command,
  taken: number,
  awaiting: Option | null,
  partial: string,
  names: Names,
): readonly Suggestion[] {
  if (partial.startsWith('-')) return optionsOf(command).flatMap((option) => spelled(option))
  if (awaiting) return valuesOf(awaiting.argChoices, awaiting.attributeName(), names)
  const below = taken === 0 ? command.commands.filter((each) => !isHidden(each)) : []
  const own = below.map((each) => ({ value: each.name(), description: each.description() }))
  return [...own, ...ofArgument(argumentAt(command, taken), names)]
}

/** The argument at a place; of a command that only has others below it, of the one that is meant without a name. */
function argumentAt(command: Command, at: number): Argument | undefined {
  const fallback = defaultOf(command)
  const known = (fallback ?? command).registeredArguments
  const last = known.at(-1)
  return known[at] ?? (last?.variadic ? last : undefined)
}

function defaultOf(command: Command): Command | undefined {
  const { _defaultCommandName: name } = command as Command & { readonly _defaultCommandName?: string | null }
  return command.commands.find((each) => each.name() === name)
}

function ofArgument(argument: Argument | undefined, names: Names): readonly Suggestion[] {
  return argument ? valuesOf(argument.argChoices, argument.name(), names) : []
}

function valuesOf(choices: readonly string[] | undefined, name: string, names: Names): readonly Suggestion[] {
  if (choices) return choices.map((value) => ({ value, description: '' }))
  if (name === 'mapping') return names.mappings().map((value) => ({ value, description: 'mapping' }))
  if (name === 'connection') return names.connections().map((value) => ({ value, description: 'connection' }))
  if (name === 'side') return ['odoo', 'external'].map((value) => ({ value, description: 'side' }))
  return []
}

/** A command's own options, and those that every command takes. */
function optionsOf(command: Command): readonly Option[] {
  const all: Option[] = []
  for (let each: Command | null = command; each; each = each.parent) all.push(...each.options)
  return all.filter(({ hidden }) => !hidden)
}

function spelled({ long, short, description }: Option): readonly Suggestion[] {
  return [long, short].flatMap((value) => (value ? [{ value, description }] : []))
}

export function isHidden(command: Command): boolean {
  return (command as Command & { readonly _hidden?: boolean })._hidden === true
}
