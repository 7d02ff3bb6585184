import type { Capabilities, FieldSchema, FieldType } from '../../contract/connector.ts'
import type { Fields, Value } from '../../contract/value.ts'

/** A field of a collection: its type, and whatever differs from a plain, writable, optional field. */
export type FieldOptions = { readonly type: FieldType } & Partial<Omit<FieldSchema, 'name' | 'type'>>

/** What a collection reads its changes from. */
export type FeedOptions =
  /** A change log as triggers write one: ordered by commit, nothing can appear behind the cursor. */
  | { readonly kind: 'log'; readonly tells?: 'state' | 'hint' }
  /**
   * A scan over times in whole seconds. A transaction's writes carry the time of its start, so that a long one commits
   * behind the cursor; the deep scan goes back by `overlapMs` to find it. The first scan tells states.
   */
  | { readonly kind: 'window'; readonly tells?: 'state' | 'hint'; readonly overlapMs?: number }

/** How a collection behaves. Everything but the fields has a default, so that a test states only what it is about. */
export interface CollectionOptions {
  readonly fields: Readonly<Record<string, FieldOptions>>
  /** `serial`: numbers from 1, also shown in the field `field` if given. `key`: the field's value is the id. */
  readonly id?: { readonly kind: 'serial'; readonly field?: string } | { readonly kind: 'key'; readonly field: string }
  /** The field for which a create with a value that is taken answers `exists`. Only where it is also in `unique`. */
  readonly key?: string
  /** Fields whose values other than null may occur once. Id fields are unique without being named here. */
  readonly unique?: readonly string[]
  /** Values that a create gets for the fields it does not give. */
  readonly defaults?: Fields
  /** What the system makes of a value when it stores it. Must give the same when it is applied twice. */
  readonly normalise?: Readonly<Record<string, (value: Value) => Value>>
  /** Fields for which `reserve` draws values: from the n-th number to the value. */
  readonly sequences?: Readonly<Record<string, (n: number) => Value>>
  /** null: changes cannot be read. */
  readonly feed?: FeedOptions | null
  /** False: only the feed exists. */
  readonly hasSink?: boolean
  /** Records for which this is false are in neither feed nor listing, yet can be read by id and found by key. */
  readonly filter?: (fields: Fields) => boolean
  readonly deletes?: Capabilities['deletes']
  /** Whether the system can list its ids; as a rule it can unless `deletes` is `none`. */
  readonly canList?: boolean
  readonly maxBatch?: number
  readonly pageSize?: number
  readonly guardedWrites?: boolean
  readonly archive?: Capabilities['archive']
  /** True: an outcome's record is read in the write's transaction. False: afterwards, trusted where `byUs` says so. */
  readonly storedInTransaction?: boolean
  /** Whether `byUs` is known. */
  readonly tellsWriter?: boolean
  readonly hasVersions?: boolean
  readonly tellsChangeTime?: boolean
  /** `each`: a bad record is answered with `rejected`. `whole`: the call throws, and nothing of it is done. */
  readonly rejects?: 'each' | 'whole'
  /** What becomes of references to a record that is removed: the remove is refused, or they are emptied. */
  readonly onReferencedRemove?: 'restrict' | 'clear'
  /** True: the change log is empty and the feed refuses to be read until `prepare` was called once. */
  readonly needsPrepare?: boolean
  /** What can be called on a record, by name: from its fields and the arguments to what it writes and answers. */
  readonly methods?: Readonly<
    Record<string, (record: Fields, args: Value) => { readonly fields?: Fields; readonly value?: Value }>
  >
  readonly rights?: { readonly create?: boolean; readonly update?: boolean; readonly remove?: boolean }
}

export type Definition = Required<Omit<CollectionOptions, 'fields' | 'rights'>> & {
  readonly fields: ReadonlyMap<string, FieldSchema>
  readonly rights: { readonly create: boolean; readonly update: boolean; readonly remove: boolean }
}

/** `options` with every default filled in. */
export function defineCollection(options: CollectionOptions): Definition {
  const deletes = options.deletes ?? (options.feed?.kind === 'window' ? 'listed' : 'pushed')
  return {
    id: { kind: 'serial' },
    key: '',
    unique: [],
    defaults: {},
    normalise: {},
    sequences: {},
    feed: { kind: 'log' },
    hasSink: true,
    filter: () => true,
    canList: deletes !== 'none',
    maxBatch: 100,
    pageSize: 500,
    guardedWrites: false,
    archive: null,
    storedInTransaction: true,
    tellsWriter: true,
    hasVersions: true,
    tellsChangeTime: true,
    rejects: 'each',
    onReferencedRemove: 'restrict',
    needsPrepare: false,
    methods: {},
    ...options,
    deletes,
    rights: { create: true, update: true, remove: true, ...options.rights },
    fields: defineFields(options),
  }
}

function defineFields(options: CollectionOptions): Map<string, FieldSchema> {
  const fields = new Map<string, FieldSchema>()
  for (const [name, field] of Object.entries(options.fields)) {
    const isSerial = options.id?.kind !== 'key' && options.id?.field === name
    fields.set(name, {
      name,
      isRequired: options.id?.kind === 'key' && options.id.field === name,
      isReadOnly: false,
      isAssigned: isSerial || options.defaults?.[name] !== undefined,
      relation: null,
      maxLength: null,
      scale: null,
      options: null,
      ...field,
    })
  }
  return fields
}
