import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import type { Problem, Report } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { backlogProblems } from '../sql/backlog.ts'
import { quoteLiteral } from '../sql/identifier.ts'
import { isIndexOf } from '../sql/unique-conflict.ts'
import type { SqliteConnection } from './database.ts'
import type { SqliteContext } from './rows.ts'
import { readBacklogs, readIdentity, viewError } from './triggers.ts'

export function checkConnection(connection: SqliteConnection): Report {
  const version = connection.handle().prepare<[], { version: string }>('select sqlite_version() as version').get()
  return {
    server: `SQLite ${version?.version ?? ''}`,
    user: null,
    clockOffsetMs: 0,
    identity: readIdentity(connection.handle()),
    problems: [],
  }
}

export interface Needs {
  readonly create: boolean
  readonly update: boolean
  readonly remove: boolean
}

export function checkCollection(context: SqliteContext, needs: Needs): Problem[] {
  try {
    const { table } = context.rows()
    const { spec, connection } = context
    const problems: Problem[] = []
    const isWriting = needs.create || needs.update || needs.remove
    if (table.isView && isWriting)
      problems.push(asProblem(new SyncError('config', `${table.name} is a view, which is only read`)))
    if (table.isView && spec.capture === 'triggers') problems.push(asProblem(viewError(table)))
    if ((isWriting || spec.capture === 'triggers') && !isWritable(connection.settings.file)) {
      problems.push({
        severity: 'error',
        message: `${connection.settings.file} or its folder cannot be written`,
        hint: 'Give the daemon the right to write the file and its folder.',
      })
    }
    if (spec.archive !== null && !table.columns.has(spec.archive.field)) {
      problems.push(
        asProblem(new SyncError('schema', `table ${table.name} has no column ${spec.archive.field}, named in archive`)),
      )
    }
    const { key } = spec
    if (key !== null && needs.create && !table.uniques.some((columns) => isIndexOf(columns, key))) {
      problems.push({
        severity: 'warning',
        message: `table ${table.name} has no unique index on the key ${key.join(', ')}`,
        hint: 'Create one, so that the database itself refuses a second record with one key.',
      })
    }
    const forget = (consumer: string): string =>
      `delete from tandem_consumer where source = ${quoteLiteral(table.name)} and name = ${quoteLiteral(consumer)}; delete from tandem_change where consumer not in (select id from tandem_consumer);`
    return [...problems, ...backlogProblems(`table ${table.name}`, readBacklogs(connection.handle(), table), forget)]
  } catch (error) {
    if (error instanceof SyncError && error.disposition === 'halt') return [asProblem(error)]
    throw error
  }
}

function asProblem(error: SyncError): Problem {
  return { severity: 'error', message: error.message, hint: error.hint }
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK)
    accessSync(dirname(file), constants.W_OK)
    return true
  } catch {
    return false
  }
}
