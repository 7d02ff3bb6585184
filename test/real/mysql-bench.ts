import { randomBytes } from 'node:crypto'
import { type Connection, createConnection } from 'mysql2/promise'
import { createMysqlConnector } from '../../src/connectors/mysql/index.ts'
import type { Connector } from '../../src/contract/connector.ts'

/** False where whoever brings an Odoo and a PostgreSQL of his own gave no MariaDB or MySQL. */
export const hasMysql = (process.env.MYSQL_URL ?? '') !== ''

/** A database of its own in the server of MYSQL_URL; it goes with `tearDown`. */
export interface MysqlBench {
  /** Of the database, as the user of MYSQL_URL. */
  readonly url: string
  readonly database: string
  /** The user behind the connector's back. */
  readonly person: Connection
  connect(settings?: object): Connector
  /** One more session of the user's. */
  session(): Promise<Connection>
  tearDown(): Promise<void>
}

export async function mysqlBench(): Promise<MysqlBench> {
  const url = new URL(process.env.MYSQL_URL ?? '')
  const database = `tandem\`test ${randomBytes(4).toString('hex')}`
  const open: Connection[] = []
  const session = async (): Promise<Connection> => {
    const client = await createConnection({ uri: url.href, multipleStatements: true, timezone: 'Z', dateStrings: true })
    // A session that a test ends from outside must not end the tests.
    client.on('error', () => {})
    open.push(client)
    if (open.length > 1) await client.query(`use ${quoted(database)}`)
    return client
  }
  const person = await session()
  await person.query(`create database ${quoted(database)} character set utf8mb4; use ${quoted(database)}`)
  const own = new URL(url)
  own.pathname = `/${encodeURIComponent(database)}`
  return {
    url: own.href,
    database,
    person,
    connect: (settings = {}) => createMysqlConnector({ type: 'mysql', url: own.href, ...settings }, 'shop'),
    session,
    async tearDown() {
      for (const client of open.slice(1)) client.destroy()
      await person.query(`drop database if exists ${quoted(database)}`)
      await person.end()
    },
  }
}

export function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
