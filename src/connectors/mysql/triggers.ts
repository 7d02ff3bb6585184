import type { Identity } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Backlog } from '../sql/backlog.ts'
import {
  CAPTURE_TABLES,
  type CaptureTrigger,
  captureLinesTriggers,
  captureNames,
  captureTables,
  captureTriggers,
  createTrigger,
  dropTrigger,
  presentTriggersSql,
} from './capture-schema.ts'
import { errorNumber } from './errors.ts'
import { literal } from './literal.ts'
import type { MysqlConnection, Query } from './pool.ts'
import { forgettingWhenChanged, type MysqlContext, type MysqlRows } from './rows.ts'
import type { MysqlTable } from './schema.ts'

/**
 * Installs the capture of the table and registers the reader. Where triggers were missing, changes went unseen, so every
 * reader of the table is registered anew and takes the whole table again.
 */
export async function prepareCapture(context: MysqlContext, signal: AbortSignal): Promise<void> {
  const { connection } = context
  context.forget()
  await forgettingWhenChanged(context, () =>
    connection.run(context.subject, signal, async (query) => {
      const rows = await context.rows(query)
      for (const on of [rows.table, ...rows.children.map(({ table }) => table)]) if (on.isView) throw viewError(on)
      if (await isPrepared(context, query, rows)) return
      const lock = literal(`tandem ${connection.settings.database}`.slice(0, 64))
      const [[isLocked = '0'] = []] = await query(`select get_lock(${lock}, 30)`)
      if (isLocked !== '1') throw new SyncError('busy', `${context.subject}: another daemon is installing triggers`)
      try {
        await install(context, query, rows)
      } finally {
        await query.run('unlock tables').catch(() => {})
        await query(`select release_lock(${lock})`).catch(() => {})
      }
    }),
  )
}

/** What has to be on one table: the records' own, or one of lines. */
interface CapturePart {
  readonly on: MysqlTable
  readonly triggers: readonly CaptureTrigger[]
}

function captureParts({ connection }: MysqlContext, rows: MysqlRows, consumers: readonly number[]): CapturePart[] {
  const { table, children } = rows
  const names = captureNames(connection)
  const own = { on: table, triggers: captureTriggers(names, table, consumers) }
  const lines = children.map((child) => ({
    on: child.table,
    triggers: captureLinesTriggers(names, table, child, consumers),
  }))
  return [own, ...lines]
}

interface Consumer {
  readonly id: number
  readonly name: string
  readonly isReady: boolean
}

async function isPrepared(context: MysqlContext, query: Query, rows: MysqlRows): Promise<boolean> {
  if (!(await hasCapture(context.connection, query))) return false
  const consumers = await readConsumers(context, query, rows.table)
  if (!consumers.some(({ name, isReady }) => isReady && name === context.consumer)) return false
  for (const { on, triggers } of captureParts(
    context,
    rows,
    consumers.map(({ id }) => id),
  )) {
    const present = await presentTriggers(query, on)
    if (!triggers.every(({ name, body }) => present.get(name) === body)) return false
  }
  return true
}

/**
 * A statement that makes a trigger commits by itself, so each step is one that may be the last. A reader counts from when
 * `is_ready` says so, which is after the triggers write for it.
 */
async function install(context: MysqlContext, query: Query, rows: MysqlRows): Promise<void> {
  const { table } = rows
  const { consumers: list, changes } = captureNames(context.connection)
  if (!(await hasCapture(context.connection, query))) {
    for (const statement of captureTables(captureNames(context.connection))) await query.run(statement)
  }
  const before = await readConsumers(context, query, table)
  const gap = await hasGap(context, query, rows)
  const names = new Set([...(gap ? before.map(({ name }) => name) : []), context.consumer])
  if (gap) await query.run(`delete from ${list} where source = ${literal(table.name)}`)
  for (const name of names) {
    await query.run(`insert ignore into ${list} (source, name) values (${literal(table.name)}, ${literal(name)})`)
  }
  const ids = (await readConsumers(context, query, table)).map(({ id }) => id)
  const parts = captureParts(context, rows, ids)
  // Waits for every transaction that has written without a note for this reader, and holds off new ones meanwhile.
  await query.run(`lock tables ${[...new Set(parts.map(({ on }) => `${on.sql} write`))].join(', ')}`)
  for (const { on, triggers } of parts) {
    for (const trigger of triggers) {
      await query.run(dropTrigger(on, trigger))
      await query.run(createTrigger(on, trigger))
    }
  }
  await query.run('unlock tables')
  await query.run(`update ${list} set is_ready = true where id in (${ids.join(', ')})`)
  await query.run(`delete from ${changes} where consumer not in (select id from ${list})`)
}

