import type { RecordId } from '../../contract/change.ts'
import type { CollectionRequest, Connector } from '../../contract/connector.ts'
import type { Fields, Value } from '../../contract/value.ts'

/** Edits the system behind the connector's back, as its users do. */
export interface Person {
  insert(fields: Fields): Promise<RecordId> | RecordId
  edit(id: RecordId, fields: Fields): unknown
  remove(id: RecordId): unknown
}

/** Names of writable fields by what they hold. `text` need not be unique and holds at least 250 characters. */
export interface FieldRoles {
  /** The business key: unique where the system can do that. */
  readonly key: string
  readonly text: string
  readonly html?: string
  readonly integer?: string
  readonly decimal?: string
  readonly boolean?: string
  readonly date?: string
  readonly datetime?: string
  readonly selection?: string
  readonly reference?: string
  readonly json?: string
  readonly binary?: string
}
export type ValueRole = Exclude<keyof FieldRoles, 'key'>

export interface ConnectorSetup {
  readonly connector: Connector
  /** Another connector to the same system, as after a restart. The suite disposes of it. */
  reconnect(): Promise<Connector> | Connector
  /** A collection in which no record exists yet. Its `fields` hold at least all of the roles. */
  readonly request: CollectionRequest
  /** The spec of a collection that does not exist, and the name that a message about it must hold. */
  readonly missing: { readonly spec: unknown; readonly name: string }
  readonly fields: FieldRoles
  readonly person: Person
  /** The n-th key, different for each n, n from 1. "K1" … unless given. */
  readonly keyValue?: (n: number) => Value
  /** What else a record needs to exist, and to be in the collection. */
  readonly required?: Fields
  /** The values of a role to write and read back. `selection` and `reference` have none of their own. */
  readonly values?: Partial<Record<ValueRole, readonly Value[]>>
  /** What the system makes of a value that it stores; the value itself unless given. */
  readonly stored?: (role: ValueRole, value: Value) => Value
  /** Values for which the system refuses a record, alone or in a batch. Absent: there are none. */
  readonly refused?: Fields
  /** Values that put a record outside the collection's filter. Absent: the collection has none. */
  readonly outside?: Fields
  /** Whether an undisturbed write is known as ours. True unless given. */
  readonly isOurs?: boolean
  /** Lets the system's clock pass the second in which versions are hot. */
  settle?(): Promise<void> | void
  tearDown?(): Promise<void> | void
}
