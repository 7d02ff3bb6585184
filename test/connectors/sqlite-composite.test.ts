import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createSqliteConnector } from '../../src/connectors/sqlite/index.ts'
import { describeComposite } from './composite-cases.ts'

describeComposite(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-sqlite-'))
  const file = join(folder, 'shop.db')
  const person = new Database(file)
  person.exec(
    'create table Stock (region text not null, no integer not null, name text, version integer not null default 0, primary key (region, no))',
  )
  return {
    connector: createSqliteConnector({ type: 'sqlite', file }, 'shop'),
    table: 'Stock',
    run: async (sql) => person.exec(sql),
    async tearDown() {
      person.close()
      rmSync(folder, { recursive: true })
    },
  }
})
