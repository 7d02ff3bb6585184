import type { RecordState } from '../../contract/change.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { asRows, type OdooConnection, type OdooRow } from './connection.ts'
import { addContents, contentColumns, hasChecksum, seesChecksums } from './contents.ts'
import { createRowReader, type RowReader, readRows } from './records.ts'
import { fetchFields, type OdooField } from './schema.ts'
import type { OdooSpec } from './spec.ts'

/** A collection's model with what is known about it: what feed and sink both work with. */
export interface OdooModel {
  readonly connection: OdooConnection
  readonly name: string
  readonly spec: OdooSpec
  /** The fields of the collection, without those that the connector adds for itself. */
  readonly fieldNames: readonly string[]
  /** The connection's context with the collection's own on top. Archived records are not in it: see `searchContext`. */
  readonly context: Fields
  /** For searches: archived records are records too. */
  readonly searchContext: Fields
  /** Asked once; again after `forgetShape`. @throws SyncError `schema` when a field of the collection is missing. */
  shape(signal: AbortSignal): Promise<ModelShape>
  /** After an error that a changed model explains. */
  forgetShape(): void
}

export interface ModelShape {
  readonly fields: ReadonlyMap<string, OdooField>
  readonly reader: RowReader
  /** What a full read asks for: without `contentNames`. */
  readonly readNames: readonly string[]
  /** Files that are read as references: their checksums come from elsewhere. */
  readonly contentNames: readonly string[]
}

/** @param takesContents whether files are read as references where Odoo knows their checksums. */
export function createModel(
  connection: OdooConnection,
  spec: OdooSpec,
  fieldNames: readonly string[],
  takesContents: boolean,
): OdooModel {
  const context = { ...connection.context, ...spec.context }
  let shape: ModelShape | null = null
  return {
    connection,
    name: spec.model,
    spec,
    fieldNames,
    context,
    searchContext: { ...context, active_test: false },
    async shape(signal) {
      if (shape !== null) return shape
      const needed = [...fieldNames, 'write_date', 'write_uid']
      const fields = await fetchFields(connection, spec.model, needed, signal)
      const ownUserId = await connection.ownUserId(signal)
      const reader = createRowReader(fieldNames, fields, ownUserId)
      const files = fieldNames.filter((name) => {
        const field = fields.get(name)
        return takesContents && field !== undefined && hasChecksum(spec.model, field)
      })
      const isVisible = await seesChecksums(connection, spec.model, files, signal)
      const contentNames = isVisible === false ? [] : files
      const readNames = needed.filter((name) => !contentNames.includes(name))
      const columns = contentColumns(spec.model, contentNames)
      const found = { fields, reader, readNames: [...new Set([...readNames, ...columns])], contentNames }
      // Asked again as long as nothing is there by which it could be told.
      if (isVisible !== null) shape = found
      return found
    },
    forgetShape() {
      shape = null
    },
  }
}

/** One page of rows. Where it can be given, `load: ''` keeps Odoo from computing the display name of every many2one. */
export async function searchRows(
  model: OdooModel,
  domain: readonly Value[],
  names: readonly string[],
  limit: number | null,
  order: string,
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  const args: Fields = {
    domain,
    fields: names,
    order,
    context: model.searchContext,
    ...((await model.connection.capabilities.searchReadTakesLoad(signal)) ? { load: '' } : {}),
    ...(limit === null ? {} : { limit }),
  }
  return asRows(await model.connection.call(model.name, 'search_read', args, signal), model.name)
}

/** Records in full, in the order of their ids. */
export async function readRecords(
  model: OdooModel,
  domain: readonly Value[],
  limit: number | null,
  signal: AbortSignal,
): Promise<RecordState[]> {
  const { clock } = model.connection
  const shape = await model.shape(signal)
  const floorMs = clock.nowMs()
  const found = await searchRows(model, domain, shape.readNames, limit, 'id', signal)
  const rows = await addContents(model, found, shape.contentNames, signal)
  const { states, newestMs } = readRows(rows, shape.reader, floorMs)
  if (newestMs !== null) clock.observe(newestMs)
  return states
}
