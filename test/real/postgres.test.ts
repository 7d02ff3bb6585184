import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'
import { postgresBench, quoted } from './postgres-bench.ts'

const TABLE = `
create type mood as enum ('new', 'won');
create table "Items" (
  id serial primary key, code text unique, name varchar(250), "Count" int, amount numeric(12, 2), flag boolean, born date,
  met timestamptz, stage mood, extra jsonb, file bytea, updated_at timestamptz not null default now());
create function stamp() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
create trigger stamp before update on "Items" for each row execute function stamp();`

function setUp(spec: object): () => Promise<ConnectorSetup> {
  return async () => {
    const bench = await postgresBench()
    await bench.person.query(TABLE)
    const table = `${quoted(bench.schema)}.Items`
    const stored = (value: unknown): unknown =>
      typeof value === 'object' && value !== null ? JSON.stringify(value) : value
    return {
      connector: bench.connect(),
      reconnect: () => bench.connect(),
      request: {
        spec: { collection: { table, ...spec }, key: 'code' },
        fields: ['code', 'name', 'Count', 'amount', 'flag', 'born', 'met', 'stage', 'extra', 'file'],
        consumer: 'suite',
      },
      missing: { spec: `${quoted(bench.schema)}.nowhere`, name: 'nowhere' },
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
        async insert(fields) {
          const names = Object.keys(fields).map(quoted)
          const marks = names.map((_name, index) => `$${index + 1}`)
          const text = `insert into "Items" (${names.join()}) values (${marks.join()}) returning id`
          const { rows } = await bench.person.query<{ id: number }>(text, Object.values(fields).map(stored))
          return String(rows[0]?.id)
        },
        edit: (id, fields) => {
          const set = Object.keys(fields).map((name, index) => `${quoted(name)} = $${index + 2}`)
          return bench.person.query(`update "Items" set ${set.join()} where id = $1`, [
            id,
            ...Object.values(fields).map(stored),
          ])
        },
        remove: (id) => bench.person.query('delete from "Items" where id = $1', [id]),
      },
      tearDown: bench.tearDown,
    }
  }
}

describeConnector('postgres: triggers', setUp({ capture: 'triggers' }))
describeConnector('postgres: cursor', setUp({ capture: 'cursor', cursor: 'updated_at' }))
