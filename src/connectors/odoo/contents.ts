import { createHash } from 'node:crypto'
import type { RecordId } from '../../contract/change.ts'
import { type ContentRef, contentOf } from '../../contract/content.ts'
import type { Operation } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { asRows, type OdooConnection, type OdooRow } from './connection.ts'
import type { ModelShape, OdooModel } from './model.ts'
import { toOdooIds } from './records.ts'
import type { OdooField } from './schema.ts'
import { searchRead } from './search-read.ts'
import type { OdooSpec } from './spec.ts'
import type { StreamedValue } from './streamed-args.ts'

const ATTACHMENT = 'ir.attachment'
/** The fields of an attachment that show its bytes. `raw` cannot be read over RPC: JSON has no bytes. */
const BYTES = new Set(['datas', 'raw'])

/**
 * Whether Odoo knows the digest of a field's content: it is kept as an attachment, with its SHA-1. A binary column of a
 * table has none, nor has what is computed when it is read.
 */
export function hasChecksum(model: string, field: OdooField): boolean {
  return field.type === 'binary' && (model === ATTACHMENT ? BYTES.has(field.name) : field.isAttachment)
}

/**
 * Whether our user sees the checksums of these fields. Where they are hidden, a full field looks empty, which must never be
 * taken for that. null: no field is full, and no file is seen, so that it cannot be told yet.
 */
export async function seesChecksums(
  connection: OdooConnection,
  model: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<boolean | null> {
  if (model === ATTACHMENT || names.length === 0 || (await connection.capabilities.seesFieldFiles(signal))) return true
  const domain: Value[] = [...Array<Value>(names.length - 1).fill('|'), ...names.map((name) => [name, '!=', false])]
  const args = { domain, fields: ['id'], limit: 1, context: { ...connection.context, active_test: false } }
  const full = asRows(await connection.call(model, 'search_read', args, signal), model)
  return full.length > 0 ? false : null
}

/** The name under which the bytes of a field go over the line; any other field's name as it is. */
export function wireName(model: string, field: string): string {
  return model === ATTACHMENT && field === 'raw' ? 'datas' : field
}

/** What a row of the model itself must bring along, so that the contents can be told from it. */
export function contentColumns(model: string, names: readonly string[]): readonly string[] {
  return model === ATTACHMENT && names.length > 0 ? ['checksum', 'file_size'] : []
}

/**
 * Odoo keeps the attachments that hold fields of records out of a search, but only while the domain names neither
 * `res_field` nor `id`, as paging by id does: then every picture of every record would be a document.
 */
export function withoutFieldAttachments(spec: OdooSpec): OdooSpec {
  const isNamed = spec.domain.some((leaf) => Array.isArray(leaf) && (leaf as readonly Value[])[0] === 'res_field')
  if (spec.model !== ATTACHMENT || isNamed) return spec
  return { ...spec, domain: [['res_field', '=', false], ...spec.domain] }
}

/**
 * The rows with references in the fields `names`: from the attachments that hold them, in one call, or, where our user may
 * not see these, from the bytes themselves, which are read through and not kept.
 */
export async function addContents(
  model: OdooModel,
  rows: readonly OdooRow[],
  { contentNames: names, seesChecksums: isVisible }: Pick<ModelShape, 'contentNames' | 'seesChecksums'>,
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  if (names.length === 0 || rows.length === 0) return rows
  if (!isVisible) return addDigests(model, rows, names, signal)
  if (model.name === ATTACHMENT) {
    return rows.map((row) => ({ ...row, ...Object.fromEntries(names.map((name) => [name, contentIn(row)] as const)) }))
  }
  const domain: Value[] = [
    ['res_model', '=', model.name],
    ['res_field', 'in', names],
    ['res_id', 'in', rows.map((row) => row.id ?? 0)],
  ]
  const fields = ['res_field', 'res_id', 'checksum', 'file_size']
  const args = { domain, fields, context: model.searchContext }
  const found = asRows(await model.connection.call(ATTACHMENT, 'search_read', args, signal), ATTACHMENT)
  const contents = new Map(found.map((row) => [`${row.res_id} ${row.res_field}`, contentIn(row)]))
  return rows.map((row) => ({
    ...row,
    ...Object.fromEntries(names.map((name) => [name, contents.get(`${row.id} ${name}`) ?? false] as const)),
  }))
}

/** Files that are read at once. */
const AT_ONCE = 4

async function addDigests(
  model: OdooModel,
  rows: readonly OdooRow[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  const domain = [['id', 'in', rows.map((row) => row.id ?? 0)]]
  // A size in words in place of the bytes: enough to see whether there are any.
  const context = { ...model.searchContext, bin_size: true }
  const sizes = await searchRead(model.connection, model.name, { domain, fields: names, context }, signal)
  const full = sizes.flatMap((row) => names.filter((name) => row[name]).map((name) => ({ id: String(row.id), name })))
  const contents = new Map<string, ContentRef | false>()
  for (let start = 0; start < full.length; start += AT_ONCE) {
    const some = full.slice(start, start + AT_ONCE).map(async ({ id, name }) => {
      contents.set(`${id} ${name}`, await digestOf(openContent(model, id, name, signal)))
    })
    await Promise.all(some)
  }
  return rows.map((row) => ({
    ...row,
    ...Object.fromEntries(names.map((name) => [name, contents.get(`${row.id} ${name}`) ?? false] as const)),
  }))
}

async function digestOf(pieces: AsyncIterable<Uint8Array>): Promise<ContentRef | false> {
  const hash = createHash('sha1')
  let size = 0
  for await (const piece of pieces) {
    hash.update(piece)
    size += piece.length
  }
  return size === 0 ? false : { checksum: `sha1:${hash.digest('hex')}`, size }
}

function contentIn({ checksum, file_size: size }: OdooRow): ContentRef | false {
  return typeof checksum === 'string' && typeof size === 'number' && size > 0
    ? { checksum: `sha1:${checksum}`, size }
    : false
}

/** The bytes of a field of a record; nothing where there are none, or no such record. */
export async function* openContent(
  model: OdooModel,
  id: RecordId,
  field: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { transport } = model.connection
  const [number] = toOdooIds([id])
  if (number === undefined) return
  const name = wireName(model.name, field)
  const args = { ids: [number], fields: [name], load: '', context: { ...model.context, bin_size: false } }
  const call = { model: model.name, method: 'read', args, changesData: false }
  yield* transport.content(call, name, signal)
}

/** Values by the reference that stands for them, for the operations that bring their bytes. */
export function streamedValues(operations: readonly Operation[]): Map<unknown, StreamedValue> {
  const values = new Map<unknown, StreamedValue>()
  for (const operation of operations) {
    if (operation.kind === 'remove' || !operation.open) continue
    const { open, fields } = operation
    for (const [name, value] of Object.entries(fields)) {
      const content = contentOf(value)
      if (content !== null) values.set(value, { size: content.size, open: (signal) => open(name, signal) })
    }
  }
  return values
}

/** The model with a connection whose changes bring these bytes. */
export function modelStreaming(model: OdooModel, values: ReadonlyMap<unknown, StreamedValue>): OdooModel {
  const { connection } = model
  const change: OdooConnection['change'] = (name, method, args, signal) =>
    connection.transport.call(
      { model: name, method, args: { context: connection.context, ...args }, changesData: true, streamed: values },
      signal,
    )
  return { ...model, connection: { ...connection, change } }
}
