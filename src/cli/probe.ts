import { Command } from 'commander'
import type { FieldSchema, Finding, Schema } from '../contract/connector.ts'
import { type Probed, probeCollection, probedAsJson } from '../operations/probe.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { setupOf } from './setup.ts'
import { table } from './table.ts'

const HELP = `
Reads a collection and says what it understood: its fields, what names a record, when records change, how its lists are
paged, which limits it saw, and what it could not find out. Changes nothing. A mapping is not needed.

The collection is named as in a mapping: a table, a model of Odoo, or one of the connection's \`collections\`.

With --json, one object: {"name","capabilities","fields":[…],"findings":[{"topic","found","hint"}]}.

Examples:
  tandem probe shop customers
  tandem probe erp res.partner --json | jq -r '.fields[].name'`

export function probeCommand(perform: Perform): Command {
  return new Command('probe')
    .description('look at a collection and say what was understood')
    .argument('<connection>', 'a connection of the configuration')
    .argument('<collection>', 'a table, a model, a resource')
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => probe(invocation, command.args[0] ?? '', command.args[1] ?? '')))
}

async function probe(invocation: Invocation, connection: string, name: string): Promise<ExitCode> {
  const { terminal, signal, json } = invocation
  const probed = await probeCollection(setupOf(invocation), connection, name, signal)
  const { schema, collection, findings } = probed
  if (json) {
    terminal.out(JSON.stringify(probedAsJson(probed)))
    return 0
  }
  for (const line of describeSchema(schema)) terminal.out(line)
  terminal.out('')
  for (const line of describeFindings([...capabilityFindings(collection), ...findings])) terminal.out(line)
  return 0
}

function describeSchema({ name, fields }: Schema): readonly string[] {
  const rows = [...fields.values()].map((field) => [field.name, field.type, notesOn(field)])
  return [name, ...table(['field', 'type', ''], rows)]
}

function notesOn(field: FieldSchema): string {
  const notes = [
    field.isRequired ? 'required' : null,
    field.isReadOnly ? 'read only' : null,
    field.relation === null ? null : `→ ${field.relation}`,
    field.maxLength === null ? null : `at most ${field.maxLength} characters`,
    field.scale === null ? null : `${field.scale} decimals`,
    field.options === null ? null : field.options.join(' | '),
  ]
  return notes.filter((note) => note !== null).join(', ')
}

function capabilityFindings({ capabilities, feed, sink }: Probed['collection']): Finding[] {
  const deletes = {
    pushed: 'are told',
    listed: 'are found by comparing the whole list (sweep)',
    none: 'cannot be seen',
  }[capabilities.deletes]
  return [
    { topic: 'changes', found: feed === null ? 'cannot be read' : 'can be read', hint: null },
    {
      topic: 'writing',
      found: sink === null ? 'is not possible' : `up to ${capabilities.maxBatch} at a time`,
      hint: null,
    },
    { topic: 'deletes', found: deletes, hint: null },
  ]
}

function describeFindings(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(...findings.map(({ topic }) => topic.length))
  return findings.flatMap(({ topic, found, hint }) => [
    `${topic.padEnd(width)}  ${found ?? 'could not be found out'}`,
    ...(hint === null ? [] : [`${' '.repeat(width)}  → ${hint}`]),
  ])
}
