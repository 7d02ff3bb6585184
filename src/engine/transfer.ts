import PQueue from 'p-queue'
import type { RecordId } from '../contract/change.ts'
import { type ContentRef, contentOf, type OpenContent } from '../contract/content.ts'
import { SyncError } from '../contract/error.ts'
import type { Operation, Sink } from '../contract/sink.ts'
import type { Fields, Value } from '../contract/value.ts'
import { fieldOn, otherSide, type Side } from '../mapping/mapping.ts'
import { verified } from './content-stream.ts'
import type { Context } from './context.ts'
import type { Job, Write } from './job.ts'

/** Operations with files go together up to so many bytes: a failed call has not moved gigabytes in vain. */
const BATCH_BYTES = 8_000_000
/** What a sink that cannot stream is handed as base64, in memory: above it, the record is parked. */
const INLINE_BYTES = 32_000_000

/**
 * One transfer at a time in this process. It bounds the memory, and two transfers that each hold a connection of one system
 * and wait for one of the other cannot block each other.
 */
const gate = new PQueue({ concurrency: 1 })

/** A write that is to be sent. */
interface Sendable {
  readonly job: Job
  readonly write: Write
}

/** A pair of fields of which the source is a file. */
interface FilePair {
  /** The field that is written, and the one that the bytes come from. */
  readonly field: string
  readonly source: string
}

interface WrittenContent extends FilePair {
  readonly content: ContentRef
}

/** What of a mapping may move files to a side. The field there may be another than a file: a text, say. */
function filePairs({ mapping, sides }: Context, side: Side): readonly FilePair[] {
  const from = otherSide(side)
  const { fields } = sides[from].schema
  return mapping.fields
    .map((rule) => ({ field: fieldOn(rule, side), source: fieldOn(rule, from) }))
    .filter(({ source }) => fields.get(source)?.type === 'binary')
}

/** The references that an operation sends. */
function contentsOf(pairs: readonly FilePair[], operation: Operation): readonly WrittenContent[] {
  if (operation.kind === 'remove') return []
  return pairs.flatMap((pair): readonly WrittenContent[] => {
    const content = contentOf(operation.fields[pair.field])
    return content === null ? [] : [{ ...pair, content }]
  })
}

/** Cuts writes to one side into batches of at most `maxBatch`, and of no more files than fit into one call. */
export function batchesOf<T extends Sendable>(
  context: Context,
  side: Side,
  sent: readonly T[],
  maxBatch: number,
): readonly (readonly T[])[] {
  const pairs = filePairs(context, side)
  if (pairs.length === 0 && sent.length <= maxBatch) return sent.length === 0 ? [] : [sent]
  const batches: T[][] = []
  let bytes = 0
  for (const each of sent) {
    const own = contentsOf(pairs, each.write.operation).reduce((sum, { content }) => sum + content.size, 0)
    const last = batches.at(-1)
    if (last === undefined || last.length >= maxBatch || (bytes > 0 && bytes + own > BATCH_BYTES)) {
      batches.push([each])
      bytes = own
    } else {
      last.push(each)
      bytes += own
    }
  }
  return batches
}

/** What `callSink` needs: the operations, each able to open its files, and a sink that takes them. */
export interface Sending {
  readonly sink: Sink
  readonly operations: readonly Operation[]
}

/**
 * Joins the two sides of a batch of one side: gives each operation the way to its source's bytes. A sink that cannot
 * stream, or a field that is not a file there, gets base64 instead.
 */
export function bridgeContents(context: Context, side: Side, sink: Sink, batch: readonly Sendable[]): Sending {
  const pairs = filePairs(context, side)
  if (pairs.length === 0) return { sink, operations: batch.map(({ write }) => write.operation) }
  const { fields } = context.sides[side].schema
  const inlined = new Map<Operation, readonly WrittenContent[]>()
  let hasFiles = false
  const operations = batch.map(({ job, write }): Operation => {
    const contents = contentsOf(pairs, write.operation)
    if (contents.length === 0 || write.operation.kind === 'remove') return write.operation
    hasFiles = true
    const operation = { ...write.operation, open: openerOf(context, job, side, contents) }
    const held = contents.filter(({ field }) => !sink.openContent || fields.get(field)?.type !== 'binary')
    if (held.length > 0) inlined.set(operation, held)
    return operation
  })
  if (!hasFiles) return { sink, operations }
  const apply: Sink['apply'] = async (each, signal) => {
    const ready: Operation[] = []
    for (const operation of each) ready.push(await inline(operation, inlined.get(operation) ?? [], signal))
    return sink.apply(ready, signal)
  }
  return { sink: { ...sink, apply: (each, signal) => gate.add(() => apply(each, signal)) }, operations }
}

/** Reads a job's files from the record on the other side. */
function openerOf(context: Context, job: Job, side: Side, contents: readonly WrittenContent[]): OpenContent {
  const from = otherSide(side)
  const { schema, collection } = context.sides[from]
  const id = sourceId(job, from)
  return (field, signal) => {
    const found = contents.find((content) => content.field === field)
    const { sink } = collection
    if (found === undefined || id === null || !sink?.openContent) {
      throw new SyncError('unexpected', `There is nothing to read ${schema.name}.${field} from.`)
    }
    const what = `${schema.name} ${id}.${found.source}`
    return verified(sink.openContent(id, found.source, signal), found.content, what)
  }
}

/** Whether the source of a write has other files by now than the write was to send. */
export function isOtherContent(context: Context, { side, operation }: Write, source: Fields): boolean {
  return contentsOf(filePairs(context, side), operation).some((sent) => {
    const now = contentOf(source[sent.source])
    return now === null || now.checksum !== sent.content.checksum
  })
}

/** The record that a write's files come from. */
export function sourceId({ work }: Job, from: Side): RecordId | null {
  const { link } = work
  if (link) return from === 'odoo' ? link.odooId : link.externalId
  return work[from]?.id ?? null
}

/** The operation with base64 in place of these references. */
async function inline(operation: Operation, held: readonly WrittenContent[], signal: AbortSignal): Promise<Operation> {
  if (held.length === 0 || operation.kind === 'remove' || !operation.open) return operation
  const fields: Record<string, Value> = { ...operation.fields }
  for (const { field, content } of held) {
    if (content.size > INLINE_BYTES) {
      throw new SyncError(
        'too_large',
        `${field} has ${content.size} bytes, and its system takes files only as a whole`,
        {
          hint: `Up to ${INLINE_BYTES} bytes are held in memory for it. Leave the field out, or make the file smaller.`,
        },
      )
    }
    const pieces: Uint8Array[] = []
    for await (const piece of operation.open(field, signal)) pieces.push(piece)
    fields[field] = Buffer.concat(pieces).toString('base64')
  }
  const streamed = Object.keys(operation.fields).some((name) => contentOf(fields[name]) !== null)
  const { open, ...rest } = operation
  return { ...rest, fields: fields as Fields, ...(streamed ? { open } : {}) }
}
