import type { ResultSetHeader } from 'mysql2/promise'
import { describe } from 'vitest'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'
import { hasMysql, mysqlBench, quoted } from './mysql-bench.ts'

const TABLE = `
create table Items (
  id int auto_increment primary key, code varchar(60) unique, name varchar(250), \`Count\` int, amount decimal(12, 2),
  flag tinyint(1), born date, met datetime(6), stage enum('new', 'won'), extra json, file blob,
  updated_at timestamp(6) not null default current_timestamp(6) on update current_timestamp(6));
create table item_lines (item int not null, line_no int not null, text varchar(40), primary key (item, line_no),
  foreign key (item) references Items (id) on delete cascade)`

const LINES = { positions: { table: 'item_lines', parent: 'item' } }

function setUp(spec: object, lines = false): () => Promise<ConnectorSetup> {
  return async () => {
    const bench = await mysqlBench()
    await bench.person.query(TABLE)
    const stored = (value: unknown): unknown => {
      if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return value.replace('T', ' ').replace('Z', '')
      return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
    }
    const fields = ['code', 'name', 'Count', 'amount', 'flag', 'born', 'met', 'stage', 'extra', 'file']
    return {
      connector: bench.connect(),
      reconnect: () => bench.connect(),
      request: {
        spec: { collection: { table: 'Items', ...spec, ...(lines ? { children: LINES } : {}) }, key: 'code' },
        fields: [...fields, ...(lines ? ['positions'] : [])],
        ...(lines ? { lines: { positions: { fields: ['text'] } } } : {}),
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
        selection: 'stage',
        json: 'extra',
        binary: 'file',
      },
      values: { selection: ['new', 'won', null] },
      refused: { stage: 'lost' },
      person: {
        async insert(values) {
          const names = Object.keys(values).map(quoted)
          const text = `insert into Items (${names.join()}) values (${names.map(() => '?').join()})`
          const [result] = await bench.person.query<ResultSetHeader>(text, Object.values(values).map(stored))
          return String(result.insertId)
        },
        edit: (id, values) => {
          const set = Object.keys(values).map((name) => `${quoted(name)} = ?`)
          return bench.person.query(`update Items set ${set.join()} where id = ?`, [
            ...Object.values(values).map(stored),
            id,
          ])
        },
        remove: (id) => bench.person.query('delete from Items where id = ?', [id]),
      },
      tearDown: bench.tearDown,
    }
  }
}

describe.skipIf(!hasMysql)('a MariaDB', () => {
  describeConnector('mysql: triggers', setUp({ capture: 'triggers' }))
  describeConnector('mysql: cursor', setUp({ capture: 'cursor', cursor: 'updated_at' }))
  describeConnector('mysql: with lines', setUp({ capture: 'triggers' }, true))
})
