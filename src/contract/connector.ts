import type { Caller } from './caller.ts'
import type { Change } from './change.ts'
import type { Feed } from './feed.ts'
import type { Hooks, PushTarget } from './hooks.ts'
import type { Sink } from './sink.ts'
import type { Value } from './value.ts'

/** What `tandem check` prints about a connection or a collection. */
export interface Problem {
  /** `error`: it will not work. `warning`: it works, and a person should know. */
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** What to do, as one sentence. */
  readonly hint: string | null
}

/**
 * What tells a database from every other one, and from an older copy of itself. What a connection was first seen with is
 * kept, and every later look is compared with it: nothing is written to a database that is another one.
 */
export interface Identity {
  /**
   * Stay as they are for as long as it is this database, wherever it moves to: a name kept inside it, the time at which
   * it was made. Only traits that both looks have are compared, so one that our user may not read is simply absent.
   */
  readonly traits: Readonly<Record<string, string>>
  /** Numbers that only grow while it lives: a transaction number, the end of a log. A smaller one shows an older copy. */
  readonly marks: Readonly<Record<string, number>>
}

/** A key, token or password that ends by itself. */
export interface Credential {
  /** As the system lists it; never the secret. */
  readonly name: string
  /** Milliseconds since 1970 by the system's clock. */
  readonly endsAtMs: number
}

export interface Report {
  /** What answered: "Odoo 19.0", "PostgreSQL 15.18". null where it could not be reached. */
  readonly server: string | null
  /** Whom the server takes us for. */
  readonly user: string | null
  /** The server's clock minus ours, in milliseconds, good to about a second; null: unknown. */
  readonly clockOffsetMs: number | null
  /** The database itself, not its address. null: nothing is known that would tell it from another. */
  readonly identity: Identity | null
  /** Our user's credentials that end at a known time. One of them may be the one in use. Absent: none is known. */
  readonly credentials?: readonly Credential[]
  readonly problems: readonly Problem[]
}

/** Something that was found out about a collection, or could not be. */
export interface Finding {
  /** What it is about, in a word or two: "update time". */
  readonly topic: string
  /** What was seen, as one sentence; null: it could not be found out. */
  readonly found: string | null
  /** What to do about it, as one sentence. */
  readonly hint: string | null
}

