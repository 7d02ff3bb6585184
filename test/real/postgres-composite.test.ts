import { describeComposite } from '../connectors/composite-cases.ts'
import { postgresBench, quoted } from './postgres-bench.ts'

describeComposite(async () => {
  const bench = await postgresBench()
  await bench.person.query(
    'create table Stock (region text not null, no int not null, name text, version int not null default 0, primary key (region, no))',
  )
  return {
    connector: bench.connect(),
    table: `${quoted(bench.schema)}.stock`,
    run: (sql) => bench.person.query(sql),
    tearDown: bench.tearDown,
  }
})
