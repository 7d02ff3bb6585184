import type { Problem, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { backlogProblems } from '../sql/backlog.ts'
import { isIndexOf } from '../sql/unique-conflict.ts'
import { captureNames } from './capture-schema.ts'
import { errorNumber, mysqlError } from './errors.ts'
import { literal } from './literal.ts'
import type { MysqlConnection, Query } from './pool.ts'
import type { MysqlContext, MysqlRows } from './rows.ts'
import type { MysqlTable } from './schema.ts'
import { readBacklogs, readIdentity, viewError } from './triggers.ts'

export async function checkConnection(connection: MysqlConnection, signal: AbortSignal): Promise<Report> {
  return connection.run(`connection ${connection.name}`, signal, async (query) => {
    const sentMs = Date.now()
    const [[version = '', user = '', clockMs = '0', isReadOnly = '0'] = []] = await query(
      'select version(), current_user(), floor(unix_timestamp(sysdate(6)) * 1000), @@global.read_only',
    )
    const number = version?.split('-')[0] ?? ''
    return {
      server: query.isMariaDb ? `MariaDB ${number}` : `MySQL ${number}`,
      user,
      clockOffsetMs: Math.round(Number(clockMs) - (sentMs + Date.now()) / 2),
      identity: await readIdentity(connection, query),
      problems:
        isReadOnly === '1'
          ? [problem('warning', 'the server is read-only', 'Connect to the primary, if Tandem is to write.')]
          : [],
    }
  })
}

export interface Needs {
  readonly create: boolean
  readonly update: boolean
  readonly remove: boolean
}

export async function checkCollection(
  context: MysqlContext,
  needs: Needs,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  context.forget()
  try {
    return await context.connection.run(context.subject, signal, async (query) => {
      const rows = await context.rows(query)
      return [
        ...(await conditionProblems(query, rows)),
        ...(await rightProblems(query, rows, needs)),
        ...specProblems(context, rows, needs),
        ...(await clockProblems(context, query, rows)),
        ...(context.spec.capture === 'triggers' ? await captureProblems(context, query, rows) : []),
      ]
    })
  } catch (error) {
    if (!(error instanceof SyncError) || !['schema', 'config', 'forbidden'].includes(error.code)) throw error
    return [asProblem(error)]
  }
}

/** Lets the server run each statement on no rows: it asks for the rights, and whether a view can be written, all the same. */
async function rightProblems(query: Query, { table, children }: MysqlRows, needs: Needs): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const each of [table, ...children.map((child) => child.table)]) {
    const writable = [...each.columns.values()].filter(({ field }) => !field.isReadOnly).map(({ sql }) => sql)
    const isWriting = needs.create || needs.update
    const isLines = each !== table
    const statements = [
      ...(needs.create || (isLines && isWriting)
        ? [
            [
              'INSERT',
              `insert into ${each.sql} (${writable.join(', ')}) select ${writable.join(', ')} from ${each.sql} where false`,
            ],
          ]
        : []),
      ...(needs.update || (isLines && isWriting)
        ? [['UPDATE', `update ${each.sql} set ${writable[0]} = ${writable[0]} where false`]]
        : []),
      ...(needs.remove || (isLines && isWriting) ? [['DELETE', `delete from ${each.sql} where false`]] : []),
    ]
    for (const [right = '', sql = ''] of statements) problems.push(...(await tryStatement(query, each, right, sql)))
  }
  return problems
}

async function tryStatement(query: Query, table: MysqlTable, right: string, sql: string): Promise<Problem[]> {
  try {
    await query.run(sql)
    return []
  } catch (error) {
    const refusal = mysqlError(error, `table ${table.name}`)
    if (table.isView && [1288, 1348, 1394, 1395, 1443, 1471].includes(errorNumber(error) ?? 0)) {
      const message = `${table.name} is a view that takes no ${right}`
      return [problem('error', message, 'Map it one way, to Odoo, or name the table under it.')]
    }
    if (refusal.code !== 'forbidden') throw refusal
    const [[user = null] = []] = await query('select current_user()')
    const grantee = `'${String(user).replace('@', "'@'")}'`
    return [
      problem(
        'error',
        `${user} has no right to ${right} on ${table.name}`,
        `GRANT ${right} ON ${table.sql} TO ${grantee};`,
      ),
    ]
  }
}

