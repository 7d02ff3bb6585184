import type { Client, ClientConfig, Pool, PoolClient } from 'pg'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { abortError, refuseAborted } from '../sql/refuse-aborted.ts'
import { isConnectionLoss, postgresError } from './errors.ts'
import type { PostgresSettings } from './settings.ts'
import { typeParsers } from './values.ts'

/** Runs a statement and gives its rows as arrays of contract values. */
export type Query = (sql: string, parameters?: readonly unknown[]) => Promise<readonly (readonly Value[])[]>

export interface PostgresConnection {
  readonly name: string
  readonly settings: PostgresSettings
  /** Statements that each commit for themselves. `subject` begins the message of an error. @throws SyncError. */
  run<T>(subject: string, signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T>
  /**
   * One transaction, READ COMMITTED. @throws SyncError: in doubt only where the connection broke, or the call was
   * aborted, after COMMIT was sent.
   */
  transact<T>(subject: string, signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T>
  /** A client of its own for LISTEN, connected. The caller ends it. */
  dedicated(): Promise<Client>
  close(): Promise<void>
}

export function postgresConnection(name: string, settings: PostgresSettings): PostgresConnection {
  let pool: Promise<Pool> | null = null
  let isClosed = false
  const connected = async (): Promise<PoolClient> => {
    if (isClosed) throw new SyncError('unavailable', `connection ${name} is closed`)
    pool ??= openPool(settings)
    return (await pool).connect()
  }
  return {
    name,
    settings,
    run: (subject, signal, work) => withClient(connected, subject, signal, async (client) => work(queryOf(client))),
    transact: (subject, signal, work) =>
      withClient(connected, subject, signal, (client, onCommit) => transaction(client, work, onCommit)),
    async dedicated() {
      const { default: pg } = await loadDriver()
      const client = new pg.Client(clientConfig(settings))
      await client.connect()
      return client
    },
    async close() {
      isClosed = true
      const open = pool
      pool = null
      if (open !== null) await (await open).end()
    },
  }
}

async function openPool(settings: PostgresSettings): Promise<Pool> {
  const { default: pg } = await loadDriver()
  const pool = new pg.Pool({ ...clientConfig(settings), max: settings.connections, idleTimeoutMillis: 30_000 })
  // A client that breaks while nobody uses it is replaced by the pool; without a listener the process would end.
  pool.on('error', () => {})
  return pool
}

async function loadDriver(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (cause) {
    throw new SyncError('config', 'The PostgreSQL driver is not installed', { cause, hint: 'Run: npm install pg' })
  }
}

function clientConfig(settings: PostgresSettings): ClientConfig {
  return {
    connectionString: settings.url,
    application_name: 'tandem',
    connectionTimeoutMillis: settings.connectTimeoutMs,
    statement_timeout: settings.statementTimeoutMs,
    lock_timeout: Math.min(10_000, settings.statementTimeoutMs),
    idle_in_transaction_session_timeout: settings.statementTimeoutMs,
    keepAlive: true,
    // Fixed here, as the parsers of values.ts rely on it.
    options: '-c timezone=UTC -c datestyle=ISO -c bytea_output=hex -c extra_float_digits=1',
    types: typeParsers,
  }
}

async function withClient<T>(
  connected: () => Promise<PoolClient>,
  subject: string,
  signal: AbortSignal,
  work: (client: PoolClient, onCommit: () => void) => Promise<T>,
): Promise<T> {
  refuseAborted(signal)
  let client: PoolClient
  try {
    client = await connected()
  } catch (error) {
    throw postgresError(error, subject)
  }
  let isCommitting = false
  let isBroken = false
  // Ending a client in the middle of a statement closes its socket; the server then rolls back.
  const abort = (): void => {
    isBroken = true
    client.end().catch(() => {})
  }
  const onError = (): void => {
    isBroken = true
  }
  signal.addEventListener('abort', abort, { once: true })
  client.on('error', onError)
  try {
    if (signal.aborted) abort()
    return await work(client, () => {
      isCommitting = true
    })
  } catch (error) {
    const inDoubt = isCommitting && isConnectionLoss(error)
    isBroken ||= isConnectionLoss(error)
    if (signal.aborted) throw abortError(signal, inDoubt)
    throw postgresError(error, subject, inDoubt ? { inDoubt: true } : {})
  } finally {
    signal.removeEventListener('abort', abort)
    client.off('error', onError)
    client.release(isBroken)
  }
}

async function transaction<T>(
  client: PoolClient,
  work: (query: Query) => Promise<T>,
  onCommit: () => void,
): Promise<T> {
  await client.query('BEGIN')
  let result: T
  try {
    result = await work(queryOf(client))
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
  onCommit()
  await client.query('COMMIT')
  return result
}

function queryOf(client: PoolClient): Query {
  return async (text, parameters = []) => {
    const result = await client.query<Value[]>({ text, values: [...parameters], rowMode: 'array' })
    return result.rows
  }
}