export const FIELD_TYPES = [
  'text',
  'html',
  'integer',
  'decimal',
  'boolean',
  'date',
  'datetime',
  'selection',
  'reference',
  'references',
  'lines',
  'json',
  'binary',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

export interface FieldSchema {
  readonly name: string
  readonly type: FieldType
  /** A create without a value is refused. */
  readonly isRequired: boolean
  /** Cannot be written: computed, generated, an identity. */
  readonly isReadOnly: boolean
  /** The system gives it a value of its own when a create has none: a serial, a default. */
  readonly isAssigned: boolean
  /**
   * A create leaves it out; it is written to the record that exists by then. For what the system can only store in a call
   * of its own. Absent: false.
   */
  readonly isUpdateOnly?: boolean
  /** A value of another record: the feed notices its changes only where it is `watched`. Absent: false. */
  readonly isElsewhere?: boolean
  /** For `reference` and `references`: the collection it points to, in the system's own words. */
  readonly relation: string | null
  /** For `text`: the most characters it holds. null: no limit. */
  readonly maxLength: number | null
  /** For `decimal`: the digits after the point that are stored. null: as many as a double has. */
  readonly scale: number | null
  /** For `selection`: the values allowed. null: not known. */
  readonly options: readonly string[] | null
  /** For `lines`: the fields of one line. Absent where they are not known. */
  readonly lines?: ReadonlyMap<string, FieldSchema>
}

export interface Schema {
  /** The collection in the system's own words, for messages: "res.partner", "public.customers". */
  readonly name: string
  readonly fields: ReadonlyMap<string, FieldSchema>
  /** Why a field that was asked for is not among `fields`, where there is more to say than that. */
  readonly reasons?: ReadonlyMap<string, string>
  /** Fields that were asked for and are not there: what would bring each, as a sentence, where that is known. */
  readonly missing?: ReadonlyMap<string, string>
}

/** How a collection differs from others. The engine asks these, never the connector's name. */
export interface Capabilities {
  /** `pushed`: the feed tells of deletes. `listed`: only a full listing shows them. `none`: they cannot be seen. */
  readonly deletes: 'pushed' | 'listed' | 'none'
  /** The most operations for one `apply`. The engine asks before every batch, and lowers it for a while after time-outs. */
  readonly maxBatch: number
  /** The page size that reads fastest. */
  readonly pageSize: number
  /** `apply` compares `expected` in the transaction of the write. */
  readonly guardedWrites: boolean
  /** The field and value that archive a record; null: it cannot be archived. */
  readonly archive: { readonly field: string; readonly archived: Value } | null
  /**
   * The system can be asked nothing: `read` answers that every record exists, with no fields, and `find` finds none. An
   * operation in doubt is sent again under the same `Operation.name`, by which the system may know it. Absent: false.
   */
  readonly writeOnly?: boolean
}

/**
 * A field whose value is the record's own lines, which live and die with it: an order's positions. Its value is a list of
 * objects by the lines' field names. A line may also carry what names it in its system (an id); whoever writes lines back
 * keeps that, so that a line that stays is never made anew.
 */
export interface LinesRequest {
  /** The fields of a line to read, besides what names it. */
  readonly fields: readonly string[]
}

export interface CollectionRequest {
  /** The collection's part of the mapping, as written there; the connector checks it with its own zod schema. */
  readonly spec: unknown
  /** The fields to read, besides what the connector needs itself. */
  readonly fields: readonly string[]
  /** Those of `fields` that hold lines, by name. A change of a line is a change of its record. */
  readonly lines?: Readonly<Record<string, LinesRequest>>
  /** Those of `fields` whose changes must be noticed although they are stored with another record. */
  readonly watched?: readonly string[]
  /** For a collection in which values are looked up: the spec of the mapping's own, whose language and companies it shares. */
  readonly beside?: unknown
  /** The field of the mapping's key: a create that meets a record with the same value of it answers `exists`. */
  readonly key?: string
  /** The field within whose value the key names a record: two companies may use the same one. */
  readonly keyWithin?: string
  /** True: the caller takes binary fields as references (`ContentRef`) where the connector can stream their bytes. */
  readonly contents?: boolean
  /** Names the reader, so that two mappings on one table do not consume each other's changes. */
  readonly consumer: string
  /** Where the system may tell this reader of changes; absent: nowhere. */
  readonly pushTo?: PushTarget
}

/** A set of like records in a system. Holds no timers, no retries and no memory of what was synced. */
export interface Collection {
  readonly capabilities: Capabilities
  /** The fields that exist. May be repeated; reads the system each time. @throws SyncError `schema` when it is missing. */
  describe(signal: AbortSignal): Promise<Schema>
  /** Whether we may read, create, update and remove here, really asked of the system. Changes nothing. */
  check(needs: { create: boolean; update: boolean; remove: boolean }, signal: AbortSignal): Promise<readonly Problem[]>
  /** Finds out by reading what cannot be asked for: for `tandem probe`. Changes nothing. Absent: the schema says it all. */
  probe?(signal: AbortSignal): Promise<readonly Finding[]>
  /** Makes what the feed needs in the system (triggers), if it is missing. May be repeated. */
  prepare?(signal: AbortSignal): Promise<void>
  readonly feed: Feed | null
  readonly sink: Sink | null
  /**
   * What a record says that its system put into a message. `state` only where its version orders (see `isNewerVersion`):
   * it is then taken as it is where it is newer than what is known, and read back otherwise. `hint`: it has to be read.
   * Asks nothing of the system. Absent: messages only name records. @throws SyncError `invalid` for a record without an id.
   */
  told?(record: Value): Exclude<Change, { kind: 'gone' }>
  /** How the system calls us; absent: it cannot. */
  readonly hooks?: Hooks
  /** Absent: the system has nothing to call. */
  readonly caller?: Caller
}

/** A collection that a system has, as a person who looks for one sees it. */
export interface CollectionInfo {
  /** As a mapping names it: "res.partner", "public.customers". */
  readonly name: string
  /** What people call it: "Contact"; null: nothing else. */
  readonly label: string | null
}

/** A kind of system with its credentials and pool. */
export interface Connector extends AsyncDisposable {
  /** Credentials, version, clock. @throws SyncError when the system cannot be reached or refuses us. */
  check(signal: AbortSignal): Promise<Report>
  /**
   * Marks (as `Identity` has them) that grow by being asked for, each time: the next number of a sequence. Leaves no trace that a
   * user of the system could notice. Absent: `check` tells all there is.
   */
  drawMarks?(signal: AbortSignal): Promise<Identity['marks']>
  /** The collections that our user may read, in the order of their names: for `tandem init`. Absent: they cannot be listed. */
  collections?(signal: AbortSignal): Promise<readonly CollectionInfo[]>
  /** Cheap, asks nothing of the system. @throws SyncError `config` that names what is wrong in `spec`. */
  collection(request: CollectionRequest): Collection
}

/** What a connector may need to know of where it runs. */
export interface Surroundings {
  /** The folder to which paths in the settings are relative: the configuration file's. The current one if absent. */
  readonly folder?: string
}

/**
 * What a connector's `index.ts` exports: from the connection's settings, already read and with secrets filled in.
 * @throws SyncError `config`, with the zod error as its cause, so that it can be told at its place in the file.
 */
export type ConnectorFactory = (settings: unknown, name: string, surroundings?: Surroundings) => Connector
