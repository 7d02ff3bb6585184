import type { RecordState } from '../../contract/change.ts'
import type { LinesRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { type BeyondField, findBeyondFields } from './beyond-fields.ts'
import type { OdooConnection, OdooRow } from './connection.ts'
import { addContents, contentColumns, hasChecksum, seesChecksums } from './contents.ts'
import { readAllDependents, watchedDependents } from './dependents.ts'
import { isPlain, ownField } from './field-name.ts'
import { fetchLines, type LinesShape } from './lines.ts'
import { withBeyond } from './read-beyond.ts'
import { createLineReader, type RowReader, readRows } from './records.ts'
import { fetchFields, type OdooField } from './schema.ts'
import { searchRead } from './search-read.ts'
import { contextOf, type OdooSpec } from './spec.ts'

/** A collection's model with what is known about it: what feed and sink both work with. */
export interface OdooModel {
  readonly connection: OdooConnection
  readonly name: string
  readonly spec: OdooSpec
  /** The fields of the collection, without those that the connector adds for itself. */
  readonly fieldNames: readonly string[]
  /** Those of the fields that are read with their lines. */
  readonly lines: Readonly<Record<string, LinesRequest>>
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
  /** What a read of the model does not give. */
  readonly beyond: readonly BeyondField[]
  readonly reader: RowReader
  /** What a full read asks for: without `contentNames`. */
  readonly readNames: readonly string[]
  /** Files that are read as references: their checksums come from elsewhere. */
  readonly contentNames: readonly string[]
  /** Our user may ask Odoo for these checksums. */
  readonly seesChecksums: boolean
  readonly lines: ReadonlyMap<string, LinesShape>
}

/** What a mapping asks of a collection besides its fields. */
export interface ModelRequest {
  readonly lines?: Readonly<Record<string, LinesRequest>> | undefined
  /** Fields of other records whose changes count as the record's. */
  readonly watched?: readonly string[] | undefined
  /** The spec of a collection whose language and companies this one shares where it names none. */
  readonly beside?: OdooSpec | null
  /** Whether files are read as references where Odoo knows their checksums. */
  readonly contents?: boolean | undefined
}

export function createModel(
  connection: OdooConnection,
  spec: OdooSpec,
  fieldNames: readonly string[],
  { lines = {}, watched = [], beside = null, contents = false }: ModelRequest = {},
): OdooModel {
  const context = { ...connection.context, ...(beside ? contextOf(beside) : {}), ...contextOf(spec) }
  let shape: ModelShape | null = null
  return {
    connection,
    name: spec.model,
    spec,
    fieldNames,
    lines,
    context,
    searchContext: { ...context, active_test: false },
    async shape(signal) {
      if (shape !== null) return shape
      const needed = [...new Set([...fieldNames.map(ownField), 'write_date', 'write_uid'])]
      const fields = await fetchFields(connection, spec.model, needed, signal)
      const { fields: beyond, reasons } = await findBeyondFields(connection, spec.model, fields, fieldNames, signal)
      const [reason] = reasons.values()
      if (reason !== undefined) throw new SyncError('schema', reason, { hint: 'Correct the mapping.' })
      const ownUserId = await connection.ownUserId(signal)
      const lineShapes = await fetchLines(connection, spec, fields, lines, signal)
      const reader: RowReader = {
        ...createLineReader(fieldNames.filter(isPlain), fields),
        ownUserId,
        dependents: [
          ...[...lineShapes.values()].map(({ dependent }) => dependent),
          ...watchedDependents(beyond.filter(({ name }) => watched.includes(name))),
        ],
        lines: lineShapes,
      }
      const files = fieldNames.filter((name) => {
        const field = fields.get(name)
        return contents && field !== undefined && hasChecksum(spec.model, field)
      })
      const isVisible = await seesChecksums(connection, spec.model, files, signal)
      const contentNames = files
      const readNames = needed.filter((name) => !contentNames.includes(name))
      const columns = contentColumns(spec.model, contentNames)
      const found = {
        fields,
        beyond,
        reader,
        readNames: [...new Set([...readNames, ...columns])],
        contentNames,
        seesChecksums: isVisible !== false,
        lines: lineShapes,
      }
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
    ...(limit === null ? {} : { limit }),
  }
  return searchRead(model.connection, model.name, args, signal)
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
  return toStates(model, shape, found, floorMs, signal)
}

/** Rows as records, with all that is read apart from them. @param floorMs what the clock showed when they were asked for. */
export async function toStates(
  model: OdooModel,
  shape: ModelShape,
  found: readonly OdooRow[],
  floorMs: number | null,
  signal: AbortSignal,
): Promise<RecordState[]> {
  const { connection, searchContext } = model
  const { reader, beyond } = shape
  const rows = await addContents(model, found, shape, signal)
  const dependents = await readAllDependents(connection, reader.dependents, searchContext, rows, true, signal)
  const { states, newestMs } = readRows(rows, reader, floorMs, dependents)
  if (newestMs !== null) connection.clock.observe(newestMs)
  return withBeyond({ connection, model: model.name, context: model.context }, beyond, rows, states, signal)
}
