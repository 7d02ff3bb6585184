import { createHash } from 'node:crypto'
import { putRow, visibleIds } from './database.ts'
import { type Environment, fieldOf, rowOf } from './environment.ts'
import { isTruthy } from './field-value.ts'
import { userError } from './odoo-error.ts'
import { isPicture, shrunkPicture } from './picture.ts'
import type { Row } from './schema.ts'
import { deleteRows, insertRows, updateRows, type Values } from './write.ts'

/**
 * `ir.attachment`, and the files that other models keep there: each in a row of its own that names the record and the
 * field. The bytes are in a cell that is no field, as base64.
 */
const MODEL = 'ir.attachment'
const BYTES = '_bytes'

const MIME_TYPES: Readonly<Record<string, string>> = { pdf: 'application/pdf', png: 'image/png', txt: 'text/plain' }

export function createAttachments(env: Environment, valuesList: readonly Values[]): number[] {
  return valuesList.map((values) => {
    const { datas, checksum: _own, file_size: _size, ...rest } = values
    const bytes = bytesOf(datas)
    const known = { ...rest, mimetype: isTruthy(rest.mimetype) ? rest.mimetype : guessMimeType(rest.name, bytes) }
    // A new one without bytes has no checksum; one that was emptied has that of nothing.
    const [id = 0] = insertRows(env, MODEL, [{ ...known, ...(bytes.length > 0 ? contentOf(bytes) : {}) }])
    keepBytes(env, id, bytes)
    return id
  })
}

export function writeAttachments(env: Environment, ids: readonly number[], values: Values): void {
  const { datas, checksum: _own, file_size: _size, ...rest } = values
  if (datas === undefined) {
    updateRows(env, MODEL, ids, rest)
    return
  }
  const bytes = bytesOf(datas)
  updateRows(env, MODEL, ids, { ...rest, ...contentOf(bytes) })
  for (const id of ids) keepBytes(env, id, bytes)
}

/** Writes the files among the values of a record, each to its attachment. To be called after the record was written. */
export function storeFiles(env: Environment, model: string, ids: readonly number[], values: Values): void {
  for (const [name, value] of Object.entries(values)) {
    const field = fieldOf(env, model, name)
    if (field?.type !== 'binary' || !field.attachment) continue
    const bytes = processed(bytesOf(value), field.maxPixels)
    for (const id of ids) {
      const own = attachmentsOf(env, model, [id]).filter(({ res_field }) => res_field === name)
      const place = { res_model: model, res_field: name, res_id: id }
      if (bytes.length === 0) deleteRows(env, MODEL, own.map(idOf))
      else if (own.length > 0) writeAttachments(env, own.map(idOf), { datas: bytes.toString('base64') })
      else createAttachments(env, [{ ...place, name, datas: bytes.toString('base64') }])
    }
  }
}

/** A deleted record takes its documents and files with it. */
export function forgetFiles(env: Environment, model: string, ids: readonly number[]): void {
  deleteRows(env, MODEL, attachmentsOf(env, model, ids).map(idOf))
}

/** A binary field as `read` answers it: base64, or with `bin_size` how large it is. */
export function fileOf(env: Environment, model: string, row: Row, name: string): string | false {
  const holder =
    model === MODEL ? row : attachmentsOf(env, model, [idOf(row)]).find(({ res_field }) => res_field === name)
  if (holder === undefined) return false
  if (isTruthy(env.context.bin_size)) return humanSize(Number(holder.file_size ?? 0))
  return String(holder[BYTES] ?? '')
}

function attachmentsOf(env: Environment, model: string, ids: readonly number[]): readonly Row[] {
  const wanted = new Set(ids)
  return visibleIds(env.transaction, MODEL).flatMap((id) => {
    const row = rowOf(env, MODEL, id)
    return row?.res_model === model && wanted.has(Number(row.res_id)) ? [row] : []
  })
}

function idOf(row: Row): number {
  return Number(row.id)
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64')
}

function contentOf(bytes: Buffer): Values {
  return { checksum: createHash('sha1').update(bytes).digest('hex'), file_size: bytes.length }
}

function keepBytes(env: Environment, id: number, bytes: Buffer): void {
  const row = rowOf(env, MODEL, id)
  if (row) putRow(env.transaction, MODEL, id, { ...row, [BYTES]: bytes.toString('base64') })
}

/** What Odoo makes of a picture: it must be one, and one that is too large is stored smaller. */
function processed(bytes: Buffer, maxPixels: number | undefined): Buffer {
  if (maxPixels === undefined || bytes.length === 0) return bytes
  if (!isPicture(bytes)) throw userError('This file could not be decoded as an image file.')
  return shrunkPicture(bytes, maxPixels)
}

function guessMimeType(name: unknown, bytes: Buffer): string {
  if (isPicture(bytes)) return 'image/png'
  const extension = /\.(\w+)$/.exec(typeof name === 'string' ? name : '')?.[1] ?? ''
  return MIME_TYPES[extension] ?? 'application/octet-stream'
}

function humanSize(size: number): string {
  const units = ['bytes', 'Kb', 'Mb', 'Gb']
  let unit = 0
  let rest = size
  for (; rest >= 1024 && unit < units.length - 1; unit++) rest /= 1024
  return `${rest.toFixed(2)} ${units[unit]}`
}