function specProblems({ spec }: MysqlContext, { table, cursorColumn, children }: MysqlRows, needs: Needs): Problem[] {
  const problems: Problem[] = []
  const ids = table.ids.map(({ field }) => field.name)
  if (spec.archive !== null && !table.columns.has(spec.archive.field)) {
    const message = `table ${table.name} has no column ${spec.archive.field}, named in archive`
    problems.push(problem('error', message, 'Correct the mapping.'))
  }
  if (!table.isView && !table.uniques.some((columns) => isIndexOf(columns, ids))) {
    const message = `${ids.join(', ')} of table ${table.name} is not unique, so it cannot be the id`
    problems.push(problem('error', message, 'Name another column as id, or create a unique index.'))
  }
  const { key } = spec
  if (key !== null && needs.create && !table.uniques.some((columns) => isIndexOf(columns, key))) {
    const message = `table ${table.name} has no unique index on the key ${key.join(', ')}`
    problems.push(
      problem('warning', message, 'Create one, so that the database itself refuses a second record with one key.'),
    )
  }
  if (spec.capture === 'cursor' && !['datetime', 'integer', 'decimal'].includes(cursorColumn?.field.type ?? '')) {
    const message = `${cursorColumn?.field.name} of table ${table.name} is neither a time nor a number`
    problems.push(problem('error', message, 'Name a timestamp or a number that grows with each change as cursor.'))
  }
  for (const each of [table, ...children.map((child) => child.table)]) {
    if (each.engine === null || /^innodb$/i.test(each.engine)) continue
    const message = `table ${each.name} is kept by ${each.engine}, which has no transactions`
    problems.push(problem('error', message, `Convert it: ALTER TABLE ${each.sql} ENGINE = InnoDB;`))
  }
  return problems
}

/** A DATETIME holds no zone; filled by NOW() it holds the server's, and a scan that takes it for UTC would miss changes. */
async function clockProblems(context: MysqlContext, query: Query, rows: MysqlRows): Promise<Problem[]> {
  const { cursorColumn, table } = rows
  if (context.spec.capture !== 'cursor' || cursorColumn?.type.name !== 'datetime') return []
  const [[zone = null, system = null] = []] = await query('select @@global.time_zone, @@system_time_zone')
  const used = zone === 'SYSTEM' ? system : zone
  if (/^(utc|gmt|[+-]00:00|etc\/utc)$/i.test(used ?? '')) return []
  return [
    problem(
      'warning',
      `${cursorColumn.field.name} of table ${table.name} is a DATETIME and the server's clock runs in ${used}; it is read as UTC`,
      'Fill it with UTC_TIMESTAMP(), or make it a TIMESTAMP; where neither can be, use capture: triggers.',
    ),
  ]
}

async function captureProblems(context: MysqlContext, query: Query, { table }: MysqlRows): Promise<Problem[]> {
  if (table.isView) return [asProblem(viewError(table))]
  const cascades = await query(
    `select constraint_name, delete_rule, update_rule from information_schema.referential_constraints
     where constraint_schema = ${literal(table.database)} and table_name = ${literal(table.name.slice(table.database.length + 1))}
     and (delete_rule in ('CASCADE', 'SET NULL') or update_rule in ('CASCADE', 'SET NULL'))`,
  )
  const unseen = cascades.map(([name]) =>
    problem(
      'warning',
      `what the foreign key ${name} changes in table ${table.name} by CASCADE or SET NULL runs no triggers`,
      'The next full comparison finds it; let the application change the rows itself where that is too late.',
    ),
  )
  const backlogs = await readBacklogs(context, query, table)
  const { consumers, changes } = captureNames(context.connection)
  const forget = (consumer: string): string =>
    `DELETE FROM ${consumers} WHERE source = ${literal(table.name)} AND name = ${literal(consumer)}; DELETE FROM ${changes} WHERE consumer NOT IN (SELECT id FROM ${consumers}); and start the daemon again, which writes the triggers without it.`
  return [
    ...(await triggerRightProblems(query, table)),
    ...unseen,
    ...backlogProblems(`table ${table.name}`, backlogs, forget),
  ]
}

/** Nothing but making a trigger shows whether that is allowed; the grants say it where they name our user and no role. */
async function triggerRightProblems(query: Query, table: MysqlTable): Promise<Problem[]> {
  const rows = await query('show grants')
  const grants = rows.map(([text]) => text ?? '')
  const isOpen = grants.some(
    (text) => /ALL PRIVILEGES|\bTRIGGER\b/.test(text) || !/ ON /.test(text.split(' TO ')[0] ?? ''),
  )
  if (isOpen) return []
  return [
    problem(
      'error',
      `triggers on ${table.name} may not be created`,
      `GRANT TRIGGER, CREATE, LOCK TABLES ON ${table.sql.split('.')[0]}.* TO the user of the connection, or set capture: cursor.`,
    ),
  ]
}

/** Lets the server read the whole select once, the operator's condition included. */
async function conditionProblems(query: Query, rows: MysqlRows): Promise<Problem[]> {
  try {
    await query(`select ${rows.list}, ${rows.inside} from ${rows.from} limit 0`)
    return []
  } catch (error) {
    const refusal = mysqlError(
      error,
      rows.inside === 'true' ? `table ${rows.table.name}` : `where of ${rows.table.name}`,
    )
    if (refusal.disposition !== 'halt') throw refusal
    return [asProblem(refusal)]
  }
}

function problem(severity: Problem['severity'], message: string, hint: string): Problem {
  return { severity, message, hint }
}

function asProblem(error: SyncError): Problem {
  return { severity: 'error', message: error.message, hint: error.hint }
}
