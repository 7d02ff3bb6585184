import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Postgres, postgresUrl, runSql } from './postgres.ts'

const shop = 'shop'

/** The URL of the database `shop`, which stands for the other side: made empty, with a role that owns it, once. */
export async function ensureShop(postgres: Postgres, directory: string): Promise<string> {
  const passwordFile = join(directory, 'shop-password')
  if (!existsSync(passwordFile)) {
    const password = randomBytes(18).toString('hex')
    await runSql(postgres.url, [
      `DROP DATABASE IF EXISTS ${shop}`,
      `DROP ROLE IF EXISTS ${shop}`,
      `CREATE ROLE ${shop} LOGIN PASSWORD '${password}'`,
      `CREATE DATABASE ${shop} OWNER ${shop}`,
    ])
    writeFileSync(passwordFile, password, { mode: 0o600 })
  }
  const password = readFileSync(passwordFile, 'utf8')
  return postgresUrl({ port: postgres.port, user: shop, password, database: shop })
}
