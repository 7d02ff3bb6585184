import { SyncError } from '../contract/error.ts'
import type { StoredChange } from '../ledger/change.ts'
import type { StoredHistoryEntry } from '../ledger/history.ts'
import type { Link } from '../ledger/link.ts'
import type { StepTask } from '../ledger/step.ts'
import { keyText } from '../mapping/key.ts'
import { SIDES, type Side } from '../mapping/mapping.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { knownMappings, mappingNamed, type Site } from './site.ts'
import { undoable } from './undoable.ts'

const HISTORY_LIMIT = 1000
/** So many changes without a link are looked through for a key. */
const CHANGES_LIMIT = 10_000

/** How a record is named: by its key, by its id on a side, or by several of these. */
export interface TraceRequest {
  readonly mapping: string
  readonly key: string | null
  readonly ids: Readonly<Record<Side, string | null>>
  /** Of the history, at most so many entries, the newest; 1000 unless given. */
  readonly limit?: number
}

/** What is known of one record. The names are those of `--json`. */
export interface Story {
  readonly mapping: string
  readonly links: readonly TracedLink[]
  /** What is still to be done, or cannot be. */
  readonly changes: readonly StoredChange[]
  /** Where its steps stand, if the mapping has any. */
  readonly steps: readonly TracedStep[]
  /** Oldest first: every decision, write, error and what people did. */
  readonly history: readonly TracedEntry[]
}

export type TracedLink = Pick<Link, 'odooId' | 'externalId' | 'key' | 'state' | 'version'>
export type TracedStep = Omit<StepTask, 'link' | 'marks' | 'seq'>

export interface TracedEntry extends StoredHistoryEntry {
  /** Whether `undo` can write back what this entry replaced. */
  readonly isUndoable: boolean
}

/** The story of a record, from the ledger alone. Empty where nothing is known. @throws SyncError `config` */
export async function trace(site: Site, request: TraceRequest): Promise<Story> {
  const { mapping, key, ids, limit = HISTORY_LIMIT } = request
  const file = mappingNamed(site, mapping)
  if (key === null && ids.odoo === null && ids.external === null) {
    throw new SyncError('config', 'Say which record: by its key, or by its id in Odoo or on the external side.')
  }
  if ((await knownMappings(site, mapping)).length === 0) {
    return { mapping, links: [], changes: [], steps: [], history: [] }
  }
  const links = await linksOf(site, request)
  const changes = await changesOf(site, file, request, links)
  const [link] = links
  const odooId = link?.odooId ?? ids.odoo ?? changes.find(({ side }) => side === 'odoo')?.id
  const externalId = link?.externalId ?? ids.external ?? changes.find(({ side }) => side === 'external')?.id
  const known = key ?? link?.key
  const history = await site.ledger.history(mapping, {
    ...(odooId == null ? {} : { odooId }),
    ...(externalId == null ? {} : { externalId }),
    ...(known == null ? {} : { key: known }),
    limit,
  })
  return {
    mapping,
    links: links.map(({ odooId: odoo, externalId: external, key: own, state, version }) => {
      return { odooId: odoo, externalId: external, key: own, state, version }
    }),
    changes,
    steps: await stepsOf(site, mapping, links),
    history: history.map((entry) => ({ ...entry, isUndoable: undoable(entry) !== null })),
  }
}

async function linksOf({ ledger }: Site, { mapping, key, ids }: TraceRequest): Promise<readonly Link[]> {
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
  { ledger }: Site,
  { name, definition }: MappingFile,
  { key, ids }: TraceRequest,
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

async function stepsOf({ ledger }: Site, mapping: string, links: readonly Link[]): Promise<readonly TracedStep[]> {
  const steps: TracedStep[] = []
  for (const { odooId } of links) {
    for (const task of await ledger.steps(mapping, { side: 'odoo', id: odooId, limit: 1 })) {
      const { link: _, marks: __, seq: ___, ...told } = task
      steps.push(told)
    }
  }
  return steps
}
