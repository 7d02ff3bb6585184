import { z } from 'zod'
import type { Caller, RelatedRequest } from '../../contract/caller.ts'
import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { perform, type Session } from './call.ts'
import { type Row, type Table, tableOf, transact } from './database.ts'
import { updateRow } from './write.ts'

const callSchema = z.strictObject({ method: z.string().min(1), args: z.json().default(null) })

/** Calls the methods of a collection: `{ method, args }`. */
export function createCaller(session: Session, name: string, table: () => Table): Caller {
  const asked = { method: 'call', collection: name, operations: [] } as const
  const read = { method: 'read', collection: name, operations: [] } as const
  return {
    async check(call, related) {
      const problems: string[] = []
      const parsed = callSchema.nullable().safeParse(call)
      if (!parsed.success) problems.push(z.prettifyError(parsed.error))
      else if (parsed.data && !table().definition.methods[parsed.data.method]) {
        problems.push(`${name} has no method ${parsed.data.method}`)
      }
      for (const { path, fields } of related) problems.push(...pathProblems(session, table(), path, fields))
      return problems
    },
    related: (id, request, signal) => perform(session, read, signal, () => relatedRows(session, table(), id, request)),
    call: (id, call, signal) => perform(session, asked, signal, () => callMethod(session, table(), id, call)),
  }
}

function callMethod(session: Session, table: Table, id: RecordId, call: Value): Value {
  const { method, args } = callSchema.parse(call)
  const { database } = session.store
  const row = table.rows.get(id)
  const run = table.definition.methods[method]
  if (!row || !run) throw new SyncError('invalid', `${table.name} ${id} or its method ${method} does not exist.`)
  return transact(database, () => {
    const { fields, value = null } = run(row.fields, args)
    if (fields) updateRow(database, table, row, fields, { byUs: true, atMs: session.store.nowMs() })
    session.store.calls.writes += 1
    return value
  })
}

function relatedRows(
  session: Session,
  table: Table,
  id: RecordId,
  { path, fields }: RelatedRequest,
): readonly Fields[] {
  let at = table
  let rows: readonly Row[] = [table.rows.get(id)].filter((row) => row !== undefined)
  for (const name of path.split('.')) {
    const next = tableOf(session.store.database, at.definition.fields.get(name)?.relation ?? '')
    const ids = new Set(rows.flatMap((row) => row.fields[name] ?? []).map(String))
    rows = [...ids].sort().flatMap((each) => next.rows.get(each) ?? [])
    at = next
  }
  return rows.map((row) => ({
    id: Number.isNaN(Number(row.id)) ? row.id : Number(row.id),
    ...Object.fromEntries(fields.map((name) => [name, row.fields[name] ?? null] as const)),
  }))
}

function pathProblems(session: Session, table: Table, path: string, fields: readonly string[]): readonly string[] {
  let at = table
  for (const name of path.split('.')) {
    const relation = at.definition.fields.get(name)?.relation
    const next = relation == null ? undefined : session.store.database.tables.get(relation)
    if (!next) return [`${at.name}.${name} refers to no records`]
    at = next
  }
  return fields.filter((name) => !at.definition.fields.has(name)).map((name) => `${at.name} has no field ${name}`)
}
