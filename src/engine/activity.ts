/** Something that takes time and may fail, for whoever measures or traces it. */
export type Activity =
  /** One run of a mapping. */
  | { readonly kind: 'run'; readonly mapping: string; readonly depth: 'tail' | 'deep' | 'none' }
  /** One call of a connector: what it asks of its system, however many requests that takes. */
  | {
      readonly kind: 'call'
      readonly connection: string
      /** "feed.read", "sink.apply", "check". */
      readonly method: string
      /** How many records it was about, once it is done; null: it was about none. */
      readonly records: () => number | null
    }

/** Does `work` and gives what it gives, or throws what it throws; what it learns meanwhile is its own affair. */
export type Around = <T>(activity: Activity, work: () => Promise<T>) => Promise<T>

/** Nobody watches. */
export const justDo: Around = (_activity, work) => work()

/** The first is the outermost. */
export function allAround(arounds: readonly Around[]): Around {
  return arounds.reduceRight<Around>(
    (inner, outer) => (activity, work) => outer(activity, () => inner(activity, work)),
    justDo,
  )
}
