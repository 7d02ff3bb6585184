import { createHash } from 'node:crypto'
import type { RecordState } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import { contentOf } from '../../src/contract/content.ts'
import type { Operation, Outcome, Sink } from '../../src/contract/sink.ts'
import type { Fields, Value } from '../../src/contract/value.ts'

/** What passes through a streaming connector, and what goes wrong there. */
export interface Tap {
  /** Fields that were opened for reading. */
  opened: number
  /** Called before each piece; may change the store behind the reader's back, or throw. */
  beforePiece: ((id: string, piece: number) => void) | null
  /** Leaves out the last bytes of every file. */
  truncates: boolean
}

export function newTap(): Tap {
  return { opened: 0, beforePiece: null, truncates: false }
}

const PIECE = 4

/** A connector that knows the digests of its files, and streams them, in front of one that only has base64. */
export function streaming(connector: Connector, field: string, algorithm: 'sha1' | 'sha256', tap: Tap): Connector {
  return {
    ...connector,
    check: (signal) => connector.check(signal),
    collection: (request) => {
      const collection = connector.collection(request)
      return request.contents && request.fields.includes(field) ? wrap(collection, field, algorithm, tap) : collection
    },
    [Symbol.asyncDispose]: () => connector[Symbol.asyncDispose](),
  }
}

function wrap(collection: Collection, field: string, algorithm: string, tap: Tap): Collection {
  const { feed, sink } = collection
  const show = (state: RecordState): RecordState => ({ ...state, fields: shown(state.fields, field, algorithm) })
  if (!feed || !sink) throw new Error('A streaming collection has both.')
  return {
    ...collection,
    feed: {
      ...feed,
      async read(request, signal) {
        const page = await feed.read(request, signal)
        const changes = page.changes.map((change) =>
          change.kind === 'state' ? { ...change, state: show(change.state) } : change,
        )
        return { ...page, changes }
      },
    },
    sink: {
      ...sink,
      read: async (ids, signal) =>
        new Map([...(await sink.read(ids, signal))].map(([id, state]) => [id, show(state)] as const)),
      find: async (request, signal) => (await sink.find(request, signal)).map(show),
      async apply(operations, signal) {
        const held: Operation[] = []
        for (const operation of operations) held.push(await hold(sink, operation, field, algorithm, signal))
        const outcomes = await sink.apply(held, signal)
        return outcomes.map(
          (outcome): Outcome =>
            outcome.kind === 'done' && outcome.record ? { ...outcome, record: show(outcome.record) } : outcome,
        )
      },
      openContent: (id, name, signal) => pieces(sink, id, name, tap, signal),
    },
  }
}

function shown(fields: Fields, field: string, algorithm: string): Fields {
  const base64 = fields[field]
  if (typeof base64 !== 'string') return fields
  const bytes = Buffer.from(base64, 'base64')
  const checksum = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
  return { ...fields, [field]: { checksum, size: bytes.length } }
}

async function hold(
  sink: Sink,
  operation: Operation,
  field: string,
  algorithm: string,
  signal: AbortSignal,
): Promise<Operation> {
  if (operation.kind === 'remove') return operation
  const { open, ...rest } = operation
  const fields: Record<string, Value> = { ...operation.fields }
  if (contentOf(fields[field])) {
    if (!open) throw new Error('A reference came without its bytes.')
    const read: Uint8Array[] = []
    for await (const piece of open(field, signal)) read.push(piece)
    fields[field] = Buffer.concat(read).toString('base64')
  }
  if (rest.kind === 'create' || !rest.expected) return { ...rest, fields }
  const now = (await sink.read([rest.id], signal)).get(rest.id)?.fields ?? {}
  const isExpected = JSON.stringify(shown(now, field, algorithm)[field]) === JSON.stringify(rest.expected[field])
  const expected = field in rest.expected ? { [field]: isExpected ? (now[field] ?? null) : 'another' } : {}
  return { ...rest, fields, expected: { ...rest.expected, ...expected } }
}

async function* pieces(
  sink: Sink,
  id: string,
  field: string,
  tap: Tap,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  tap.opened += 1
  for (let piece = 0; ; piece++) {
    tap.beforePiece?.(id, piece)
    const base64 = (await sink.read([id], signal)).get(id)?.fields[field]
    if (typeof base64 !== 'string') return
    const bytes = Buffer.from(base64, 'base64')
    const end = tap.truncates ? bytes.length - 1 : bytes.length
    if (piece * PIECE >= end) return
    yield bytes.subarray(piece * PIECE, Math.min(end, (piece + 1) * PIECE))
  }
}
