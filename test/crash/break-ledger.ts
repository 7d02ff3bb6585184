/**
 * For `node --import`: commits of this process fail with the SQLite error that the file `TANDEM_BREAK` names, for as long as
 * it exists. The disks that a test can make do not fail at fsync.
 */
import { existsSync, readFileSync } from 'node:fs'
import Database from 'better-sqlite3'

const file = process.env.TANDEM_BREAK ?? ''
const { prepare } = Database.prototype

Database.prototype.prepare = function (this: Database.Database, sql: string) {
  const statement = prepare.call(this, sql)
  if (sql === 'COMMIT') {
    const run = statement.run.bind(statement) as () => Database.RunResult
    statement.run = () => {
      if (existsSync(file)) throw new Database.SqliteError('disk I/O error', readFileSync(file, 'utf8'))
      return run()
    }
  }
  return statement
} as typeof prepare
