import type { Identity, Problem, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { backlogProblems } from '../sql/backlog.ts'
import { quoteLiteral } from '../sql/identifier.ts'
import { isIndexOf } from '../sql/unique-conflict.ts'
import { captureFunction, captureNames } from './capture-schema.ts'
import type { PostgresConnection, Query } from './pool.ts'
import type { PostgresContext, PostgresRows } from './rows.ts'
import { readBacklogs, viewError } from './triggers.ts'

export async function checkConnection(connection: PostgresConnection, signal: AbortSignal): Promise<Report> {
  return connection.run(`connection ${connection.name}`, signal, async (query) => {
    const sentMs = Date.now()
    const [[version, user, clockMs, isReadOnly] = []] = await query(
      `select current_setting('server_version'), current_user::text, (extract(epoch from clock_timestamp()) * 1000)::int8,
       current_setting('transaction_read_only')`,
    )
    const identity = await readIdentity(query)
    return {
      server: `PostgreSQL ${String(version).split(' ')[0]}`,
      user: String(user),
      clockOffsetMs: Math.round(Number(clockMs) - (sentMs + Date.now()) / 2),
      identity,
      problems:
        isReadOnly === 'on'
          ? [problem('warning', 'the server is read-only', 'Connect to the primary, if Tandem is to write.')]
          : [],
    }
  })
}

/**
 * The cluster's own name, made by initdb (some services keep it from users), and the database's number in it: a dump
 * that is restored gets another one, a file copy keeps both. Transaction numbers of a cluster only grow, over restarts
 * and promotions too; a file copy that is put back goes back with them.
 */
async function readIdentity(query: Query): Promise<Identity> {
  const [[database, transaction] = []] = await query(
    `select (select oid::text from pg_database where datname = current_database()),
     txid_snapshot_xmax(txid_current_snapshot())::text`,
  )
  const cluster = await query('select system_identifier::text from pg_control_system()').catch(() => [])
  const traits: Record<string, string> = { database: String(database) }
  if (cluster[0]?.[0] !== undefined) traits.cluster = String(cluster[0][0])
  return { traits, marks: { transaction: Number(transaction) } }
}

export interface Needs {
  readonly create: boolean
  readonly update: boolean
  readonly remove: boolean
}

export async function checkCollection(
  context: PostgresContext,
  needs: Needs,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  context.forget()
  try {
    return await context.connection.run(context.subject, signal, async (query) => {
      const rows = await context.rows(query)
      return [
        ...(await rightProblems(query, rows, needs)),
        ...(await writableProblems(query, rows, needs)),
        ...specProblems(context, rows, needs),
        ...(context.spec.capture === 'triggers' ? await captureProblems(context, query, rows) : []),
        ...(await conditionProblems(context, query, rows)),
      ]
    })
  } catch (error) {
    if (!(error instanceof SyncError) || !['schema', 'config', 'forbidden'].includes(error.code)) throw error
    return [asProblem(error)]
  }
}

async function rightProblems(query: Query, { table }: PostgresRows, needs: Needs): Promise<Problem[]> {
  const wanted = [
    'SELECT',
    ...(needs.create ? ['INSERT'] : []),
    ...(needs.update ? ['UPDATE'] : []),
    ...(needs.remove ? ['DELETE'] : []),
  ]
  const [[user = null, missing = null] = []] = await query(
    `select current_user::text, (select string_agg(r, ', ') from unnest($2::text[]) r where not
       (case when r in ('DELETE') then has_table_privilege($1::oid, r) else has_any_column_privilege($1::oid, r) end))`,
    [table.oid, wanted],
  )
  if (missing === null) return []
  const hint = `GRANT ${String(missing)} ON ${table.sql} TO ${String(user)};`
  return [problem('error', `${String(user)} has no right to ${String(missing)} on ${table.name}`, hint)]
}

async function writableProblems(query: Query, { table }: PostgresRows, needs: Needs): Promise<Problem[]> {
  if (table.kind === 'table' || table.kind === 'partitioned') return []
  if (!needs.create && !needs.update && !needs.remove) return []
  // Bits of the command types: 4 update, 8 insert, 16 delete.
  const [[events = 0] = []] = await query('select pg_relation_is_updatable($1::oid::regclass, true)::int4', [table.oid])
  const bits = Number(events)
  const isEnough =
    (!needs.update || (bits & 4) > 0) && (!needs.create || (bits & 8) > 0) && (!needs.remove || (bits & 16) > 0)
  if (isEnough) return []
  return [
    problem(
      'error',
      `${table.name} is a view that can only be read`,
      'Map it one way, to Odoo, or name the table under it.',
    ),
  ]
}

function specProblems({ spec }: PostgresContext, { table, cursorColumn }: PostgresRows, needs: Needs): Problem[] {
  const problems: Problem[] = []
  const ids = table.ids.map(({ field }) => field.name)
  if (spec.archive !== null && !table.columns.has(spec.archive.field)) {
    problems.push(
      problem(
        'error',
        `table ${table.name} has no column ${spec.archive.field}, named in archive`,
        'Correct the mapping.',
      ),
    )
  }
  if (table.kind !== 'view' && !table.uniques.some((columns) => isIndexOf(columns, ids))) {
    problems.push(
      problem(
        'error',
        `${table.id.field.name} of table ${table.name} is not unique, so it cannot be the id`,
        'Name another column as id, or create a unique index.',
      ),
    )
  }
  const { key } = spec
  if (key !== null && needs.create && !table.uniques.some((columns) => isIndexOf(columns, key))) {
    problems.push(
      problem(
        'warning',
        `table ${table.name} has no unique index on the key ${key.join(', ')}`,
        'Create one, so that the database itself refuses a second record with one key.',
      ),
    )
  }
  if (
    spec.capture === 'cursor' &&
    cursorColumn !== null &&
    !['datetime', 'integer', 'decimal'].includes(cursorColumn.field.type)
  ) {
    problems.push(
      problem(
        'error',
        `${cursorColumn.field.name} of table ${table.name} is neither a time nor a number`,
        'Name a timestamp or a number that grows with each change as cursor.',
      ),
    )
  }
  return problems
}

async function captureProblems(context: PostgresContext, query: Query, { table }: PostgresRows): Promise<Problem[]> {
  if (table.kind === 'view' || table.kind === 'foreign') return [asProblem(viewError(table))]
  const names = captureNames(context.connection.settings.captureSchema)
  const [[exists = null, mayCreate = null, mayTrigger = null] = []] = await query(
    `select to_regclass($1) is not null, has_database_privilege(current_database(), 'CREATE'), has_table_privilege($2::oid, 'TRIGGER')`,
    [names.changes, table.oid],
  )
  const problems: Problem[] = []
  if (exists !== true && mayCreate !== true) {
    problems.push(
      problem(
        'error',
        `the schema ${names.schema} for captured changes does not exist and may not be created`,
        `As the database's owner: CREATE SCHEMA ${names.schema} AUTHORIZATION the user of the connection; or set capture: cursor.`,
      ),
    )
  }
  if (mayTrigger !== true) {
    problems.push(
      problem(
        'error',
        `triggers on ${table.name} may not be created`,
        `GRANT TRIGGER ON ${table.sql} to the user of the connection, or set capture: cursor.`,
      ),
    )
  }
  const backlogs = await readBacklogs(context, query, table)
  const forget = (consumer: string): string => {
    // The function writes for every reader that is built into it; with the last one it goes, and its triggers with it.
    const end = backlogs.length === 1 ? `DROP FUNCTION ${captureFunction(names, table)}() CASCADE; ` : ''
    return `${end}DELETE FROM ${names.consumers} WHERE source = ${quoteLiteral(table.name)} AND name = ${quoteLiteral(consumer)}; DELETE FROM ${names.changes} WHERE consumer NOT IN (SELECT id FROM ${names.consumers}); and start the daemon again.`
  }
  return [...problems, ...backlogProblems(`table ${table.name}`, backlogs, forget)]
}

/** Lets the server read the whole select once, the operator's condition included. */
async function conditionProblems(context: PostgresContext, query: Query, rows: PostgresRows): Promise<Problem[]> {
  if (context.spec.where === null) return []
  try {
    await query(`select ${rows.inside} from ${rows.from} limit 0`)
    return []
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [problem('error', `where of ${rows.table.name}: ${reason}`, 'Correct the condition in the mapping.')]
  }
}

function problem(severity: Problem['severity'], message: string, hint: string): Problem {
  return { severity, message, hint }
}

function asProblem(error: SyncError): Problem {
  return { severity: 'error', message: error.message, hint: error.hint }
}
