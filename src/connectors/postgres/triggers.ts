import { SyncError } from '../../contract/error.ts'
import type { Backlog } from '../sql/backlog.ts'
import {
  captureBody,
  captureFunction,
  captureLinesBody,
  captureLinesFunction,
  captureLinesTriggers,
  captureNames,
  captureTables,
  captureTriggers,
} from './capture-schema.ts'
import type { PostgresChild } from './children.ts'
import type { Query } from './pool.ts'
import { forgettingWhenChanged, type PostgresContext } from './rows.ts'
import type { PostgresTable } from './schema.ts'

/**
 * Installs the capture of the table and registers the reader. Where triggers were missing, changes went unseen, so every
 * reader of the table is registered anew and takes the whole table again.
 */
export async function prepareCapture(context: PostgresContext, signal: AbortSignal): Promise<void> {
  const { connection } = context
  context.forget()
  await forgettingWhenChanged(context, async () => {
    const isReady = await connection.run(context.subject, signal, (query) => isPrepared(context, query))
    if (isReady) return
    try {
      await connection.transact(context.subject, signal, (query) => install(context, query))
    } catch (error) {
      throw withGrants(context, error)
    }
  })
}

async function isPrepared(context: PostgresContext, query: Query): Promise<boolean> {
  const { table, children } = await context.rows(query)
  if (table.kind === 'view' || table.kind === 'foreign') throw viewError(table)
  const names = captureNames(context.connection.settings.captureSchema)
  const [[exists = null] = []] = await query('select to_regclass($1) is not null', [names.changes])
  if (exists !== true) return false
  const consumers = await readConsumers(query, names.consumers, table.name)
  if (!consumers.some(({ name }) => name === context.consumer)) return false
  const ids = consumers.map(({ id }) => id)
  for (const part of captureParts(names, table, children, ids)) {
    if ((await countTriggers(query, part)) < part.triggers.size) return false
    if ((await readBody(query, part.called)) !== part.body) return false
  }
  return true
}

/** What is installed on one table: the records' own, or one of lines. */
interface CapturePart {
  readonly on: PostgresTable
  /** The function that its triggers call. */
  readonly called: string
  readonly body: string
  /** By name. */
  readonly triggers: ReadonlyMap<string, string>
}

function captureParts(
  names: ReturnType<typeof captureNames>,
  table: PostgresTable,
  children: readonly PostgresChild[],
  consumers: readonly number[],
): readonly CapturePart[] {
  const own: CapturePart = {
    on: table,
    called: captureFunction(names, table),
    body: captureBody(names, table, consumers),
    triggers: captureTriggers(names, table),
  }
  const lines = children.map((child): CapturePart => {
    if (child.table.kind === 'view' || child.table.kind === 'foreign') throw viewError(child.table)
    return {
      on: child.table,
      called: captureLinesFunction(names, table, child),
      body: captureLinesBody(names, table, child, consumers),
      triggers: captureLinesTriggers(names, table, child),
    }
  })
  return [own, ...lines]
}

async function install(context: PostgresContext, query: Query): Promise<void> {
  const { table, children } = await context.rows(query)
  const names = captureNames(context.connection.settings.captureSchema)
  await query("select set_config('lock_timeout', '5s', true), pg_advisory_xact_lock(hashtext('tandem capture'))")
  const [[exists = null] = []] = await query('select to_regclass($1) is not null', [names.changes])
  // Even "if not exists" asks for the right to create.
  if (exists !== true) await query(captureTables(names))
  // Waits for every transaction that has written without a note for this reader, and holds off new ones until commit.
  for (const { on } of captureParts(names, table, children, [])) {
    await query(`lock table ${on.sql} in share row exclusive mode`)
  }
  let isGap = false
  for (const part of captureParts(names, table, children, [])) {
    if ((await countTriggers(query, part)) < part.triggers.size) isGap = true
  }
  if (isGap) {
    await query(
      `with gone as (delete from ${names.consumers} where source = $1 returning source, name)
       select count(*) from gone`,
      [table.name],
    )
  }
  await query(`insert into ${names.consumers} (source, name) values ($1, $2) on conflict do nothing`, [
    table.name,
    context.consumer,
  ])
  const consumers = await readConsumers(query, names.consumers, table.name)
  const ids = consumers.map(({ id }) => id)
  for (const { on, called, body, triggers } of captureParts(names, table, children, ids)) {
    await query(
      `create or replace function ${called}() returns trigger language plpgsql
       security definer set search_path = pg_catalog, pg_temp as $tandem$${body}$tandem$`,
    )
    for (const [name, definition] of isGap ? triggers : []) {
      await query(`drop trigger if exists ${name} on ${on.sql}`)
      await query(`create trigger ${name} ${definition}`)
    }
  }
  await query(`delete from ${names.changes} where consumer not in (select id from ${names.consumers})`)
}

