import type { Database } from 'better-sqlite3'
import type { Identity } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Backlog } from '../sql/backlog.ts'
import { quoteIdentifier, quoteLiteral } from '../sql/identifier.ts'
import type { SqliteChild } from './children.ts'
import { inWriteTransaction } from './database.ts'
import { idOfRow } from './id.ts'
import type { SqliteContext, SqliteRows } from './rows.ts'
import type { SqliteTable } from './schema.ts'

/**
 * What the daemon keeps in the operator's file: who reads which table, and one note for each change and reader. SQLite
 * has one writer at a time, so notes are numbered in the order of their commits. AUTOINCREMENT: a number that was
 * consumed and deleted must never name a new note. And a name of the database itself, for the file may be swapped.
 */
const TABLES = `
create table if not exists tandem_consumer (
  id integer primary key autoincrement, source text not null, name text not null, unique (source, name)
);
create table if not exists tandem_change (
  seq integer primary key autoincrement, consumer integer not null, pk, op text not null, at integer not null, writer text
);
create index if not exists tandem_change_consumer on tandem_change (consumer, seq);
create table if not exists tandem_database (name text not null);
insert into tandem_database select lower(hex(randomblob(16))) where not exists (select 1 from tandem_database);
`

/** Milliseconds since 1970 in the words of old releases too: the trigger runs in other programs' SQLite. */
const NOW_MS = "cast(round((julianday('now') - 2440587.5) * 86400000) as integer)"

/** The triggers of a table by name. A changed id is two notes; the read tells which of the two ids still exists. */
function triggersOf(table: SqliteTable): Map<string, string> {
  const source = quoteLiteral(table.name)
  const note = (operation: 'I' | 'U' | 'D', row: 'old' | 'new', when = ''): string =>
    `insert into tandem_change (consumer, pk, op, at) select id, ${idOfRow(table, `${row}.`)}, '${operation}', ${NOW_MS} from tandem_consumer where source = ${source}${when};`
  const moved = ` and ${idOfRow(table, 'old.')} is not ${idOfRow(table, 'new.')}`
  const bodies = [
    ['insert', note('I', 'new')],
    ['update', `${note('D', 'old', moved)} ${note('U', 'new')}`],
    ['delete', note('D', 'old')],
  ] as const
  return new Map(
    bodies.map(([event, body]) => {
      const name = `tandem_${table.name}_${event}`
      return [
        name,
        `CREATE TRIGGER ${quoteIdentifier(name)} after ${event} on ${quoteIdentifier(table.name)} begin ${body} end`,
      ]
    }),
  )
}

/** The triggers of a table of lines: what is written there is a change of its record, and a line that moves of both. */
function lineTriggersOf(table: SqliteTable, { table: lines, parent }: SqliteChild): Map<string, string> {
  const source = quoteLiteral(table.name)
  const note = (row: 'old' | 'new', when = ''): string =>
    `insert into tandem_change (consumer, pk, op, at) select id, ${row}.${parent.sql}, 'U', ${NOW_MS} from tandem_consumer where source = ${source} and ${row}.${parent.sql} is not null${when};`
  const moved = ` and old.${parent.sql} is not new.${parent.sql}`
  const bodies = [
    ['insert', note('new')],
    ['update', `${note('old', moved)} ${note('new')}`],
    ['delete', note('old')],
  ] as const
  return new Map(
    bodies.map(([event, body]) => {
      const name = `tandem_${lines.name}_of_${table.name}_${event}`
      return [
        name,
        `CREATE TRIGGER ${quoteIdentifier(name)} after ${event} on ${quoteIdentifier(lines.name)} begin ${body} end`,
      ]
    }),
  )
}

/** Every table with the triggers that it has to have. */
function wantedTriggers({
  table,
  children,
}: SqliteRows): readonly { on: SqliteTable; triggers: Map<string, string> }[] {
  const own = { on: table, triggers: triggersOf(table) }
  return [own, ...children.map((child) => ({ on: child.table, triggers: lineTriggersOf(table, child) }))]
}

/**
 * Installs the triggers and registers the reader. Where triggers were missing, changes went unseen, so every reader of
 * the table is registered anew and takes the whole table again.
 */
