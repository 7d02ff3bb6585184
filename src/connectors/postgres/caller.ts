import { z } from 'zod'
import type { Caller } from '../../contract/caller.ts'
import type { RecordId } from '../../contract/change.ts'
import { SyncError } from '../../contract/error.ts'
import type { Sink } from '../../contract/sink.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { parseTableName, quoteIdentifier, quoteTableName } from '../sql/identifier.ts'
import type { Query } from './pool.ts'
import { forgettingWhenChanged, type PostgresContext } from './rows.ts'
import { columnNamed } from './schema.ts'

const args = z.array(z.json()).default([])

/** Exactly one of these: a function, a procedure, or columns of the record's own row. */
const callSchema = z.union([
  z.strictObject({ function: z.string().min(1), args }),
  z.strictObject({ procedure: z.string().min(1), args }),
  z.strictObject({ set: z.record(z.string(), z.json()) }),
])
type Call = z.output<typeof callSchema>

/** Calls functions and procedures, each in a transaction of its own, and sets columns of a record. */
export function postgresCaller(context: PostgresContext, sink: Sink): Caller {
  const { connection, subject } = context
  return {
    async check(call, related, signal) {
      const problems = related.map(
        ({ path }) => `${subject} has no related records to read (${path}): join them in a view`,
      )
      if (call === null) return problems
      try {
        const parsed = parseCall(call)
        await forgettingWhenChanged(context, () =>
          connection.run(subject, signal, (query) => refuseUnknown(context, parsed, query)),
        )
      } catch (error) {
        if (!(error instanceof SyncError) || (error.code !== 'config' && error.code !== 'schema')) throw error
        problems.push(error.message)
      }
      return problems
    },
    async related() {
      throw new SyncError('config', `${subject} has no related records to read`)
    },
    call(id, call, signal) {
      const parsed = parseCall(call)
      if ('set' in parsed) return setColumns(sink, subject, id, parsed.set, signal)
      return connection.transact(subject, signal, async (query) => {
        const [name, keyword] = 'function' in parsed ? [parsed.function, 'select'] : [parsed.procedure, 'call']
        const places = parsed.args.map((_, index) => `$${index + 1}`).join(', ')
        const [row] = await query(
          `${keyword} ${quoteTableName(parseTableName(name))}(${places})`,
          parsed.args.map(parameter),
        )
        return row?.[0] ?? null
      })
    },
  }
}

function parseCall(call: Value): Call {
  const parsed = callSchema.safeParse(call)
  if (parsed.success) return parsed.data
  throw new SyncError('config', 'a call of PostgreSQL is { function, args }, { procedure, args } or { set: { … } }', {
    cause: parsed.error,
  })
}

/** JSON goes as its text; PostgreSQL takes texts for any type. */
function parameter(value: Value): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : value
}

/** @throws SyncError `schema` where there is no such column, function or procedure. */
async function refuseUnknown(context: PostgresContext, call: Call, query: Query): Promise<void> {
  if ('set' in call) {
    const { table } = await context.rows(query)
    for (const name of Object.keys(call.set)) columnNamed(table, name)
    return
  }
  const [kind, name] =
    'function' in call ? (['function', call.function] as const) : (['procedure', call.procedure] as const)
  const { schema, table } = parseTableName(name)
  const found = await query(
    `select 1 from pg_proc p where p.proname = $1 and p.prokind = $2 and p.pronargs >= $3::int4
     and case when $4::text is null then pg_function_is_visible(p.oid) else p.pronamespace::regnamespace::text = $4 end`,
    [table, kind === 'function' ? 'f' : 'p', call.args.length, schema === null ? null : quotedName(schema)],
  )
  if (found.length > 0) return
  throw new SyncError('schema', `there is no ${kind} ${name} that takes ${call.args.length} arguments`)
}

/** As `regnamespace` shows a schema's name: in quotes only where they are needed. */
function quotedName(schema: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(schema) ? schema : quoteIdentifier(schema)
}

async function setColumns(
  sink: Sink,
  subject: string,
  id: RecordId,
  fields: Fields,
  signal: AbortSignal,
): Promise<Value> {
  const [outcome] = await sink.apply([{ kind: 'update', id, fields, expected: null }], signal)
  if (outcome?.kind === 'done') return true
  if (outcome?.kind === 'rejected') throw outcome.error
  throw new SyncError('invalid', `${subject} ${id} does not exist`)
}
