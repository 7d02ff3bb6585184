import type { RelatedRequest } from '../../contract/caller.ts'
import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import type { OdooRow } from './connection.ts'
import type { OdooModel } from './model.ts'
import { fetchFields, type OdooField } from './schema.ts'
import { searchRead } from './search-read.ts'
import { decoderFor } from './values.ts'

/** Reads the records that a record refers to, along fields of the types many2one, one2many and many2many. */
export interface RelatedReader {
  /** @throws SyncError `schema` where the path or a field does not exist. */
  check(request: RelatedRequest, signal: AbortSignal): Promise<void>
  /** In the order of their ids, archived ones included. */
  read(id: RecordId, request: RelatedRequest, signal: AbortSignal): Promise<readonly Fields[]>
}

export function createRelated({ connection, name, context }: OdooModel): RelatedReader {
  const known = new Map<string, ReadonlyMap<string, OdooField>>()
  const fieldsOf = async (model: string, signal: AbortSignal): Promise<ReadonlyMap<string, OdooField>> => {
    const fields = known.get(model) ?? (await fetchFields(connection, model, [], signal))
    known.set(model, fields)
    return fields
  }

  const field = async (model: string, part: string, signal: AbortSignal): Promise<OdooField> => {
    const found = (await fieldsOf(model, signal)).get(part)
    if (found) return found
    throw new SyncError('schema', `${model} has no field ${part}, or our user may not see it`)
  }

  const relationOf = async (model: string, part: string, signal: AbortSignal): Promise<string> => {
    const { relation } = await field(model, part, signal)
    if (relation !== null) return relation
    throw new SyncError('schema', `${model}.${part} refers to no records`)
  }

  const rows = async (
    model: string,
    ids: readonly number[],
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly OdooRow[]> => {
    if (ids.length === 0) return []
    const args = { domain: [['id', 'in', ids]], fields: names, order: 'id' }
    return searchRead(connection, model, { ...args, context: { ...context, active_test: false } }, signal)
  }

  return {
    async check({ path, fields }, signal) {
      let model = name
      for (const part of path.split('.')) model = await relationOf(model, part, signal)
      for (const each of fields) await field(model, each, signal)
    },
    async read(id, { path, fields }, signal) {
      let model = name
      let ids: readonly number[] = [Number(id)]
      for (const part of path.split('.')) {
        const found = await rows(model, ids, [part], signal)
        ids = [...new Set(found.flatMap((row) => idsIn(row[part])))]
        model = await relationOf(model, part, signal)
      }
      const types = await fieldsOf(model, signal)
      return (await rows(model, ids, fields, signal)).map((row) => ({
        id: row.id ?? null,
        ...Object.fromEntries(
          fields.map((each) => [each, decoderFor(types.get(each)?.type ?? 'char')(row[each] ?? false)] as const),
        ),
      }))
    },
  }
}

function idsIn(value: Value | undefined): readonly number[] {
  const items: readonly Value[] = Array.isArray(value) ? value : [value ?? null]
  return items.filter((item) => typeof item === 'number')
}