async function hasGap(context: MysqlContext, query: Query, rows: MysqlRows): Promise<boolean> {
  for (const { on, triggers } of captureParts(context, rows, [])) {
    const present = await presentTriggers(query, on)
    if (!triggers.every(({ name }) => present.has(name))) return true
  }
  return false
}

async function presentTriggers(query: Query, on: MysqlTable): Promise<Map<string, string>> {
  const rows = await query(presentTriggersSql(on))
  return new Map(rows.map(([name, body]) => [name ?? '', body ?? '']))
}

async function readConsumers({ connection }: MysqlContext, query: Query, table: MysqlTable): Promise<Consumer[]> {
  const { consumers } = captureNames(connection)
  const rows = await query(
    `select id, name, is_ready from ${consumers} where source = ${literal(table.name)} order by id`,
  )
  return rows.map(([id, name, isReady]) => ({ id: Number(id), name: name ?? '', isReady: isReady === '1' }))
}

async function hasCapture({ settings }: MysqlConnection, query: Query): Promise<boolean> {
  const [[count = '0'] = []] = await query(
    `select count(*) from information_schema.tables where table_schema = ${literal(settings.database)}
     and table_name in (${CAPTURE_TABLES.map(literal).join(', ')})`,
  )
  return Number(count) === CAPTURE_TABLES.length
}

/** The reader's registration. @throws SyncError `config` where the capture is not complete. */
export async function registeredConsumer(context: MysqlContext, query: Query, table: MysqlTable): Promise<number> {
  const consumers = await readConsumers(context, query, table).catch((error: unknown) => {
    if (errorNumber(error) === 1146) return []
    throw error
  })
  const own = consumers.find(({ name }) => name === context.consumer)
  const present = await presentTriggers(query, table)
  const wanted = captureTriggers(captureNames(context.connection), table, [])
  if (own?.isReady === true && wanted.every(({ name }) => present.has(name))) return own.id
  throw new SyncError(
    'config',
    `table ${table.name} has no triggers that capture its changes for ${context.consumer}`,
    {
      hint: 'Start the daemon again, which installs them, or set capture: cursor or capture: none in the mapping.',
    },
  )
}

/** Who has how much left to read of the table; nothing where the capture was never installed. */
export async function readBacklogs(context: MysqlContext, query: Query, table: MysqlTable): Promise<Backlog[]> {
  if (!(await hasCapture(context.connection, query))) return []
  const { consumers, changes } = captureNames(context.connection)
  const rows = await query(
    `select c.name, count(n.seq), coalesce(timestampdiff(second, min(n.at), utc_timestamp(3)), 0)
     from ${consumers} c left join ${changes} n on n.consumer = c.id
     where c.source = ${literal(table.name)} group by c.id, c.name`,
  )
  return rows.map(([consumer, count, age]) => ({
    consumer: consumer ?? '',
    changes: Number(count),
    oldestAgeMs: Number(age) * 1000,
  }))
}

/**
 * The name that the capture gave the database, and how many notes it has ever made; and the server's own name where it has
 * one. null: nothing is known that would tell it from another.
 */
export async function readIdentity(connection: MysqlConnection, query: Query): Promise<Identity | null> {
  const traits: Record<string, string> = {}
  const marks: Record<string, number> = {}
  const [server] = await query(
    `select variable_value from information_schema.global_variables where variable_name in ('server_uid', 'server_uuid')`,
  ).catch(() => query('select @@server_uuid').catch(() => []))
  if (typeof server?.[0] === 'string' && server[0] !== '') traits.server = server[0]
  if (await hasCapture(connection, query)) {
    const [name] = await query(`select name from ${captureNames(connection).database} limit 1`)
    if (typeof name?.[0] === 'string') traits.database = name[0]
    const [next] = await query(
      `select auto_increment from information_schema.tables
       where table_schema = ${literal(connection.settings.database)} and table_name = 'tandem_change'`,
    )
    if (typeof next?.[0] === 'string') marks.notes = Number(next[0])
  }
  return Object.keys(traits).length === 0 ? null : { traits, marks }
}

export function viewError(table: MysqlTable): SyncError {
  return new SyncError('config', `${table.name} is a view, whose changes no trigger captures`, {
    hint: 'Set capture: cursor with a column that grows with each change, or capture: none.',
  })
}
