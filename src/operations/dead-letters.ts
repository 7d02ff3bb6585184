import { type ErrorCode, SyncError } from '../contract/error.ts'
import type { Fields } from '../contract/value.ts'
import type { FieldConflict, StoredChange } from '../ledger/change.ts'
import type { Fault } from '../ledger/fault.ts'
import type { Link } from '../ledger/link.ts'
import type { StepTask } from '../ledger/step.ts'
import type { Side } from '../mapping/mapping.ts'
import { checkHasRun, knownMappings, type RecordName, type Site } from './site.ts'

const PAGE = 500

/** A change or a step that needs a person, or one that a person gave up. The names are those of `--json`. */
export interface DeadLetter {
  readonly mapping: string
  /** Where the record was changed, and its id there. */
  readonly side: Side
  readonly id: string
  readonly key: string | null
  /** Of the linked pair; null: it is not linked. */
  readonly odooId: string | null
  readonly externalId: string | null
  readonly kind: 'state' | 'gone' | 'step'
  /** For `step`: which one. */
  readonly step?: string | null
  readonly attempts: number
  readonly fault: Fault | null
  readonly fields: readonly FieldConflict[]
  readonly sinceMs: number
}

/** A dead letter with the values that could not be applied. */
export interface DeadLetterDetail extends DeadLetter {
  readonly values: Fields
}

export interface DeadLetterFilter {
  /** null: all that are configured. */
  readonly mapping: string | null
  /** `discarded`: those that were given up and whose record has not changed since. */
  readonly state?: 'dead' | 'discarded'
  /** Only those that failed for this reason. */
  readonly code?: ErrorCode
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[]
  /** Where the next page begins; null: this is the last one. */
  readonly next: string | null
}

/** What of a record needs a person, as the ledger has it: its change, its step, or both. */
export interface StoredLetter {
  readonly mapping: string
  readonly change: StoredChange | null
  readonly task: StepTask | null
  readonly link: Link | null
}

/**
 * Dead letters, newest first within each mapping, at most `limit`. `after`: the `next` of the page before.
 * @throws SyncError `config` for a mapping that is not configured.
 */
export async function listDeadLetters(
  site: Site,
  filter: DeadLetterFilter & { readonly limit: number; readonly after?: string | null },
): Promise<DeadLetterPage> {
  const letters: DeadLetter[] = []
  let place: string | null = null
  for await (const { letter, at } of walk(site, filter, filter.after ?? null)) {
    if (letters.length === filter.limit) return { letters, next: place }
    letters.push(describeLetter(letter))
    place = at
  }
  return { letters, next: null }
}

/** Every dead letter. */
export async function* allDeadLetters(site: Site, filter: DeadLetterFilter): AsyncGenerator<StoredLetter> {
  for await (const { letter } of walk(site, filter, null)) yield letter
}

/** @throws SyncError `config` where this record has none. */
export async function findDeadLetter(
  site: Site,
  mapping: string,
  { side, id }: RecordName,
  state: 'dead' | 'discarded' = 'dead',
): Promise<StoredLetter> {
  await checkHasRun(site, mapping)
  const { ledger } = site
  const [found] = await ledger.changes(mapping, { state, side, id, limit: 1 })
  const [task = null] = await ledger.steps(mapping, { state, side, id, limit: 1 })
  if (found || task) return { mapping, change: found?.change ?? null, task, link: found?.link ?? task?.link ?? null }
  throw new SyncError('config', `${mapping} has no dead letter for ${side} ${id}.`, {
    hint: `See which there are: tandem dead-letters list ${mapping}`,
  })
}

/** One with its values. @throws SyncError `config` where this record has none. */
export async function showDeadLetter(site: Site, mapping: string, record: RecordName): Promise<DeadLetterDetail> {
  const letter = await findDeadLetter(site, mapping, record)
  return { ...describeLetter(letter), values: letter.change?.fields ?? {} }
}

export function describeLetter({ mapping, change, task, link }: StoredLetter): DeadLetter {
  const ids = { key: link?.key ?? null, odooId: link?.odooId ?? null, externalId: link?.externalId ?? null }
  if (change) {
    const { side, id, kind, attempts, fault, conflicts, firstCapturedAtMs } = change
    return { mapping, side, id, ...ids, kind, attempts, fault, fields: conflicts, sinceMs: firstCapturedAtMs }
  }
  if (!task) throw new SyncError('unexpected', 'A dead letter of nothing.')
  const { step, attempts, fault, dueSinceMs } = task
  const record = { mapping, side: 'odoo' as const, id: task.link.odooId, ...ids }
  return { ...record, kind: 'step', step, attempts, fault, fields: [], sinceMs: dueSinceMs }
}

interface Placed {
  readonly letter: StoredLetter
  /** Names its place, for a walk that goes on behind it: "customers/change/17". */
  readonly at: string
}

async function* walk(site: Site, filter: DeadLetterFilter, after: string | null): AsyncGenerator<Placed> {
  const { mapping: wanted, state = 'dead', code } = filter
  const place = after === null ? null : placeOf(after)
  let isBefore = place !== null
  for (const mapping of await knownMappings(site, wanted)) {
    for (const kind of ['change', 'step'] as const) {
      if (isBefore && (mapping !== place?.mapping || kind !== place.kind)) continue
      const from = isBefore ? place?.seq : undefined
      isBefore = false
      const letters = kind === 'change' ? changes(site, mapping, state, from) : steps(site, mapping, state, from)
      for await (const letter of letters) {
        const { fault, seq } = (letter.change ?? letter.task) as StoredChange | StepTask
        if (code === undefined || fault?.code === code) yield { letter, at: `${mapping}/${kind}/${seq}` }
      }
    }
  }
}

function placeOf(after: string): { readonly mapping: string; readonly kind: string; readonly seq: number } {
  const [, mapping = '', kind = '', seq = ''] = /^(.*)\/(change|step)\/(\d+)$/.exec(after) ?? []
  if (kind === '') throw new SyncError('config', `"${after}" is no place in the list of dead letters.`)
  return { mapping, kind, seq: Number(seq) }
}

async function* changes(
  { ledger }: Site,
  mapping: string,
  state: 'dead' | 'discarded',
  after: number | undefined,
): AsyncGenerator<StoredLetter> {
  for (let afterSeq = after; ; ) {
    const page = await ledger.changes(mapping, { state, limit: PAGE, ...(afterSeq === undefined ? {} : { afterSeq }) })
    for (const { change, link } of page) yield { mapping, change, link, task: null }
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    afterSeq = last.change.seq
  }
}

async function* steps(
  { ledger }: Site,
  mapping: string,
  state: 'dead' | 'discarded',
  after: number | undefined,
): AsyncGenerator<StoredLetter> {
  for (let afterSeq = after; ; ) {
    const page = await ledger.steps(mapping, { state, limit: PAGE, ...(afterSeq === undefined ? {} : { afterSeq }) })
    for (const task of page) yield { mapping, change: null, task, link: task.link }
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    afterSeq = last.seq
  }
}
