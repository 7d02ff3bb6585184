import { createHash } from 'node:crypto'
import { quoteIdentifier, quoteLiteral } from '../sql/identifier.ts'
import type { PostgresChild } from './children.ts'
import { idOfRow } from './id.ts'
import type { PostgresTable } from './schema.ts'

/** The names of what the capture keeps in a schema of its own. */
interface CaptureNames {
  readonly schema: string
  readonly consumers: string
  readonly changes: string
  /** A text literal, for `nextval`. */
  readonly sequence: string
  /** The channel of the notifications. */
  readonly channel: string
}

export function captureNames(captureSchema: string): CaptureNames {
  const schema = quoteIdentifier(captureSchema)
  return {
    schema,
    consumers: `${schema}.consumer`,
    changes: `${schema}.change`,
    sequence: quoteLiteral(`${schema}.change_seq`),
    channel: captureSchema,
  }
}

/**
 * Who reads which table, and one note for each change and reader. Notes are deleted as fast as they come, so the table
 * is vacuumed by their number and not by a share of it.
 */
export function captureTables({ schema, consumers, changes, sequence }: CaptureNames): string {
  return `
create schema if not exists ${schema};
create table if not exists ${consumers} (
  id int8 generated always as identity primary key, source text not null, name text not null,
  registered_at timestamptz not null default now(), unique (source, name));
create sequence if not exists ${schema}.change_seq;
create table if not exists ${changes} (
  consumer int8 not null, seq int8 not null default nextval(${sequence}), pk text not null, op "char" not null,
  at timestamptz not null default clock_timestamp(), writer text, primary key (consumer, seq)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_threshold = 5000);`
}

export function captureFunction(names: CaptureNames, table: PostgresTable): string {
  const digest = createHash('sha256').update(table.name).digest('hex').slice(0, 16)
  return `${names.schema}.${quoteIdentifier(`capture_${digest}`)}`
}

/**
 * The trigger function's body. The readers are written into it, and not looked up: a look-up would use the snapshot of
 * the writing transaction, which may be older than a reader. Whether a noted id still exists is told by the read.
 */
export function captureBody(names: CaptureNames, table: PostgresTable, consumers: readonly number[]): string {
  const readers = `unnest('{${consumers.join(',')}}'::int8[]) as reader`
  const note = (rows: string): string => `
    insert into ${names.changes} (seq, consumer, pk, op, writer)
    select noted.seq, reader, noted.pk, noted.op, nullif(current_setting('tandem.writer', true), '')
    from (select nextval(${names.sequence}) as seq, pk, op from (${rows}) as pks) as noted, ${readers};`
  const id = (row: string): string => `${idOfRow(table, row)}::text`
  const moved = table.isInherited
    ? `select ${id('new.')} as pk, 'U'::"char" as op union all select ${id('old.')}, 'D' where ${id('old.')} <> ${id('new.')}`
    : `select ${id('n.')} as pk, 'U'::"char" as op from tandem_new n union all
       select ${id('o.')}, 'D' from tandem_old o where not exists (select from tandem_new n where ${id('n.')} = ${id('o.')})`
  const inserted = table.isInherited ? `select ${id('new.')} as pk` : `select ${id('')} as pk`
  const deleted = table.isInherited ? `select ${id('old.')} as pk` : `select ${id('')} as pk`
  return `
begin
  if TG_OP = 'INSERT' then${note(`${inserted}, 'I'::"char" as op${table.isInherited ? '' : ' from tandem_new'}`)}
  elsif TG_OP = 'UPDATE' then${note(moved)}
  elsif TG_OP = 'DELETE' then${note(`${deleted}, 'D'::"char" as op${table.isInherited ? '' : ' from tandem_old'}`)}
  else${note(`select ${id('')} as pk, 'D'::"char" as op from ${table.sql}`)}
  end if;
  if found then
    perform pg_notify(${quoteLiteral(names.channel)}, ${quoteLiteral(table.name)});
  end if;
  return null;
end`
}

/** The function that notes the records whose lines are written. */
export function captureLinesFunction(names: CaptureNames, table: PostgresTable, child: PostgresChild): string {
  const digest = createHash('sha256').update(`${child.table.name} ${table.name}`).digest('hex').slice(0, 16)
  return `${names.schema}.${quoteIdentifier(`capture_lines_${digest}`)}`
}

/** Its body: a line that is written, added or taken away is a change of its record, and one that moves of both. */
export function captureLinesBody(
  names: CaptureNames,
  table: PostgresTable,
  { table: lines, parent }: PostgresChild,
  consumers: readonly number[],
): string {
  const note = (...sources: readonly string[]): string => `
    insert into ${names.changes} (seq, consumer, pk, op, writer)
    select noted.seq, reader, noted.pk, 'U', nullif(current_setting('tandem.writer', true), '')
    from (select nextval(${names.sequence}) as seq, pk from (${sources.join(' union ')}) as pks where pk is not null) as noted,
      unnest('{${consumers.join(',')}}'::int8[]) as reader;`
  const newRows = lines.isInherited
    ? `select new.${parent.sql}::text as pk`
    : `select ${parent.sql}::text as pk from tandem_new`
  const oldRows = lines.isInherited
    ? `select old.${parent.sql}::text as pk`
    : `select ${parent.sql}::text as pk from tandem_old`
  return `
begin
  if TG_OP = 'INSERT' then${note(newRows, 'select null')}
  elsif TG_OP = 'UPDATE' then${note(newRows, oldRows)}
  elsif TG_OP = 'DELETE' then${note(oldRows, 'select null')}
  else${note(`select ${parent.sql}::text as pk from ${lines.sql}`, 'select null')}
  end if;
  if found then
    perform pg_notify(${quoteLiteral(names.channel)}, ${quoteLiteral(table.name)});
  end if;
  return null;
end`
}

/** The triggers of a table of lines. Another table's records may have lines in it, too: the function is in their names. */
export function captureLinesTriggers(
  names: CaptureNames,
  table: PostgresTable,
  child: PostgresChild,
): Map<string, string> {
  const called = captureLinesFunction(names, table, child)
  const suffix = called.slice(-9, -1)
  const triggers = captureTriggers(names, child.table)
  return new Map(
    [...triggers].map(([name, definition]) => [
      `${name}_${suffix}`,
      definition.replace(captureFunction(names, child.table), called),
    ]),
  )
}

/**
 * The triggers by name. One call for a statement, unless rows of a partition or an inheriting table could be written
 * past it. TRUNCATE notes every row before it goes.
 */
export function captureTriggers(names: CaptureNames, table: PostgresTable): Map<string, string> {
  const call = `execute function ${captureFunction(names, table)}()`
  const level = (transitions: string): string =>
    table.isInherited ? 'for each row' : `${transitions} for each statement`
  const on = `on ${table.sql}`
  return new Map([
    ['tandem_insert', `after insert ${on} ${level('referencing new table as tandem_new')} ${call}`],
    [
      'tandem_update',
      `after update ${on} ${level('referencing old table as tandem_old new table as tandem_new')} ${call}`,
    ],
    ['tandem_delete', `after delete ${on} ${level('referencing old table as tandem_old')} ${call}`],
    ['tandem_truncate', `before truncate ${on} for each statement ${call}`],
  ])
}
