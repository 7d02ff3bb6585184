import pg from 'pg'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import {
  canRestartOdoo,
  hasOdooDatabaseAccess,
  odooDatabaseAccess,
  realEnvironment,
  restartOdoo,
  startOdoo,
  stopOdoo,
} from './environment.ts'

const real = realEnvironment()

async function call(model: string, method: string, args: object, apiKey = real.odooApiKey): Promise<unknown> {
  const { statusCode, body } = await request(`${real.odooUrl}/json/2/${model}/${method}`, {
    method: 'POST',
    headers: {
      authorization: `bearer ${apiKey}`,
      'x-odoo-database': real.odooDatabase,
      'content-type': 'application/json',
    },
    body: JSON.stringify(args),
  })
  const answer: unknown = await body.json()
  expect(statusCode, JSON.stringify(answer)).toBe(200)
  return answer
}

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

describe('the real systems', () => {
  test('Odoo is version 19', async () => {
    const { body } = await request(`${real.odooUrl}/web/version`)
    expect(await body.json()).toMatchObject({ version: expect.stringMatching(/^19\./) })
  })

  test('Tandem’s user maintains contacts and their tags, and reads countries', async () => {
    expect(await call('res.partner', 'search_count', { domain: [] })).toBeGreaterThan(0)
    for (const model of ['res.partner', 'res.partner.category']) {
      const ids = await call(model, 'create', { vals_list: [{ name: 'environment' }] })
      await call(model, 'write', { ids, vals: { name: 'environment 2' } })
      await call(model, 'unlink', { ids })
    }
    expect(await call('res.country', 'search_read', { domain: [['code', '=', 'BE']], fields: ['code'] })).toHaveLength(
      1,
    )
  })

  test('PostgreSQL answers', async () => {
    expect(await query(real.postgresUrl, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test.skipIf(!hasOdooDatabaseAccess)('another person’s key and Odoo’s own database are at hand', async () => {
    const { odooAdminApiKey, odooPostgresUrl } = odooDatabaseAccess()
    const [id] = (await call(
      'res.partner',
      'create',
      { vals_list: [{ name: 'admin’s' }] },
      odooAdminApiKey,
    )) as number[]
    const sql = `select login from res_users where id = (select write_uid from res_partner where id = ${id})`
    expect(await query(odooPostgresUrl, sql)).toEqual([{ login: 'admin' }])
    await call('res.partner', 'unlink', { ids: [id] }, odooAdminApiKey)
  })

  test.skipIf(!canRestartOdoo)('Odoo can be stopped, started and restarted', async () => {
    await stopOdoo()
    await expect(request(`${real.odooUrl}/web/health`)).rejects.toThrow(/ECONN/)
    await startOdoo()
    await restartOdoo('SIGTERM')
    expect(await call('res.partner', 'search_count', { domain: [] })).toBeGreaterThan(0)
  })
})
