import type { Collection, Connector } from '../contract/connector.ts'
import type { Page } from '../contract/feed.ts'
import type { Around } from './activity.ts'

/** How many records a call was about, from what it was given and what it gave; null: it was about none. */
type CountRecords = (args: readonly unknown[], result: unknown) => number | null
type Counted = Readonly<Record<string, CountRecords>>

const none: CountRecords = () => null
const given: CountRecords = ([records]) => (records as readonly unknown[]).length

/** The calls that are watched. What stays open (`watch`, `listen`, content) is no call: it would only show as a long one. */
const CONNECTOR: Counted = { check: none, drawMarks: none, collections: none }
const COLLECTION: Counted = { describe: none, check: none, probe: none, prepare: none }
const FEED: Counted = {
  read: (_args, page) => (page as Page | undefined)?.changes.length ?? null,
  list: (_args, listing) => (listing as { entries: readonly unknown[] } | undefined)?.entries.length ?? null,
  look: given,
}
const SINK: Counted = {
  read: given,
  births: given,
  writers: given,
  survivors: given,
  apply: given,
  find: ([request]) => (request as { values: readonly unknown[] }).values.length,
  reserve: ([, count]) => count as number,
  flush: none,
}
const CALLER: Counted = { check: none, related: none, call: () => 1 }
const HOOKS: Counted = { install: none, list: none, remove: none, rotate: none }

/** `connector` as it is, with every call that it makes to its system told to `around`. */
export function observeConnector(connector: Connector, connection: string, around: Around): Connector {
  const observe = <T extends object>(target: T, scope: string, counted: Counted, parts: Parts = {}): T =>
    observed(target, scope, counted, parts, connection, around)
  const collection: Connector['collection'] = (request) =>
    observe<Collection>(connector.collection(request), 'collection', COLLECTION, {
      feed: (feed) => observe(feed, 'feed', FEED),
      sink: (sink) => observe(sink, 'sink', SINK),
      caller: (caller) => observe(caller, 'caller', CALLER),
      hooks: (hooks) => observe(hooks, 'hooks', HOOKS),
    })
  return observe(connector, 'connection', CONNECTOR, { collection: () => collection })
}

/** What stands in the place of a property that is there. */
type Parts = Readonly<Record<string, (part: object) => unknown>>

function observed<T extends object>(
  target: T,
  scope: string,
  counted: Counted,
  parts: Parts,
  connection: string,
  around: Around,
): T {
  const made = new Map<PropertyKey, unknown>()
  const make = (name: PropertyKey, value: unknown): unknown => {
    const part = typeof name === 'string' && Object.hasOwn(parts, name) ? parts[name] : undefined
    if (part && value) return part(value as object)
    const count = typeof name === 'string' && Object.hasOwn(counted, name) ? counted[name] : undefined
    if (typeof value !== 'function') return value
    if (!count) return value.bind(target)
    const method = `${scope}.${String(name)}`
    return (...args: unknown[]): Promise<unknown> => {
      let result: unknown
      const records = (): number | null => count(args, result)
      return around({ kind: 'call', connection, method, records }, async () => {
        result = await Reflect.apply(value, target, args)
        return result
      })
    }
  }
  return new Proxy(target, {
    get(_target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' && typeof value !== 'object') return value
      // Capabilities change, and are read at each use.
      if (typeof name === 'string' && !Object.hasOwn(parts, name) && typeof value === 'object') return value
      if (!made.has(name)) made.set(name, make(name, value))
      return made.get(name)
    },
  })
}
