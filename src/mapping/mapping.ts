import type { RelatedRequest } from '../contract/caller.ts'
import type { RecordId } from '../contract/change.ts'
import type { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { Bundle } from './bundle.ts'
import type { Expression, Scope } from './expression.ts'

/** The two sides of a mapping. The external side may itself be an Odoo. */
export type Side = 'odoo' | 'external'
export const SIDES: readonly Side[] = ['odoo', 'external']

export function otherSide(side: Side): Side {
  return side === 'odoo' ? 'external' : 'odoo'
}

/** Who wins when both sides changed the same field. `manual`: nobody, a person decides. */
export type ConflictPolicy = 'odoo' | 'external' | 'newest' | 'manual'
/** Which way changes flow. */
export type Direction = 'both' | 'to-odoo' | 'from-odoo'
/** What a delete on one side does to the other. */
export type DeletePolicy = 'ignore' | 'archive' | 'delete'
/** What happens to the other side when a record leaves the collection's filter but still exists. */
export type ExitPolicy = 'keep' | 'archive' | 'delete'

/** How two key values are compared. Both false: exactly. */
export interface Fold {
  readonly case: boolean
  /** Leading, trailing and repeated white space does not count. */
  readonly space: boolean
}

/** A pair of fields that name the same record on both sides. */
export interface KeyRule {
  readonly odoo: string
  readonly external: string
  readonly fold: Fold
}

export interface SideRule {
  readonly connection: string
  /** What the connector gets as `CollectionRequest.spec`. */
  readonly spec: unknown
  /** Values that a record created here gets besides the mapped ones (`customer_rank: 1`). */
  readonly defaults: Fields
}

/** A record on one side of some mapping. */
export interface RecordRef {
  readonly mapping: string
  readonly side: Side
  readonly id: RecordId
}

/** What a translation may need to know about other records. Prepared for a whole batch before anything is translated. */
export interface References {
  /**
   * A `link:` field: what the record that `value` names on `from` is called on the other side, `undefined` while it has
   * no link. `value` is an id or, with `by: key`, a key.
   */
  link(reference: LinkReference, from: Side, value: Value): Value | undefined
  /**
   * A `lookup:` field: id to natural key (`from` the looked-up side; null: the record has none) or key to id; `undefined`:
   * none, or several.
   */
  lookup(reference: LookupReference, from: Side, value: Value): Value | undefined
  /** Whether two contents of which the sides know different digests are the same; `undefined`: nobody looked. */
  isSameContent?(odoo: Value, external: Value): boolean | undefined
}

export interface LinkReference {
  readonly kind: 'link'
  /** The mapping that links the records referred to. */
  readonly mapping: string
  /** Whether the external field holds the other record's id or its key. */
  readonly by: 'id' | 'key'
}

export interface LookupReference {
  readonly kind: 'lookup'
  /** The side whose records are looked up; its field holds ids, the other side's the natural key. */
  readonly side: Side
  readonly connection: string
  readonly spec: unknown
  /** The field with the natural key. */
  readonly by: string
  readonly fold: Fold
  /** The spec of the mapping's own collection on that side. */
  readonly beside: unknown
  /** A record that is missing is made, with these values besides its key; null: it is not. */
  readonly create: Fields | null
  /** A record without a natural key counts as none, or is refused. */
  readonly keyless: 'empty' | 'refuse'
}

/** Keys of records that a lookup did not find and may make. */
export interface Missing {
  readonly reference: LookupReference
  readonly keys: readonly Value[]
}

export type Translation =
  | { readonly kind: 'value'; readonly value: Value }
  /** The record referred to has no link yet. */
  | { readonly kind: 'wait'; readonly for: RecordRef }
  /** Records with these keys are to be made first; `error` says so where they cannot be. */
  | { readonly kind: 'missing'; readonly missing: Missing; readonly error: SyncError }
  | { readonly kind: 'error'; readonly error: SyncError }

/** How the lines of two fields that hold lines correspond. */
export interface LinesRule {
  /** The pairs of a line's fields, those of the key first. */
  readonly fields: readonly FieldRule[]
  /** So many of them, from the first, are the key: what names a line within its record. */
  readonly keys: number
  /** Lines without a key are left alone, or the record is refused. */
  readonly keyless: 'ignore' | 'refuse'
  /** What happens on the other side to a line that was taken away on this one. */
  readonly deletes: Readonly<Record<Side, 'delete' | 'ignore'>>
}

/** One pair of fields. Everything here is pure. */
export interface FieldRule {
  /** Names the pair in the ledger: "name:full_name". Stable while the mapping file's line stays the same. */
  readonly name: string
  readonly odoo: string
  readonly external: string
  readonly direction: Direction
  /** The side whose value always wins, and is put back when the other side changes it; null: none. */
  readonly owner: Side | null
  readonly conflict: ConflictPolicy
  /** The pair that holds the key: filled where empty, never changed to empty. */
  readonly isKey: boolean
  readonly reference: LinkReference | LookupReference | null
  /** For a pair of fields that hold lines: what is compared and written is each line. */
  readonly lines?: LinesRule
  /**
   * The pair holds a set of other records; `side`: where it holds their ids. `isMerged`: where both sides changed it, what
   * each of them added and took out is carried over. null: a single value.
   */
  readonly set: { readonly side: Side; readonly isMerged: boolean } | null
  /** Whether the field can be written on a side: on a create, and on an update. */
  readonly writable: Readonly<Record<Side, { readonly create: boolean; readonly update: boolean }>>
  /** The translation also depends on what the target holds, which has to be given to it. */
  readonly readsTarget?: boolean
  /** Nothing is written: that it changed is a reason to look at the record's steps. */
  readonly isWatched?: boolean
  /** The ids or keys in a value of a reference: none, one, or the elements of a set. Never throws. */
  referred(side: Side, value: Value): readonly Value[]
  /**
   * The value of side `from` as the other side would write it. `current`: what the other side's field holds, as far as it
   * is known. Never throws.
   */
  translate(from: Side, value: Value, references: References, current?: Value): Translation
  /** Whether two values of `side` are the same to that side: its scale, its length, its type. */
  isSame(side: Side, a: Value, b: Value): boolean
}

/** A business method that is called when a condition holds. Everything here is pure. */
export interface StepRule {
  readonly name: string
  /** The side that is called. */
  readonly side: Side
  readonly when: Expression
  /** What is true once the step was done; null: nothing shows it, and it is called once for each new set of values. */
  readonly unless: Expression | null
  /** Related records, by their name in `read`. */
  readonly related: ReadonlyMap<string, { readonly side: Side; readonly request: RelatedRequest }>
  /** The call for a record: every expression in it replaced by its value. @throws SyncError `invalid` */
  call(scope: Scope): Value
  /** Where the step stands in the mapping's file. */
  readonly index: number
}

/** `share` of all links and `count`: a run that exceeds both waits for a person. */
export interface Guard {
  /** From 0 to 1. */
  readonly share: number
  readonly count: number
}

/** An interval in milliseconds or a cron expression with its time zone. */
export type Schedule =
  | { readonly kind: 'every'; readonly ms: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string | null }

/** A mapping file, checked against both sides' schemas and compiled. Frozen. */
export interface Mapping {
  readonly name: string
  readonly file: string
  readonly sides: Readonly<Record<Side, SideRule>>
  readonly direction: Direction
  readonly key: KeyRule & {
    /** How a record without a key gets one: a template for `generateKey`; null: reserved from the target, if it can. */
    readonly generate: string | null
    /** The pair within whose value the key names a record (the company); null: it names one by itself. */
    readonly within: FieldRule | null
  }
  /** How records without a link are found on the other side, first match counts; the key comes first. */
  readonly match: readonly KeyRule[]
  /** In the order of the file; the key's pair is always among them. */
  readonly fields: readonly FieldRule[]
  /** Fields that are taken together, by side. */
  readonly bundles: Readonly<Record<Side, readonly Bundle[]>>
  /** In the order in which they are called. */
  readonly steps: readonly StepRule[]
  /** Which records of a side are brought to the other one when they have no partner there yet; null: all. */
  readonly when: Readonly<Record<Side, Expression | null>>
  /** Whether a record of a side that is matched by none is made on the other one. */
  readonly creates: Readonly<Record<Side, boolean>>
  readonly conflict: ConflictPolicy
  readonly deletes: Readonly<Record<Side, DeletePolicy>> & { readonly guard: Guard }
  readonly onExit: Readonly<Record<Side, ExitPolicy>>
  /** Trips when so many linked records would change in one run. */
  readonly changesGuard: Guard
  readonly schedule: Schedule
  readonly deep: Schedule
  /** null: never. */
  readonly sweep: Schedule | null
  /** In how many milliseconds each linked record is compared with its `seen` once; null: never. */
  readonly compareWithinMs: number | null
  /** How long an operation may wait for another record before it becomes a dead letter. */
  readonly waitLimitMs: number
  /** How often one record is tried before it becomes a dead letter. */
  readonly maxAttempts: number
  /** Reads per page; null: what the connector likes best. */
  readonly pageSize: number | null
}

/**
 * What the ledger knows the pairs by. The order of a line's fields is part of it: what was seen of lines is kept in that
 * order, so a mapping with other line fields meets its lines as if for the first time.
 */
export function seenNames({ fields }: Pick<Mapping, 'fields'>): readonly string[] {
  return fields.map(({ name, lines }) => {
    if (lines === undefined) return name
    const [keys, others] = [lines.fields.slice(0, lines.keys), lines.fields.slice(lines.keys)]
    const text = (rules: readonly FieldRule[]): string => rules.map((rule) => rule.name).join(',')
    return `${name}[${text(keys)}](${text(others)})`
  })
}

/** The mapped field of a rule on a side. */
export function fieldOn(rule: { readonly odoo: string; readonly external: string }, side: Side): string {
  return side === 'odoo' ? rule.odoo : rule.external
}

/** Whether changes of `from` may be written to the other side. */
export function flows(direction: Direction, from: Side): boolean {
  return direction === 'both' || direction === (from === 'odoo' ? 'from-odoo' : 'to-odoo')
}
