import type { Collection } from '../contract/connector.ts'
import type { Value } from '../contract/value.ts'
import { fold, keyText } from '../mapping/key.ts'
import type { LookupReference } from '../mapping/mapping.ts'

/** How long a found record's id and key are believed, and how long it is believed that there is none. */
const FOUND_TTL_MS = 10 * 60_000
const MISSING_TTL_MS = 10_000
/** Of one lookup. */
const MAX_ENTRIES = 50_000

interface Entry {
  readonly value: Value | undefined
  readonly untilMs: number
}

/** What is known of the records of one lookup: their keys by id, and their ids by folded key. */
interface Shelf {
  readonly keys: Map<string, Entry>
  readonly ids: Map<string, Entry>
}

/** Ids by natural key and back, for `lookup:` fields: `res.country` by `code`. Shared by all mappings. */
export interface LookupCache {
  /** Asks for whatever of these is not known. `ids` and `keys` as the two sides hold them. */
  load(reference: LookupReference, ids: readonly Value[], keys: readonly Value[], signal: AbortSignal): Promise<void>
  /**
   * Asks for these keys whatever is known of them. The answer is how many records have each, by folded key; none is left
   * out.
   */
  reload(reference: LookupReference, keys: readonly Value[], signal: AbortSignal): Promise<ReadonlyMap<string, number>>
  /** Where the records are looked up. */
  collection(reference: LookupReference): Collection
  /** The key of a record, null where it has none; undefined: there is no such record. Only for what was loaded. */
  keyOf(reference: LookupReference, id: Value): Value | undefined
  /** The id of the one record with this key; undefined: none, or several. Only for what was loaded. */
  idOf(reference: LookupReference, key: Value): Value | undefined
}

export function createLookupCache(
  collectionOf: (reference: LookupReference) => Collection,
  monotonicMs: () => number,
): LookupCache {
  const shelves = new Map<string, Shelf>()
  /** A reference is asked for once a record: its shelf is not looked for by name each time. */
  const known = new WeakMap<LookupReference, Shelf>()

  const shelfOf = (reference: LookupReference): Shelf => {
    let shelf = known.get(reference)
    if (shelf === undefined) {
      const scope = lookupScope(reference)
      shelf = shelves.get(scope) ?? { keys: new Map(), ids: new Map() }
      shelves.set(scope, shelf)
      known.set(reference, shelf)
    }
    return shelf
  }
  const remember = (entries: Map<string, Entry>, name: string, value: Value | undefined): void => {
    entries.set(name, {
      value,
      untilMs: monotonicMs() + (value === undefined || value === null ? MISSING_TTL_MS : FOUND_TTL_MS),
    })
  }
  const isStale = (entries: ReadonlyMap<string, Entry>, name: string): boolean =>
    (entries.get(name)?.untilMs ?? Number.NEGATIVE_INFINITY) <= monotonicMs()

  const reload: LookupCache['reload'] = async (reference, keys, signal) => {
    const { sink } = collectionOf(reference)
    if (!sink || keys.length === 0) return new Map()
    const found = await sink.find({ field: reference.by, values: keys, fold: reference.fold, inFilter: true }, signal)
    const matches = Map.groupBy(found, (state) => foldedKey(reference, state.fields[reference.by] ?? null))
    const { ids } = shelfOf(reference)
    for (const key of keys) {
      const [only, ...others] = matches.get(foldedKey(reference, key)) ?? []
      remember(ids, foldedKey(reference, key), others.length === 0 ? only?.id : undefined)
    }
    return new Map([...matches].map(([key, states]) => [key, states.length]))
  }

  return {
    reload,
    collection: collectionOf,
    async load(reference, ids, keys, signal) {
      const shelf = shelfOf(reference)
      if (shelf.keys.size + shelf.ids.size > MAX_ENTRIES) {
        shelf.keys.clear()
        shelf.ids.clear()
      }
      const missingIds = [...new Set(ids.map(String))].filter((id) => isStale(shelf.keys, id))
      const missingKeys = new Map(
        keys.map((key) => [foldedKey(reference, key), key] as const).filter(([folded]) => isStale(shelf.ids, folded)),
      )
      if (missingIds.length === 0 && missingKeys.size === 0) return
      const { sink } = collectionOf(reference)
      if (!sink) return
      if (missingIds.length > 0) {
        const states = await sink.read(missingIds, signal)
        for (const id of missingIds) remember(shelf.keys, id, states.get(id)?.fields[reference.by])
      }
      await reload(reference, [...missingKeys.values()], signal)
    },
    keyOf: (reference, id) => shelfOf(reference).keys.get(String(id))?.value,
    idOf: (reference, key) => shelfOf(reference).ids.get(foldedKey(reference, key))?.value,
  }
}

/** The same for a plan that makes nothing: records that would be made are there, named by their key. */
export function assumeCreated(lookups: LookupCache): LookupCache {
  return {
    ...lookups,
    idOf: (reference, key) =>
      lookups.idOf(reference, key) ?? (reference.create === null ? undefined : `new ${keyText(key)}`),
  }
}

/** Names where a lookup looks: two of the same name are the same. */
export function lookupScope({ connection, spec, beside, by }: LookupReference): string {
  return `${connection} ${JSON.stringify(spec)} ${JSON.stringify(beside)} ${by}`
}

/** A key as it is compared. */
export function foldedKey(reference: LookupReference, key: Value): string {
  return fold(keyText(key) ?? '', reference.fold)
}
