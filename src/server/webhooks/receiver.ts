import { createHash } from 'node:crypto'
import type { WebhookEvent, WebhookSettings } from '../../config/webhook-schema.ts'
import type { Change } from '../../contract/change.ts'
import type { Collection } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { listAt, textAt, valueAt } from '../../http/json-path.ts'
import type { NewArrival } from '../../ledger/arrival.ts'
import type { Side } from '../../mapping/mapping.ts'
import { fillText, type Places } from './place.ts'
import { type Scheme, schemeOf } from './scheme.ts'

/** A side of a mapping that lies on the connection. */
export interface Listener {
  readonly mapping: string
  readonly side: Side
  /** The collection as the mapping names it. */
  readonly collection: string
  readonly told: Collection['told']
}

/** One connection that tells of changes. */
export interface Receiver {
  readonly connection: string
  readonly scheme: Scheme
  /**
   * What an event says, to everyone whom it concerns; nothing where it concerns nobody.
   * @throws SyncError `invalid` where it does not hold what the configuration says.
   */
  arrivals(event: Pick<Places, 'header'> & { readonly body: Value; readonly raw: Buffer }): readonly NewArrival[]
}

/** A message about more records than this is none that we know how to hold. */
const MAX_RECORDS = 1000
const EVENT_HASH_BYTES = 16

export function createReceiver(
  connection: string,
  settings: WebhookSettings,
  listeners: readonly Listener[],
): Receiver {
  const scheme = schemeOf(settings)
  const events = settings.events.map((event) => ({
    event,
    fits: topicPattern(event.topic),
    listeners: listeners.filter(({ collection }) => collection === event.collection),
  }))
  // Whoever shows a token has not proven what it says of a record.
  const isProven = scheme.proof.kind === 'hmac'
  return {
    connection,
    scheme,
    arrivals({ header, body, raw }) {
      const places: Places = { header, body }
      const topic = scheme.topic === null ? null : fillText(scheme.topic, places)
      const done = new Set<string>()
      const arrivals: NewArrival[] = []
      for (const { event, fits, listeners } of events) {
        if (done.has(event.collection) || !fits(topic)) continue
        done.add(event.collection)
        for (const { mapping, side, told } of listeners) {
          const changes = changesOf(event, body, told)
          arrivals.push(...changes.map((change) => ({ mapping, side, change: isProven ? change : asHint(change) })))
        }
      }
      const id = scheme.eventId === null ? null : fillText(scheme.eventId, places)
      const name = id !== null ? `id ${id}` : isTelling(arrivals) ? `content ${topic ?? ''} ${hash(raw)}` : null
      if (name === null) return arrivals
      const named = hash(`${connection} ${name}`)
      return arrivals.map((arrival) => ({ ...arrival, event: named }))
    },
  }
}

function asHint(change: Change): Change {
  return change.kind === 'state' ? { kind: 'hint', id: change.state.id, version: null } : change
}

/** Equal content is an equal event only where the content names the state of its record: "look at 42" may come twice. */
function isTelling(arrivals: readonly NewArrival[]): boolean {
  return arrivals.length > 0 && arrivals.every(({ change }) => change.kind === 'state')
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest().subarray(0, EVENT_HASH_BYTES).toString('base64url')
}

function topicPattern(pattern: string | undefined): (topic: string | null) => boolean {
  if (pattern === undefined) return () => true
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
  const regex = new RegExp(`^${parts.join('.*')}$`)
  return (topic) => topic !== null && topic.length <= 300 && regex.test(topic)
}

function changesOf(event: WebhookEvent, body: Value, told: Collection['told']): readonly Change[] {
  const { is, record, id: idPath } = event
  if (is === 'changed' && record !== undefined && told) return severalAt(body, record, 'record').map(told)
  const ids =
    idPath === undefined
      ? severalAt(body, record ?? '', 'record').map((each) => textAt(each, 'id'))
      : severalAt(body, idPath, 'id').map((each) => textAt(each, ''))
  return ids.map((id): Change => {
    if (id === null || id === '') throw missing('id', idPath ?? `${record}.id`)
    return is === 'removed' ? { kind: 'gone', id, atMs: null } : { kind: 'hint', id, version: null }
  })
}

/** One value, or each of a list. @throws SyncError `invalid` for none. */
function severalAt(body: Value, path: string, what: string): readonly Value[] {
  const found = valueAt(body, path)
  if (found === undefined || found === null) throw missing(what, path)
  const values = listAt(found, '') ?? [found]
  if (values.length > MAX_RECORDS) throw new SyncError('invalid', `More than ${MAX_RECORDS} records at once.`)
  return values
}

function missing(what: string, path: string): SyncError {
  return new SyncError('invalid', `There is no ${what} at "${path}".`)
}
