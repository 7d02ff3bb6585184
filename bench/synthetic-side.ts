import type { RecordState } from '../src/contract/change.ts'
import type { Collection, Connector, FieldSchema, Schema } from '../src/contract/connector.ts'
import type { Page } from '../src/contract/feed.ts'
import type { Operation, Outcome } from '../src/contract/sink.ts'
import type { Fields } from '../src/contract/value.ts'

const FIELDS = ['name', 'email', 'phone', 'street', 'city', 'zip'] as const

/**
 * A system whose records are made up when they are asked for: record n is the same on both sides, and only what was
 * edited is kept. It costs the same however many records it has, so that what grows is Tandem's.
 */
export interface SyntheticSide extends Connector {
  /** Somebody gives record `n` another email address. */
  edit(n: number, email: string): void
}

/** `links` records are there at the start; the other side gets its own from Tandem. */
export function createSyntheticSide(name: string, key: string, links: number): SyntheticSide {
  const edited = new Map<number, { readonly email: string; readonly version: number }>()
  /** Numbers of records that changed, and how many of them were read and forgotten. */
  let log: number[] = []
  let forgotten = 0
  const stateOf = (n: number, byUs = false): RecordState => {
    const { email = `${n}@customer.example`, version = 0 } = edited.get(n) ?? {}
    return { id: String(n), version: String(version), changedAtMs: 1, byUs, fields: { ...valuesOf(key, n), email } }
  }
  const write = (n: number, email: string): void => {
    edited.set(n, { email, version: (edited.get(n)?.version ?? 0) + 1 })
    log.push(n)
  }
  const readPage = (cursor: string | null, limit: number): Page => {
    const [kind, at] = cursor === null ? ['first', 0] : [cursor[0] === 'f' ? 'first' : 'log', Number(cursor.slice(1))]
    if (kind === 'first') {
      const count = Math.min(limit, links - at)
      const changes = Array.from({ length: count }, (_, index) => ({
        kind: 'state' as const,
        state: stateOf(at + index + 1),
      }))
      const isDone = at + count === links
      return { changes, cursor: isDone ? 'l0' : `f${at + count}`, caughtUp: isDone }
    }
    log = log.slice(at - forgotten)
    forgotten = at
    const changes = log.slice(0, limit).map((n) => ({ kind: 'state' as const, state: stateOf(n) }))
    return { changes, cursor: `l${at + changes.length}`, caughtUp: changes.length === log.length }
  }
  const applyOne = (operation: Operation): Outcome => {
    if (operation.kind === 'remove') return { kind: 'gone' }
    const n = operation.kind === 'update' ? Number(operation.id) : numberOf(String(operation.fields[key]))
    if (operation.kind === 'update') write(n, String(operation.fields.email))
    return { kind: 'done', record: stateOf(n, true), isOurs: true }
  }
  const collection: Collection = {
    capabilities: { deletes: 'pushed', maxBatch: 500, pageSize: 5000, guardedWrites: false, archive: null },
    describe: async () => schemaOf(name, key),
    check: async () => [],
    feed: { read: async ({ cursor, limit }) => readPage(cursor, limit) },
    sink: {
      read: async (ids) => new Map(ids.map((id) => [id, stateOf(Number(id))])),
      // The side that starts empty has nothing that could be adopted.
      find: async ({ values }) => (links > 0 ? values.map((value) => stateOf(numberOf(String(value)))) : []),
      apply: async (operations) => operations.map(applyOne),
    },
  }
  return {
    check: async () => ({
      server: name,
      user: null,
      clockOffsetMs: 0,
      identity: { traits: { name }, marks: {} },
      problems: [],
    }),
    collection: () => collection,
    edit: write,
    async [Symbol.asyncDispose]() {},
  }
}

export const SYNTHETIC_FIELDS: readonly string[] = FIELDS

function numberOf(key: string): number {
  return Number(key.slice(1))
}

function valuesOf(key: string, n: number): Fields {
  return {
    [key]: `C${n}`,
    name: `Customer ${n} & Sons`,
    phone: `+49 30 ${1_000_000 + n}`,
    street: `Long Street ${n % 389}`,
    city: 'Berlin',
    zip: String(n % 99_999).padStart(5, '0'),
  }
}

function schemaOf(name: string, key: string): Schema {
  const plain = { type: 'text', isRequired: false, isReadOnly: false, isAssigned: false } as const
  const rest = { relation: null, maxLength: null, scale: null, options: null }
  const fields = [key, ...FIELDS].map((field): FieldSchema => ({ name: field, ...plain, ...rest }))
  return { name, fields: new Map(fields.map((field) => [field.name, field])) }
}
