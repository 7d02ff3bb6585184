import type { RecordId } from '../../contract/change.ts'
import type { SyncEvent } from '../../engine/context.ts'
import { otherSide, type Side } from '../../mapping/mapping.ts'
import { type Screen, SIDE_NAMES, seconds } from './screen.ts'
import { fieldWords, shortened } from './words.ts'

/** Something that a person did. */
export interface Deed {
  readonly side: Side
  readonly mapping: string
  readonly id: RecordId
  readonly key: string
  /** "Ann edited". */
  readonly who: string
  readonly what: string
}

/** Puts into lines what people and the daemon do, and measures how long the daemon takes to follow. */
export interface Narrator {
  /** Says how a record is called that the daemon knows by its id only. */
  introduce(record: Pick<Deed, 'side' | 'mapping' | 'id' | 'key'>): void
  deed(deed: Deed): void
  event(event: SyncEvent): void
  /** From now on every write is a line of its own; before, they are only counted. */
  goIntoDetail(): void
  /** How often which kind of event happened: "created odoo", "adopted", …. */
  readonly tally: ReadonlyMap<string, number>
  /** From a person's edit to its arrival on the other side, in milliseconds. */
  readonly lagsMs: readonly number[]
  readonly deeds: number
}

/** Events that nothing in the demo gives cause for. */
const UNEXPECTED: ReadonlySet<SyncEvent['kind']> = new Set(['guard', 'paused', 'run', 'retry'])

function isUnexpected(event: SyncEvent): boolean {
  return UNEXPECTED.has(event.kind)
}

export function createNarrator(screen: Screen, monotonicMs: () => number): Narrator {
  const names = new Map<string, string>()
  const editedMs = new Map<string, number>()
  const tally = new Map<string, number>()
  const lagsMs: number[] = []
  let isDetailed = false
  let deeds = 0

  const keyOf = ({ mapping, odooId, externalId, key }: SyncEvent): string => {
    const ids = [
      ...(odooId === null ? [] : [nameOf(mapping, 'odoo', odooId)]),
      ...(externalId === null ? [] : [nameOf(mapping, 'external', externalId)]),
    ]
    const name = key ?? ids.map((id) => names.get(id)).find((known) => known !== undefined)
    if (name !== undefined) for (const id of ids) names.set(id, name)
    return name ?? (ids.length === 0 ? '' : 'new')
  }
  /** ` (0.4 s later)`, where the write answers to a person's edit. */
  const later = (event: SyncEvent): string => {
    if (event.side === null) return ''
    const from = otherSide(event.side)
    const source = nameOf(event.mapping, from, idOf(event, from))
    const sinceMs = editedMs.get(source)
    if (sinceMs === undefined) return ''
    editedMs.delete(source)
    const lagMs = monotonicMs() - sinceMs
    lagsMs.push(lagMs)
    return ` (${seconds(lagMs)} later)`
  }
  return {
    tally,
    lagsMs,
    get deeds() {
      return deeds
    },
    goIntoDetail() {
      isDetailed = true
    },
    introduce({ side, mapping, id, key }) {
      names.set(nameOf(mapping, side, id), key)
    },
    deed({ side, mapping, id, key, who, what }) {
      deeds += 1
      const source = nameOf(mapping, side, id)
      if (key !== '') names.set(source, key)
      editedMs.set(source, monotonicMs())
      screen.row(SIDE_NAMES[side], who, key || 'new', what)
    },
    event(event) {
      const key = keyOf(event)
      const counter = isWrite(event) ? `${event.kind} ${event.side}` : event.kind
      tally.set(counter, (tally.get(counter) ?? 0) + 1)
      if (isWrite(event)) {
        if (isDetailed) screen.row(arrow(event), '', key, `${writeWords(event)}${later(event)}`, 'good')
        return
      }
      // The edit that lost has been answered, too.
      if (event.kind === 'lost' && event.side)
        editedMs.delete(nameOf(event.mapping, event.side, idOf(event, event.side)))
      tellOther(screen, event, key, isDetailed)
    },
  }
}

function nameOf(mapping: string, side: Side, id: RecordId | null): string {
  return `${mapping} ${side} ${id ?? ''}`
}

function idOf(event: SyncEvent, side: Side): RecordId | null {
  return side === 'odoo' ? event.odooId : event.externalId
}

function isWrite({ kind }: SyncEvent): boolean {
  return kind === 'created' || kind === 'updated' || kind === 'archived' || kind === 'removed'
}

function arrow({ side, odooId, externalId }: SyncEvent): string {
  if (side === null) return ''
  // A record without a partner yet is being given its key.
  if (odooId === null || externalId === null) return SIDE_NAMES[side]
  return `${SIDE_NAMES[side]} ← ${SIDE_NAMES[otherSide(side)]}`
}

function writeWords(event: SyncEvent): string {
  const { kind, fields = {}, odooId, externalId } = event
  if (kind === 'created') return `created ${shortened(String(fields.name ?? ''))}`
  if (kind === 'removed') return 'deleted'
  if (kind === 'archived') return 'archived, as it was deleted over there'
  if (odooId === null || externalId === null) return `got the key ${Object.values(fields).join(', ')}`
  return fieldWords(fields)
}

function tellOther(screen: Screen, event: SyncEvent, key: string, isDetailed: boolean): void {
  const { kind, message = '' } = event
  const where = event.side === null ? 'tandem' : SIDE_NAMES[event.side]
  if (kind === 'conflict') screen.row(where, 'conflict', key, message, 'attention')
  else if (kind === 'dead') screen.row(where, 'dead letter', key, message, 'attention')
  else if (isUnexpected(event)) screen.row(where, kind, key, message, 'bad')
  else if (!isDetailed) return
  else if (kind === 'lost') screen.row('odoo ⇄ shop', '', key, lostWords(event), 'attention')
  else if (kind === 'adopted') screen.row('odoo ⇄ shop', '', key, 'found on both sides and joined', 'good')
  else screen.row(where, kind, key, message, 'quiet')
}

/** The message begins with the pair of fields: "phone:phone: both sides …". */
function lostWords({ side, message = '' }: SyncEvent): string {
  const [field = ''] = message.split(':')
  const winner = side === null ? '' : SIDE_NAMES[otherSide(side)]
  return `${fieldWords({ [field]: null }, 'edited')} on both sides: ${winner}'s stays, the other is in the history`
}
