import { createHash, randomBytes } from 'node:crypto'
import type { MysqlChild } from './children.ts'
import { literal, quoteName } from './literal.ts'
import type { MysqlConnection } from './pool.ts'
import { idText } from './rows.ts'
import type { MysqlColumn, MysqlTable } from './schema.ts'

/** The names of what the capture keeps in the connection's database. */
interface CaptureNames {
  readonly consumers: string
  readonly changes: string
  readonly database: string
}

export const CAPTURE_TABLES = ['tandem_consumer', 'tandem_change', 'tandem_database']

export function captureNames({ settings }: MysqlConnection): CaptureNames {
  const [consumers = '', changes = '', database = ''] = CAPTURE_TABLES.map(
    (name) => `${quoteName(settings.database)}.${quoteName(name)}`,
  )
  return { consumers, changes, database }
}

/**
 * Who reads which table, and one note for each change and reader. A number of AUTO_INCREMENT is never given twice, so one
 * that was consumed and deleted never names a new note. And a name of the database itself, for the address may come to
 * stand for another one.
 */
export function captureTables({ consumers, changes, database }: CaptureNames): readonly string[] {
  const options = 'engine = InnoDB default charset = utf8mb4 collate = utf8mb4_bin'
  return [
    `create table if not exists ${consumers} (
       id bigint not null auto_increment primary key, source varchar(255) not null, name varchar(255) not null,
       is_ready boolean not null default false, unique (source, name)) ${options}`,
    `create table if not exists ${changes} (
       seq bigint not null auto_increment primary key, consumer bigint not null, pk text not null, op char(1) not null,
       at datetime(3) not null, writer varchar(255), key (consumer, seq)) ${options}`,
    `create table if not exists ${database} (name varchar(64) not null primary key) ${options}`,
    `insert into ${database} select '${randomBytes(16).toString('hex')}' from dual where not exists (select 1 from ${database})`,
  ]
}

/** A trigger: its name, the event after which it runs for each row, and its body as the catalogue shows it. */
export interface CaptureTrigger {
  readonly name: string
  readonly event: 'insert' | 'update' | 'delete'
  readonly body: string
}

/** The triggers of a table of lines are named after both tables: another table's records may have lines in it, too. */
function nameOf(table: MysqlTable, event: string, lines?: MysqlTable): string {
  const digest = createHash('sha256').update(lines === undefined ? table.name : `${lines.name} ${table.name}`)
  return `tandem_${lines === undefined ? '' : 'lines_'}${digest.digest('hex').slice(0, 16)}_${event}`
}

/**
 * The triggers of a table. The readers are written into them: a look-up would lock the list of readers for as long as the
 * writing transaction lasts. Whether a noted id still exists is told by the read.
 */
export function captureTriggers(
  names: CaptureNames,
  table: MysqlTable,
  consumers: readonly number[],
): CaptureTrigger[] {
  const note = noting(names, consumers)
  const [before, now] = [pk(table.ids, 'old'), pk(table.ids, 'new')]
  const moved = `if ${before} <> ${now} collate utf8mb4_bin then ${note(before, 'D')}; end if;`
  const bodies = [
    ['insert', note(now, 'I')],
    ['update', `begin ${moved} ${note(now, 'U')}; end`],
    ['delete', note(before, 'D')],
  ] as const
  return bodies.map(([event, body]) => ({ name: nameOf(table, event), event, body }))
}

/** The triggers of a table of lines: what is written there is a change of its record, and a line that moves of both. */
export function captureLinesTriggers(
  names: CaptureNames,
  table: MysqlTable,
  { table: lines, parent }: MysqlChild,
  consumers: readonly number[],
): CaptureTrigger[] {
  const note = noting(names, consumers)
  const [before, now] = [pk([parent], 'old'), pk([parent], 'new')]
  const noteOf = (id: string): string => `if ${id} is not null then ${note(id, 'U')}; end if;`
  const moved = `if not (${before} <=> ${now} collate utf8mb4_bin) then ${noteOf(before)} end if;`
  const bodies = [
    ['insert', `begin ${noteOf(now)} end`],
    ['update', `begin ${moved} ${noteOf(now)} end`],
    ['delete', `begin ${noteOf(before)} end`],
  ] as const
  return bodies.map(([event, body]) => ({ name: nameOf(table, event, lines), event, body }))
}

function noting({ changes }: CaptureNames, consumers: readonly number[]): (id: string, op: 'I' | 'U' | 'D') => string {
  return (id, op) => {
    const values = consumers.map((consumer) => `(${consumer}, ${id}, '${op}', utc_timestamp(3), @tandem_writer)`)
    return `insert into ${changes} (consumer, pk, op, at, writer) values ${values.join(', ')}`
  }
}

/** A row's id as the notes hold it; of several columns, the JSON array of their texts. */
function pk(ids: readonly MysqlColumn[], row: 'old' | 'new'): string {
  const [first = '', ...others] = ids.map(({ sql }) => idText(`${row}.${sql}`))
  if (others.length === 0) return first
  const quoted = [first, ...others].map((text) => `json_quote(${text})`)
  return `concat('[', ${quoted.join(", ',', ")}, ']')`
}

export function createTrigger(on: MysqlTable, { name, event, body }: CaptureTrigger): string {
  return `create trigger ${quoteName(on.database)}.${quoteName(name)} after ${event} on ${on.sql} for each row ${body}`
}

export function dropTrigger(on: MysqlTable, { name }: CaptureTrigger): string {
  return `drop trigger if exists ${quoteName(on.database)}.${quoteName(name)}`
}

/** Those of our triggers that a table has, by name, with their bodies. */
export function presentTriggersSql(on: MysqlTable): string {
  return `select trigger_name, action_statement from information_schema.triggers
    where event_object_schema = ${literal(on.database)} and event_object_table = ${literal(on.name.slice(on.database.length + 1))}
    and trigger_name like 'tandem\\_%'`
}
