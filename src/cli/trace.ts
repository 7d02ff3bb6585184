import { Command } from 'commander'
import type { Setup } from '../app.ts'
import { SyncError } from '../contract/error.ts'
import type { HistoryEntry, Ledger, Link, StoredChange } from '../ledger/ledger.ts'
import { keyText } from '../mapping/key.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { describeChange } from './describe-change.ts'
import type { ExitCode } from './exit-code.ts'
import type { Invocation, Perform } from './invocation.ts'
import { isKnown, ledgerToRead } from './ledger-access.ts'
import { mappingNamed, setupOf } from './setup.ts'
import { moment, shown, shownFields } from './words.ts'

const HELP = `
Tells what Tandem knows of one record: what it is linked with, what is still to be done, and what was done, with values
before and after as far as the history keeps them. Asks the ledger only. Exits 1 when it knows no such record.

With --json, one object: {"mapping","links":[{"odooId","externalId","key","state","version"}],"changes":[…],"history":[…]}

Examples:
  tandem trace customers C-17
  tandem trace customers --odoo-id 42`

const HISTORY_LIMIT = 1000
/** So many changes without a link are looked through for a key. */
const CHANGES_LIMIT = 10_000

interface Options {
  readonly odooId?: string
  readonly externalId?: string
}

/** How a record is named on the command line. */
interface Wanted {
  readonly key: string | null
  readonly ids: Readonly<Record<Side, string | null>>
}

export function traceCommand(perform: Perform): Command {
  return new Command('trace')
    .description('tell the story of one record')
    .argument('<mapping>', 'which mapping')
    .argument('[key]', 'the record, by key')
    .option('--odoo-id <id>', 'the record, by its id in Odoo')
    .option('--external-id <id>', 'the record, by its id on the other side')
    .addHelpText('after', HELP)
    .action(perform((invocation, command) => trace(invocation, command.args, command.opts<Options>())))
}

async function trace(invocation: Invocation, args: readonly string[], options: Options): Promise<ExitCode> {
  const [name = '', key = null] = args
  const { terminal, json } = invocation
  const setup = setupOf(invocation)
  const file = mappingNamed(setup, name)
  const wanted: Wanted = { key, ids: { odoo: options.odooId ?? null, external: options.externalId ?? null } }
  if (key === null && wanted.ids.odoo === null && wanted.ids.external === null) {
    throw new SyncError('config', 'Say which record: by key, or with --odoo-id or --external-id.')
  }
  const story = await readStory(setup, file, wanted)
  if (json) {
    const links = story.links.map(({ odooId, externalId, key: linkKey, state, version }) => {
      return { odooId, externalId, key: linkKey, state, version }
    })
    terminal.out(JSON.stringify({ mapping: name, links, changes: story.changes, history: story.history }))
  } else for (const line of tell(name, story)) terminal.out(line)
  const isUnknown = story.links.length + story.changes.length + story.history.length === 0
  return isUnknown ? 1 : 0
}

interface Story {
  readonly links: readonly Link[]
  readonly changes: readonly StoredChange[]
  readonly history: readonly HistoryEntry[]
}

async function readStory(setup: Setup, file: MappingFile, wanted: Wanted): Promise<Story> {
  await using ledger = await ledgerToRead(setup)
  if (ledger === null || !(await isKnown(ledger, file.name))) return { links: [], changes: [], history: [] }
  const links = await linksOf(ledger, file.name, wanted)
  const changes = await changesOf(ledger, file, wanted, links)
  const [link] = links
  const odooId = link?.odooId ?? wanted.ids.odoo ?? changes.find(({ side }) => side === 'odoo')?.id
  const externalId = link?.externalId ?? wanted.ids.external ?? changes.find(({ side }) => side === 'external')?.id
  const key = wanted.key ?? link?.key
  const history = await ledger.history(file.name, {
    ...(odooId == null ? {} : { odooId }),
    ...(externalId == null ? {} : { externalId }),
    ...(key == null ? {} : { key }),
    limit: HISTORY_LIMIT,
  })
  return { links, changes, history }
}

async function linksOf(ledger: Ledger, mapping: string, { key, ids }: Wanted): Promise<readonly Link[]> {
  const found = new Map<number, Link>()
  for (const side of SIDES) {
    const id = ids[side]
    if (id === null) continue
    for (const link of (await ledger.links(mapping, side, [id])).values()) found.set(link.id, link)
  }
  if (key !== null) {
    for (const links of (await ledger.linksByKey(mapping, [key])).values()) {
      for (const link of links) found.set(link.id, link)
    }
  }
  return [...found.values()]
}

/** The changes of the linked records, and of records without a link that carry the id or the key. */
async function changesOf(
  ledger: Ledger,
  { name, definition }: MappingFile,
  { key, ids }: Wanted,
  links: readonly Link[],
): Promise<readonly StoredChange[]> {
  const found = new Map<number, StoredChange>()
  for (const side of SIDES) {
    const linked = links.map((link) => (side === 'odoo' ? link.odooId : link.externalId))
    const named = ids[side]
    const known = await ledger.known(name, side, named === null ? linked : [...linked, named])
    for (const { change } of known.values()) if (change) found.set(change.seq, change)
  }
  if (key !== null && links.length === 0) {
    for (const { change } of await ledger.changes(name, { limit: CHANGES_LIMIT })) {
      if (keyText(change.fields[definition[change.side].key] ?? null) === key) found.set(change.seq, change)
    }
  }
  return [...found.values()]
}

function tell(mapping: string, { links, changes, history }: Story): readonly string[] {
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
  for (const entry of history) lines.push(`  ${moment(entry.atMs)}  ${describeEntry(entry)}`)
  if (lines.length === 0) {
    lines.push(`${mapping}: no such record is known. It was not met yet, or is outside of the mapping.`)
  } else if (links.length > 0 && changes.length === 0) lines.push('  nothing is left to do')
  return lines
}

const EVENT_WORDS: Readonly<Record<string, string>> = { dead: 'dead letter of', lost: 'overruled', adopted: 'joined' }

/** "updated external 9: email "a@x" → "b@x"". */
function describeEntry({ event, side, odooId, externalId, detail }: HistoryEntry): string {
  const id = side === 'odoo' ? odooId : externalId
  const subject =
    event === 'adopted' ? `odoo ${odooId} ↔ external ${externalId}` : `${side}${id === null ? '' : ` ${id}`}`
  return [`${EVENT_WORDS[event] ?? event} ${subject}`, describeDetail(detail)].filter((part) => part !== '').join(': ')
}

function describeDetail(detail: HistoryEntry['detail']): string {
  const { before, after, ...rest } = detail
  if (isFields(after)) return shownFields(after, isFields(before) ? before : null)
  if (isFields(before)) return `was ${shownFields(before, null)}`
  const step = typeof rest.step === 'string' ? `step ${rest.step}: ` : ''
  if (typeof rest.message === 'string') return `${step}${rest.message}${rest.hint ? ` ${String(rest.hint)}` : ''}`
  return Object.entries(rest)
    .map(([name, value]) => `${name} ${typeof value === 'string' && name === 'field' ? value : shown(value)}`)
    .join(', ')
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
