import type { Collection } from '../contract/connector.ts'
import type { Value } from '../contract/value.ts'
import { fold, keyText } from '../mapping/key.ts'
import type { LookupReference } from '../mapping/mapping.ts'

/** How long a found record's id and key are believed, and how long it is believed that there is none. */
const FOUND_TTL_MS = 10 * 60_000
const MISSING_TTL_MS = 10_000
const MAX_ENTRIES = 50_000

interface Entry {
  readonly value: Value | undefined
  readonly untilMs: number
}

/** Ids by natural key and back, for `lookup:` fields: `res.country` by `code`. Shared by all mappings. */
export interface LookupCache {
  /** Asks for whatever of these is not known. `ids` and `keys` as the two sides hold them. */
  load(reference: LookupReference, ids: readonly Value[], keys: readonly Value[], signal: AbortSignal): Promise<void>
  /** The key of a record; undefined: there is none. Only for what was loaded. */
  keyOf(reference: LookupReference, id: Value): Value | undefined
  /** The id of the one record with this key; undefined: none, or several. Only for what was loaded. */
  idOf(reference: LookupReference, key: Value): Value | undefined
}

export function createLookupCache(
  collectionOf: (reference: LookupReference) => Collection,
  monotonicMs: () => number,
): LookupCache {
  const entries = new Map<string, Entry>()

  const remember = (name: string, value: Value | undefined): void => {
    entries.set(name, { value, untilMs: monotonicMs() + (value === undefined ? MISSING_TTL_MS : FOUND_TTL_MS) })
  }
  const isStale = (name: string): boolean => (entries.get(name)?.untilMs ?? Number.NEGATIVE_INFINITY) <= monotonicMs()

  return {
    async load(reference, ids, keys, signal) {
      if (entries.size > MAX_ENTRIES) entries.clear()
      const missingIds = [...new Set(ids.map(String))].filter((id) => isStale(idName(reference, id)))
      const missingKeys = new Map(
        keys
          .map((key) => [foldedKey(reference, key), key] as const)
          .filter(([folded]) => isStale(keyName(reference, folded))),
      )
      if (missingIds.length === 0 && missingKeys.size === 0) return
      const { sink } = collectionOf(reference)
      if (!sink) return
      if (missingIds.length > 0) {
        const states = await sink.read(missingIds, signal)
        for (const id of missingIds) remember(idName(reference, id), states.get(id)?.fields[reference.by] ?? undefined)
      }
      if (missingKeys.size > 0) {
        const found = await sink.find(
          { field: reference.by, values: [...missingKeys.values()], fold: reference.fold },
          signal,
        )
        const idsByKey = Map.groupBy(found, (state) => foldedKey(reference, state.fields[reference.by] ?? null))
        for (const folded of missingKeys.keys()) {
          const matches = idsByKey.get(folded) ?? []
          remember(keyName(reference, folded), matches.length === 1 ? matches[0]?.id : undefined)
        }
      }
    },
    keyOf: (reference, id) => entries.get(idName(reference, String(id)))?.value,
    idOf: (reference, key) => entries.get(keyName(reference, foldedKey(reference, key)))?.value,
  }
}

function scope(reference: LookupReference): string {
  return `${reference.connection} ${JSON.stringify(reference.spec)} ${reference.by}`
}

function idName(reference: LookupReference, id: string): string {
  return `${scope(reference)} id ${id}`
}

function keyName(reference: LookupReference, folded: string): string {
  return `${scope(reference)} key ${folded}`
}

function foldedKey(reference: LookupReference, key: Value): string {
  return fold(keyText(key) ?? '', reference.fold)
}
