import { Command } from 'commander'
import { SIDES } from '../mapping/mapping.ts'
import { type Story, type TracedEntry, trace } from '../operations/trace.ts'
import { moment, plural, shown, shownFields } from '../words.ts'
import { describeChange } from './describe-change.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { siteToRead } from './site.ts'
import type { Terminal } from './terminal.ts'

const HELP = `
Tells what Tandem knows of one record: what it is linked with, what is still to be done, and what was done, with values
before and after as far as the history keeps them. Asks the ledger only. Exits 1 when it knows no such record. What a
number in brackets replaced can be written back: tandem history undo <mapping> <number>.

With --json, one object: {"mapping","links":[{"odooId","externalId","key","state","version"}],"changes":[…],"steps":[…],
"history":[{"id","atMs","event","side","odooId","externalId","key","detail","isUndoable"}]}

Examples:
  tandem trace customers C-17
  tandem trace customers --odoo-id 42`

interface Options {
  readonly odooId?: string
  readonly externalId?: string
}

export function traceCommand(perform: Perform): Command {
  return new Command('trace')
    .description('tell the story of one record')
    .argument('<mapping>', 'which mapping')
    .argument('[key]', 'the record, by key')
    .option('--odoo-id <id>', 'the record, by its id in Odoo')
    .option('--external-id <id>', 'the record, by its id on the other side')
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => traceRecord(invocation, command.args, command.opts<Options>())))
}

async function traceRecord(invocation: Invocation, args: readonly string[], options: Options): Promise<ExitCode> {
  const [mapping = '', key = null] = args
  const { terminal, json } = invocation
  await using site = await siteToRead(invocation)
  const ids = { odoo: options.odooId ?? null, external: options.externalId ?? null }
  const story = await trace(site, { mapping, key, ids })
  if (json) terminal.out(JSON.stringify(story))
  else for (const line of tell(terminal, story)) terminal.out(line)
  const isUnknown = story.links.length + story.changes.length + story.history.length === 0
  return isUnknown ? 1 : 0
}

function tell({ colors }: Terminal, { mapping, links, changes, steps, history }: Story): readonly string[] {
  const lines: string[] = []
  for (const { odooId, externalId, key, state, version } of links) {
    const name = key === null ? mapping : `${mapping} ${key}`
    const gone = state === 'live' ? '' : `; ${state === 'odoo-gone' ? 'the odoo' : 'the external'} record is gone`
    lines.push(`${name}: odoo ${odooId} ↔ external ${externalId}${gone}`)
    const versions = SIDES.flatMap((side) => (version[side] === null ? [] : [`${side} ${version[side]}`]))
    if (versions.length > 0) lines.push(`  last seen: ${versions.join(', ')}`)
  }
  if (links.length === 0 && changes.length + history.length > 0) lines.push(`${mapping}: is not linked`)
  for (const change of changes) lines.push(...describeChange(mapping, change).map((line) => `  ${line}`))
  for (const { step, state, attempts, fault } of steps) {
    if (state === 'idle') continue
    const why = fault === null ? '' : `: ${fault.message}`
    lines.push(
      `  step ${step ?? 'to be looked at'}: ${state}${attempts > 0 ? `, ${plural(attempts, 'attempt')}` : ''}${why}`,
    )
  }
  for (const entry of history) {
    const paint = TROUBLE.has(entry.event) ? colors.red : GAIN.has(entry.event) ? colors.green : (text: string) => text
    lines.push(
      `  ${colors.dim(moment(entry.atMs))}  ${paint(describeEntry(entry))}${entry.isUndoable ? colors.dim(` [${entry.id}]`) : ''}`,
    )
  }
  if (lines.length === 0) {
    lines.push(`${mapping}: no such record is known. It was not met yet, or is outside of the mapping.`)
  } else if (links.length > 0 && changes.length === 0) lines.push('  nothing is left to do')
  return lines
}

const TROUBLE: ReadonlySet<string> = new Set(['dead', 'failed', 'conflict'])
const GAIN: ReadonlySet<string> = new Set(['created', 'updated', 'adopted'])
const EVENT_WORDS: Readonly<Record<string, string>> = { dead: 'dead letter of', lost: 'overruled', adopted: 'joined' }

/** "updated external 9: email "a@x" → "b@x"". */
export function describeEntry({ event, side, odooId, externalId, detail }: Omit<TracedEntry, 'isUndoable'>): string {
  const id = side === 'odoo' ? odooId : externalId
  const subject =
    event === 'adopted' ? `odoo ${odooId} ↔ external ${externalId}` : `${side}${id === null ? '' : ` ${id}`}`
  return [`${EVENT_WORDS[event] ?? event} ${subject}`, describeDetail(detail)].filter((part) => part !== '').join(': ')
}

function describeDetail(detail: TracedEntry['detail']): string {
  const { before, after, by, ...rest } = detail
  const who = typeof by === 'string' ? ` (by ${by})` : ''
  if (isFields(after)) return `${shownFields(after, isFields(before) ? before : null)}${who}`
  if (isFields(before)) return `was ${shownFields(before, null)}`
  const step = typeof rest.step === 'string' ? `step ${rest.step}: ` : ''
  if (typeof rest.message === 'string') return `${step}${rest.message}${rest.hint ? ` ${String(rest.hint)}` : ''}`
  const parts = Object.entries(rest).map(
    ([name, value]) => `${name} ${typeof value === 'string' && name === 'field' ? value : shown(value)}`,
  )
  return `${parts.join(', ')}${who}`.trimStart()
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
