import type { Change, RecordState } from '../contract/change.ts'
import type { Collection } from '../contract/connector.ts'
import type { Feed } from '../contract/feed.ts'
import type { Operation, Outcome, Sink } from '../contract/sink.ts'
import type { Fields, Value } from '../contract/value.ts'

/**
 * Several fields of a record taken together under a name that no system has, so that a change of any of them is a change
 * of one field. Its value holds theirs by name.
 */
export interface Bundle {
  readonly name: string
  readonly fields: readonly string[]
  /** The one of them that a write of the bundle goes to; null: it is never written. */
  readonly writes: string | null
}

export type Bundles = Readonly<Record<'odoo' | 'external', readonly Bundle[]>>

/** No system has a field of such a name. */
export function bundleName(what: string): string {
  return `=${what}`
}

export function isBundleName(name: string): boolean {
  return name.startsWith('=')
}

/** The collection, with the bundles among its fields. Every record of it must be read with all fields of the bundles. */
export function withBundles(collection: Collection, bundles: readonly Bundle[]): Collection {
  if (bundles.length === 0) return collection
  const { feed, sink } = collection
  return {
    ...collection,
    // Read at each use: the largest batch may change.
    get capabilities() {
      return collection.capabilities
    },
    feed: feed && bundledFeed(feed, bundles),
    sink: sink && bundledSink(sink, bundles),
  }
}

function bundledFeed(feed: Feed, bundles: readonly Bundle[]): Feed {
  const { look } = feed
  return {
    ...feed,
    ...(look
      ? {
          async look(ids, signal) {
            return (await look.call(feed, ids, signal)).map((change) => bundledChange(change, bundles))
          },
        }
      : {}),
    async read(request, signal) {
      const page = await feed.read(request, signal)
      return { ...page, changes: page.changes.map((change) => bundledChange(change, bundles)) }
    },
  }
}

/** Of a bundle that is told in part, the rest has to be read: the change becomes a hint. */
export function bundledChange(change: Change, bundles: readonly Bundle[]): Change {
  if (change.kind !== 'state') return change
  const { fields, id } = change.state
  const isPartial = bundles.some((bundle) => {
    const told = bundle.fields.filter((name) => fields[name] !== undefined).length
    return told > 0 && told < bundle.fields.length
  })
  return isPartial ? { kind: 'hint', id, version: null } : { kind: 'state', state: bundledState(change.state, bundles) }
}

function bundledSink(sink: Sink, bundles: readonly Bundle[]): Sink {
  return {
    ...sink,
    async read(ids, signal) {
      const states = await sink.read(ids, signal)
      return new Map([...states].map(([id, state]) => [id, bundledState(state, bundles)] as const))
    },
    async find(request, signal) {
      return (await sink.find(request, signal)).map((state) => bundledState(state, bundles))
    },
    async apply(operations, signal) {
      const outcomes = await sink.apply(
        operations.map((operation) => unbundled(operation, bundles)),
        signal,
      )
      return outcomes.map((outcome) => bundledOutcome(outcome, bundles))
    },
  }
}

function bundledOutcome(outcome: Outcome, bundles: readonly Bundle[]): Outcome {
  if (outcome.kind !== 'done' || outcome.record === null) return outcome
  return { ...outcome, record: bundledState(outcome.record, bundles) }
}

/** A record of which nothing is known has no bundles either. */
function bundledState(state: RecordState, bundles: readonly Bundle[]): RecordState {
  const fields: Record<string, Value> = { ...state.fields }
  const isEmpty = Object.keys(fields).length === 0
  for (const { name, fields: parts } of bundles) {
    if (isEmpty || parts.some((part) => fields[part] === undefined)) continue
    fields[name] = Object.fromEntries(parts.map((part) => [part, fields[part] ?? null] as const))
  }
  return { ...state, fields }
}

function unbundled(operation: Operation, bundles: readonly Bundle[]): Operation {
  if (operation.kind === 'remove') return operation
  const fields = plainFields(operation.fields, bundles)
  if (operation.kind === 'create') return { ...operation, fields }
  return { ...operation, fields, expected: operation.expected && plainFields(operation.expected, bundles) }
}

function plainFields(fields: Fields, bundles: readonly Bundle[]): Fields {
  const written = bundles.filter(({ name, writes }) => writes !== null && fields[name] !== undefined)
  if (written.length === 0) return fields
  const plain: Record<string, Value> = { ...fields }
  for (const { name, writes } of written) {
    delete plain[name]
    if (writes !== null) plain[writes] = partOf(fields[name] ?? null, writes)
  }
  return plain
}

/** One field's value in a bundle's. */
export function partOf(bundle: Value, name: string): Value {
  if (bundle === null || typeof bundle !== 'object' || Array.isArray(bundle)) return null
  return (bundle as Fields)[name] ?? null
}
