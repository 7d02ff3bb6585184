import type { LinesRequest } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { OdooConnection } from './connection.ts'
import type { Dependent } from './dependents.ts'
import { createLineReader, type LineReader } from './records.ts'
import { fetchFields, type OdooField } from './schema.ts'
import type { OdooSpec } from './spec.ts'

/** A one2many field that is read and written with its lines. */
export interface LinesShape {
  readonly dependent: Dependent
  readonly reader: LineReader
  /** Every field of the lines' model. */
  readonly fields: ReadonlyMap<string, OdooField>
  /** The field shows all the records that point back, so that nested reading gives just the lines. */
  readonly isWhole: boolean
}

/** @throws SyncError `schema` when a field is no one2many, or the lines have no such field. */
export async function fetchLines(
  connection: OdooConnection,
  spec: OdooSpec,
  fields: ReadonlyMap<string, OdooField>,
  requested: Readonly<Record<string, LinesRequest>>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LinesShape>> {
  const shapes = new Map<string, LinesShape>()
  for (const [name, request] of Object.entries(requested)) {
    const field = fields.get(name)
    if (field?.type !== 'one2many' || field.relation === null) {
      throw new SyncError('schema', `${spec.model}.${name} holds no lines: it is ${field?.type ?? 'no field'}`, {
        hint: 'Name a one2many field, such as order_line.',
      })
    }
    const names = [...new Set(request.fields)].filter((each) => each !== 'id')
    const lineFields = await fetchFields(connection, field.relation, names, signal)
    const domain = spec.lines[name]?.domain ?? []
    shapes.set(name, {
      dependent: { path: name, model: field.relation, domain, fields: names, leads: [], through: null, isPart: true },
      reader: createLineReader(names, lineFields),
      fields: lineFields,
      isWhole: domain.length === 0 && !field.hasDomain,
    })
  }
  return shapes
}
