import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createSqliteConnector } from '../../src/connectors/sqlite/index.ts'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'

const TABLE = `create table items (
  id integer primary key autoincrement, code text unique, name varchar(250), "Count" integer, amount decimal(12, 2),
  flag boolean, born date, met datetime, extra json, file blob, updated_at datetime, check ("Count" <> 13)
);
create trigger stamp_insert after insert on items begin
  update items set updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') where id = new.id; end;
create trigger stamp_update after update of code, name, "Count", amount, flag, born, met, extra, file on items begin
  update items set updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') where id = new.id; end;`

function setUp(spec: object): () => ConnectorSetup {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-sqlite-'))
    const file = join(folder, 'shop.db')
    const person = new Database(file)
    person.exec(TABLE)
    const connect = () => createSqliteConnector({ type: 'sqlite', file }, 'shop')
    const stored = (value: unknown): unknown => {
      if (typeof value === 'boolean') return Number(value)
      return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
    }
    return {
      connector: connect(),
      reconnect: connect,
      request: {
        spec: { collection: { table: 'items', ...spec }, key: 'code' },
        fields: ['code', 'name', 'Count', 'amount', 'flag', 'born', 'met', 'extra', 'file'],
        consumer: 'suite',
      },
      missing: { spec: 'nowhere', name: 'nowhere' },
      fields: {
        key: 'code',
        text: 'name',
        integer: 'Count',
        decimal: 'amount',
        boolean: 'flag',
        date: 'born',
        datetime: 'met',
        json: 'extra',
        binary: 'file',
      },
      person: {
        insert(fields) {
          const names = Object.keys(fields).map((name) => `"${name}"`)
          const marks = names.map(() => '?')
          const { lastInsertRowid } = person
            .prepare(`insert into items (${names.join()}) values (${marks.join()})`)
            .run(...Object.values(fields).map(stored))
          return String(lastInsertRowid)
        },
        edit(id, fields) {
          const set = Object.keys(fields).map((name) => `"${name}" = ?`)
          person
            .prepare(`update items set ${set.join()} where id = ?`)
            .run(...Object.values(fields).map(stored), Number(id))
        },
        remove: (id) => person.prepare('delete from items where id = ?').run(Number(id)),
      },
      refused: { Count: 13 },
      tearDown() {
        person.close()
        rmSync(folder, { recursive: true })
      },
    }
  }
}

describeConnector('sqlite: triggers', setUp({ capture: 'triggers' }))
describeConnector('sqlite: cursor', setUp({ capture: 'cursor', cursor: 'updated_at' }))
