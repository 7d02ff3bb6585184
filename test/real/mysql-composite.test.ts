import { describe } from 'vitest'
import { describeComposite } from '../connectors/composite-cases.ts'
import { hasMysql, mysqlBench } from './mysql-bench.ts'

describe.skipIf(!hasMysql)('a MariaDB', () => {
  describeComposite(async () => {
    const bench = await mysqlBench()
    await bench.person.query(
      'create table Stock (region varchar(40) not null, no int not null, name text, version int not null default 0, primary key (region, no))',
    )
    return {
      connector: bench.connect(),
      table: 'Stock',
      run: (sql) => bench.person.query(sql),
      tearDown: bench.tearDown,
    }
  })
})
