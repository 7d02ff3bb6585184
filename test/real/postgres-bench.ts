import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createPostgresConnector } from '../../src/connectors/postgres/index.ts'
import type { Connector } from '../../src/contract/connector.ts'
import { shopUrl } from './environment.ts'

/** A schema of its own in the database of PG_URL, and another one for the capture; both go with `tearDown`. */
export interface PostgresBench {
  readonly url: string
  readonly schema: string
  readonly captureSchema: string
  /** The user behind the connector's back. */
  readonly person: pg.Client
  connect(settings?: object): Connector
  /** One more session of the user's. */
  session(): Promise<pg.Client>
  tearDown(): Promise<void>
}

export async function postgresBench(): Promise<PostgresBench> {
  const url = shopUrl()
  const schema = `Tandem test "${randomBytes(4).toString('hex')}`
  const captureSchema = `tandem_${randomBytes(4).toString('hex')}`
  const open: pg.Client[] = []
  const session = async () => {
    const client = new pg.Client({ connectionString: url })
    // A session that a test ends from outside must not end the tests.
    client.on('error', () => {})
    await client.connect()
    await client.query(`set search_path to ${quoted(schema)}, public`)
    open.push(client)
    return client
  }
  const person = await session()
  await person.query(`create schema ${quoted(schema)}`)
  return {
    url,
    schema,
    captureSchema,
    person,
    connect: (settings = {}) =>
      createPostgresConnector({ type: 'postgres', url, capture_schema: captureSchema, ...settings }, 'shop'),
    session,
    async tearDown() {
      await person.query(`drop schema if exists ${quoted(schema)} cascade`)
      await person.query(`drop schema if exists ${quoted(captureSchema)} cascade`)
      for (const client of open) await client.end().catch(() => {})
    },
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