async function readConsumers(query: Query, table: string, source: string): Promise<{ id: number; name: string }[]> {
  const rows = await query(`select id, name from ${table} where source = $1 order by id`, [source])
  return rows.map(([id, name]) => ({ id: Number(id), name: String(name) }))
}

async function readBody(query: Query, name: string): Promise<string | null> {
  const [[body = null] = []] = await query('select prosrc from pg_proc where oid = to_regprocedure($1)', [`${name}()`])
  return typeof body === 'string' ? body : null
}

const COUNT_TRIGGERS = `select count(*)::int4 from pg_trigger
  where tgrelid = to_regclass($1) and tgname in ('tandem_insert', 'tandem_update', 'tandem_delete', 'tandem_truncate') and tgenabled <> 'D'`

async function countTriggers(query: Query, { on, triggers }: CapturePart): Promise<number> {
  const [[count = 0] = []] = await query(
    `select count(*)::int4 from pg_trigger where tgrelid = $1 and tgname = any ($2::text[]) and tgenabled <> 'D'`,
    [on.oid, [...triggers.keys()]],
  )
  return Number(count)
}

/** The reader's registration. @throws SyncError `config` where the capture is not complete. */
export async function registeredConsumer(
  context: PostgresContext,
  query: Query,
  table: PostgresTable,
): Promise<number> {
  const { consumers } = captureNames(context.connection.settings.captureSchema)
  const rows = await query(`select id, (${COUNT_TRIGGERS}) from ${consumers} where source = $2 and name = $3`, [
    // By name: in a database that was dumped and restored the table has another number.
    table.sql,
    table.name,
    context.consumer,
  ]).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === '42P01' || error.code === '3F000')) return []
    throw error
  })
  const [id, triggers] = rows[0] ?? []
  if (typeof id === 'number' && Number(triggers) === 4) return id
  throw new SyncError(
    'config',
    `table ${table.name} has no triggers that capture its changes for ${context.consumer}`,
    {
      hint: 'Start the daemon again, which installs them, or set capture: cursor or capture: none in the mapping.',
    },
  )
}

/** Who has how much left to read of the table; nothing where the capture was never installed. */
export async function readBacklogs(context: PostgresContext, query: Query, table: PostgresTable): Promise<Backlog[]> {
  const names = captureNames(context.connection.settings.captureSchema)
  const [[exists = null] = []] = await query('select to_regclass($1) is not null', [names.changes])
  if (exists !== true) return []
  const rows = await query(
    `select c.name, count(n.seq)::int8, (extract(epoch from clock_timestamp() - min(n.at)) * 1000)::int8
     from ${names.consumers} c left join ${names.changes} n on n.consumer = c.id where c.source = $1 group by c.id`,
    [table.name],
  )
  return rows.map(([consumer, changes, age]) => ({
    consumer: String(consumer),
    changes: Number(changes),
    oldestAgeMs: Number(age ?? 0),
  }))
}

export function viewError(table: PostgresTable): SyncError {
  return new SyncError(
    'config',
    `${table.name} is a ${table.kind === 'view' ? 'view' : 'foreign table'}, whose changes no trigger captures`,
    {
      hint: 'Set capture: cursor with a column that grows with each change, or capture: none.',
    },
  )
}

function withGrants(context: PostgresContext, error: unknown): unknown {
  if (!(error instanceof SyncError) || error.code !== 'forbidden') return error
  const schema = context.connection.settings.captureSchema
  return new SyncError('forbidden', `${error.message}; the capture by triggers cannot be installed`, {
    cause: error,
    hint: `As the owner of the database: CREATE SCHEMA ${schema} AUTHORIZATION <user>; GRANT TRIGGER, SELECT, INSERT, UPDATE, DELETE ON the table TO <user>. Or set capture: cursor in the mapping.`,
  })
}
