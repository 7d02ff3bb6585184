import { readFileSync } from 'node:fs'
import type { Pool, PoolConnection, PoolOptions } from 'mysql2/promise'
import { SyncError } from '../../contract/error.ts'
import { abortError, refuseAborted } from '../sql/refuse-aborted.ts'
import { isConnectionLoss, mysqlError } from './errors.ts'
import { literal } from './literal.ts'
import type { MysqlSettings } from './settings.ts'

/** A value as the server spells it. */
export type Stored = string | null

/** Statements of one connection. */
export interface Query {
  /** Runs a statement and gives its rows. */
  (sql: string): Promise<readonly (readonly Stored[])[]>
  /** Runs a statement that gives no rows. `insertId`: the first number that AUTO_INCREMENT gave, 0 where it gave none. */
  run(sql: string): Promise<{ readonly insertId: number }>
  readonly isMariaDb: boolean
}

export interface MysqlConnection {
  readonly name: string
  readonly settings: MysqlSettings
  /** Statements that each commit for themselves. `subject` begins the message of an error. @throws SyncError. */
  run<T>(subject: string, signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T>
  /** Reads of one state of the database, whatever others write meanwhile. @throws SyncError. */
  snapshot<T>(subject: string, signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T>
  /**
   * One transaction, READ COMMITTED. @throws SyncError: in doubt only where the connection broke, or the call was
   * aborted, after COMMIT was sent.
   */
  transact<T>(subject: string, signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/**
 * Strict, so that nothing is cut or replaced silently, whatever the server's own setting is. Without ANSI_QUOTES, so that
 * an operator's condition means what it means in the server's own client.
 */
const SQL_MODE = [
  'STRICT_ALL_TABLES',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_AUTO_VALUE_ON_ZERO',
  'NO_ENGINE_SUBSTITUTION',
].join(',')

/** How long a statement waits for a row or a table that another transaction holds. */
const LOCK_WAIT_S = 10

export function mysqlConnection(name: string, settings: MysqlSettings): MysqlConnection {
  let pool: Promise<Pool> | null = null
  let isClosed = false
  const flavours = new WeakMap<object, boolean>()
  const connected = async (): Promise<{ client: PoolConnection; query: Query }> => {
    if (isClosed) throw new SyncError('unavailable', `connection ${name} is closed`)
    pool ??= openPool(settings)
    const client = await (await pool).getConnection()
    try {
      const isMariaDb = flavours.get(client.connection) ?? (await prepareSession(client, name, settings))
      flavours.set(client.connection, isMariaDb)
      return { client, query: queryOf(client, isMariaDb) }
    } catch (error) {
      client.destroy()
      throw error
    }
  }
  return {
    name,
    settings,
    run: (subject, signal, work) => withClient(connected, subject, signal, work),
    snapshot: (subject, signal, work) =>
      withClient(connected, subject, signal, async (query) => {
        await query.run('set transaction isolation level repeatable read')
        await query.run('start transaction with consistent snapshot, read only')
        return ending(query, work)
      }),
    transact: (subject, signal, work) =>
      withClient(connected, subject, signal, async (query, onCommit) => {
        await query.run('start transaction')
        return ending(query, work, onCommit)
      }),
    async close() {
      isClosed = true
      const open = pool
      pool = null
      if (open !== null) await (await open).end()
    },
  }
}

async function ending<T>(
  query: Query,
  work: (query: Query) => Promise<T>,
  onCommit: () => void = () => {},
): Promise<T> {
  let result: T
  try {
    result = await work(query)
  } catch (error) {
    await query.run('rollback').catch(() => {})
    throw error
  }
  onCommit()
  await query.run('commit')
  return result
}

async function openPool(settings: MysqlSettings): Promise<Pool> {
  const { createPool } = await loadDriver()
  return createPool(poolOptions(settings))
}

async function loadDriver(): Promise<typeof import('mysql2/promise')> {
  try {
    return await import('mysql2/promise')
  } catch (cause) {
    throw new SyncError('config', 'The driver of MySQL and MariaDB is not installed', {
      cause,
      hint: 'Run: npm install mysql2',
    })
  }
}

function poolOptions({ host, port, user, password, database, tls, ...settings }: MysqlSettings): PoolOptions {
  return {
    host,
    port,
    user,
    password,
    database,
    charset: 'utf8mb4',
    connectionLimit: settings.connections,
    maxIdle: settings.connections,
    idleTimeout: 30_000,
    connectTimeout: settings.connectTimeoutMs,
    enableKeepAlive: true,
    // Many updates go to the server in one text.
    multipleStatements: true,
    rowsAsArray: true,
    // A server must not be able to ask for files of this machine.
    flags: ['-LOCAL_FILES'],
    // Every value as the server spells it; values.ts knows the columns' types.
    typeCast: (field) => field.buffer()?.toString('utf8') ?? null,
    ...(tls === null
      ? {}
      : {
          ssl: {
            rejectUnauthorized: tls.isVerified,
            verifyIdentity: tls.isVerified,
            ...(tls.caFile === null ? {} : { ca: readFileSync(tls.caFile, 'utf8') }),
          },
        }),
  }
}

/** Settings that values.ts, the triggers and apply.ts rely on. True: the server is a MariaDB. */
async function prepareSession(client: PoolConnection, name: string, settings: MysqlSettings): Promise<boolean> {
  const [[row]] = (await client.query('select version()')) as unknown as [string[][]]
  const isMariaDb = /mariadb/i.test(row?.[0] ?? '')
  const limit = isMariaDb
    ? `max_statement_time = ${settings.statementTimeoutMs / 1000}`
    : `max_execution_time = ${settings.statementTimeoutMs}`
  await client.query(
    `set session time_zone = '+00:00', sql_mode = '${SQL_MODE}', innodb_lock_wait_timeout = ${LOCK_WAIT_S},
     lock_wait_timeout = ${LOCK_WAIT_S}, ${limit}, @tandem_writer = ${literal(name)};
     set session transaction isolation level read committed`,
  )
  return isMariaDb
}

async function withClient<T>(
  connected: () => Promise<{ client: PoolConnection; query: Query }>,
  subject: string,
  signal: AbortSignal,
  work: (query: Query, onCommit: () => void) => Promise<T>,
): Promise<T> {
  refuseAborted(signal)
  let open: { client: PoolConnection; query: Query }
  try {
    open = await connected()
  } catch (error) {
    throw mysqlError(error, subject)
  }
  const { client, query } = open
  let isCommitting = false
  let isBroken = false
  // A client whose socket is closed in the middle of a statement takes its transaction with it.
  const abort = (): void => {
    isBroken = true
    client.destroy()
  }
  // A client that is destroyed may leave whoever waits for its answer waiting.
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => {
    abort()
    aborted.reject(new Error('aborted'))
  }
  aborted.promise.catch(() => {})
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    return await Promise.race([
      work(query, () => {
        isCommitting = true
      }),
      aborted.promise,
    ])
  } catch (error) {
    const isLost = signal.aborted || isConnectionLoss(error)
    const inDoubt = isCommitting && isLost
    if (isLost && !isBroken) abort()
    if (signal.aborted) throw abortError(signal, inDoubt)
    throw mysqlError(error, subject, inDoubt ? { inDoubt: true } : {})
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (!isBroken) client.release()
  }
}

function queryOf(client: PoolConnection, isMariaDb: boolean): Query {
  const query = async (sql: string): Promise<readonly (readonly Stored[])[]> => {
    const [rows] = (await client.query(sql)) as unknown as [Stored[][]]
    return rows
  }
  return Object.assign(query, {
    isMariaDb,
    async run(sql: string) {
      const [result] = (await client.query(sql)) as unknown as [{ insertId?: number }]
      return { insertId: result.insertId ?? 0 }
    },
  })
}