export function prepareCapture(context: SqliteContext): void {
  const database = context.connection.handle()
  const rows = context.rows()
  const { table } = rows
  for (const { on } of wantedTriggers(rows)) if (on.isView) throw viewError(on)
  if (isPrepared(database, context, rows)) return
  inWriteTransaction(database, `triggers of table ${table.name}`, () => {
    database.exec(TABLES)
    let isGap = false
    for (const { on, triggers } of wantedTriggers(rows)) {
      const present = presentTriggers(database, on)
      for (const [name, sql] of triggers) {
        if (present.get(name) === sql) continue
        isGap ||= !present.has(name)
        database.exec(`drop trigger if exists ${quoteIdentifier(name)}`)
        database.exec(sql)
      }
    }
    if (isGap) renewConsumers(database, table.name)
    database
      .prepare('insert into tandem_consumer (source, name) values (?, ?) on conflict do nothing')
      .run(table.name, context.consumer)
    database.exec('delete from tandem_change where consumer not in (select id from tandem_consumer)')
  })
}

function isPrepared(database: Database, context: SqliteContext, rows: SqliteRows): boolean {
  const isSame = wantedTriggers(rows).every(({ on, triggers }) => {
    const present = presentTriggers(database, on)
    return [...triggers].every(([name, sql]) => present.get(name) === sql)
  })
  return isSame && findConsumer(database, rows.table.name, context.consumer) !== null
}

function renewConsumers(database: Database, source: string): void {
  const names = database
    .prepare<[string], { name: string }>('delete from tandem_consumer where source = ? returning name')
    .all(source)
  const insert = database.prepare('insert into tandem_consumer (source, name) values (?, ?)')
  for (const { name } of names) insert.run(source, name)
}

function presentTriggers(database: Database, table: SqliteTable): Map<string, string> {
  const rows = database
    .prepare<[string], { name: string; sql: string }>(
      `select name, sql from sqlite_master where type = 'trigger' and tbl_name = ? and name like 'tandem\\_%' escape '\\'`,
    )
    .all(table.name)
  return new Map(rows.map((row) => [row.name, row.sql]))
}

function findConsumer(database: Database, source: string, name: string): number | null {
  if (!hasChangeTable(database)) return null
  const row = database
    .prepare<[string, string], { id: bigint }>('select id from tandem_consumer where source = ? and name = ?')
    .get(source, name)
  return row === undefined ? null : Number(row.id)
}

/** The reader's registration. @throws SyncError `config` where the capture is not complete. */
export function registeredConsumer(context: SqliteContext, table: SqliteTable): number {
  const database = context.connection.handle()
  const id = findConsumer(database, table.name, context.consumer)
  if (id !== null && presentTriggers(database, table).size >= 3) return id
  throw new SyncError(
    'config',
    `table ${table.name} has no triggers that capture its changes for ${context.consumer}`,
    {
      hint: 'Start the daemon again, which installs them, or set capture: cursor or capture: none in the mapping.',
    },
  )
}

export function hasChangeTable(database: Database): boolean {
  return database.prepare("select 1 from sqlite_master where name = 'tandem_change'").get() !== undefined
}

/** Nothing where no table is captured by triggers: the file holds nothing of ours then that could tell. */
export function readIdentity(database: Database): Identity | null {
  if (database.prepare("select 1 from sqlite_master where name = 'tandem_database'").get() === undefined) return null
  const named = database.prepare<[], { name: string }>('select name from tandem_database').get()
  const notes = database
    .prepare<[], { seq: bigint }>("select seq from sqlite_sequence where name = 'tandem_change'")
    .get()
  return { traits: named === undefined ? {} : { name: named.name }, marks: { notes: Number(notes?.seq ?? 0n) } }
}

/** Who has how much left to read of the table. */
export function readBacklogs(database: Database, table: SqliteTable): Backlog[] {
  if (!hasChangeTable(database)) return []
  return database
    .prepare<[number, string], { name: string; changes: bigint; oldest: bigint | null }>(
      `select c.name, count(n.seq) as changes, max(0, ? - min(n.at)) as oldest
       from tandem_consumer c left join tandem_change n on n.consumer = c.id where c.source = ? group by c.id`,
    )
    .all(Date.now(), table.name)
    .map((row) => ({ consumer: row.name, changes: Number(row.changes), oldestAgeMs: Number(row.oldest ?? 0n) }))
}

export function viewError(table: SqliteTable): SyncError {
  return new SyncError('config', `${table.name} is a view, which cannot have triggers that capture changes`, {
    hint: 'Set capture: cursor with a column that grows with each change, or capture: none.',
  })
}
