import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { openApp, readSetup } from '../../src/app.ts'
import { SyncError } from '../../src/contract/error.ts'
import { createRunner } from '../../src/engine/runner.ts'
import { runInProcess } from '../cli/in-process.ts'
import { hasRealOdoo, realEnvironment, realOdoo } from './environment.ts'
import { personOf } from './person.ts'
import { CUSTOMERS_TABLE, customersMapping } from './tandem.ts'

const PASSWORD = 'a password of 20 letters'

/** The API keys of a real Odoo of that version. */
export function keysCases(series: OdooSeries): void {
  const person = personOf(realOdoo(series))
  const cleanups: (() => Promise<unknown> | unknown)[] = []
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  })

  /** A user of its own with a key, and a Tandem whose configuration takes the key from a file. */
  async function openBench() {
    const { postgresUrl } = realEnvironment()
    const { url, database, postgresUrl: odooPostgresUrl } = realOdoo(series)
    const mark = `k-${Math.random().toString(36).slice(2, 10)}`
    const folder = mkdtempSync(join(tmpdir(), 'tandem-keys-'))
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
    const internal = await person<{ res_id: number }[]>('ir.model.data', 'search_read', {
      domain: [
        ['module', '=', 'base'],
        ['name', 'in', ['group_user', 'group_partner_manager']],
      ],
      fields: ['res_id'],
    })
    const groups = internal.map(({ res_id }) => res_id)
    const [uid = 0] = await person<number[]>('res.users', 'create', {
      vals_list: [
        {
          name: mark,
          login: mark,
          password: PASSWORD,
          [series === '14' ? 'groups_id' : 'group_ids']: [[6, 0, groups]],
        },
      ],
      context: { no_reset_password: true },
    })
    cleanups.push(() => person('res.users', 'write', { ids: [uid], vals: { active: false } }))
    const odoo = new pg.Client({ connectionString: odooPostgresUrl })
    await odoo.connect()
    cleanups.push(() => odoo.end())
    // The first key is made as a person would, with the password, over Odoo's own wizard: JSON-2 needs a key to begin with.
    const first = await firstKey(url, database, mark)
    const keyFile = join(folder, 'odoo-key')
    writeFileSync(keyFile, `${first}\n`)
    chmodSync(keyFile, 0o640)
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, `${PASSWORD}\n`)
    const shop = new pg.Client({ connectionString: postgresUrl })
    await shop.connect()
    const schema = `tandem_${mark.replace('-', '_')}`
    await shop.query(`CREATE SCHEMA ${schema}`)
    await shop.query(`SET search_path = ${schema}`)
    await shop.query(CUSTOMERS_TABLE)
    cleanups.push(async () => {
      await shop.query(`DROP SCHEMA ${schema} CASCADE`)
      await shop.end()
    })
    const configFile = join(folder, 'config.yaml')
    mkdirSync(join(folder, 'mappings'))
    writeFileSync(join(folder, 'mappings', 'customers.yaml'), customersMapping(mark, schema))
    writeFileSync(
      configFile,
      `ledger: { file: ./tandem.db }
connections:
  erp: { type: odoo, url: "${url}", database: "${database}", user: "${mark}", api_key: "\${file:odoo-key}" }
  shop: { type: postgres, url: "${postgresUrl}" }
`,
    )
    return { mark, uid, odoo, shop, keyFile, passwordFile, configFile, first }
  }

  async function firstKey(url: string, database: string, login: string): Promise<string> {
    const cookies = new Map<string, string>()
    const call = async (path: string, params: object): Promise<unknown> => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
        body: JSON.stringify({ jsonrpc: '2.0', method: 'call', params }),
      })
      for (const line of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
        cookies.set(name, value)
      }
      const { result, error } = (await response.json()) as { result?: unknown; error?: unknown }
      if (error) throw new Error(JSON.stringify(error).slice(0, 300))
      return result
    }
    const kw = (model: string, method: string, args: readonly unknown[], kwargs = {}) =>
      call(`/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs })
    await call('/web/session/authenticate', { db: database, login, password: PASSWORD })
    const [id] = (await kw('res.users.apikeys.description', 'create', [[{ name: 'first' }]])) as number[]
    const asked = (await kw('res.users.apikeys.description', 'make_key', [[id]])) as { res_id: number }
    // Up to 17 the wizard has the password in a field of its own.
    if (series === '14') await kw('res.users.identitycheck', 'write', [[asked.res_id], { password: PASSWORD }])
    const shown = await kw('res.users.identitycheck', 'run_check', [[asked.res_id]], {
      context: { password: PASSWORD },
    })
    return (shown as { context: { default_key: string } }).context.default_key
  }

  async function cli(configFile: string, ...args: readonly string[]): Promise<{ code: number | null; text: string }> {
    const { code, stdout, stderr } = await runInProcess(configFile, args)
    return { code, text: stdout + stderr }
  }

  describe.skipIf(!hasRealOdoo(series))(`the API keys of a real Odoo ${series}`, () => {
    it('are rotated: made, tried, written where the old one was, and the old one revoked', async () => {
      const bench = await openBench()
      const asked = await cli(bench.configFile, 'odoo', 'rotate-key', 'erp')
      expect(asked.code).toBe(1)
      expect(asked.text).toContain(`Put the key into the file ${bench.keyFile}`)

      const rotated = await cli(bench.configFile, 'odoo', 'rotate-key', 'erp', '--password-file', bench.passwordFile)
      expect(rotated).toMatchObject({ code: 0, text: expect.stringContaining('revoked the old key "first"') })
      const key = readFileSync(bench.keyFile, 'utf8')
      expect(key).toMatch(/^[0-9a-f]{40}\n$/)
      expect(key.trim()).not.toBe(bench.first)
      expect(rotated.text).not.toContain(key.trim())
      expect(statSync(bench.keyFile).mode & 0o777).toBe(0o640)
      expect((await cli(bench.configFile, 'check')).text).toContain(`as ${bench.mark}`)
      const keys = await cli(bench.configFile, 'odoo', 'keys', 'erp', '--json')
      const listed = (JSON.parse(keys.text) as { keys: { name: string; endsAtMs: number }[] }).keys
      // Keys of 14 do not end.
      const endsAtMs: unknown = series === '14' ? null : expect.any(Number)
      expect(listed).toMatchObject([{ name: expect.stringMatching(/^Tandem erp 20/), endsAtMs }])

      writeFileSync(bench.passwordFile, 'wrong')
      const refused = await cli(bench.configFile, 'odoo', 'rotate-key', 'erp', '--password-file', bench.passwordFile)
      expect(refused.code).toBe(3)
      expect(refused.text).toContain('did not accept the password')
      expect(readFileSync(bench.keyFile, 'utf8')).toBe(key)
    })

    it.skipIf(series === '14')('that end soon are told of beforehand', async () => {
      const bench = await openBench()
      await bench.odoo.query(
        `UPDATE res_users_apikeys SET expiration_date = now() + interval '5 days' WHERE user_id = $1`,
        [bench.uid],
      )
      const { code, text } = await cli(bench.configFile, 'check')
      expect(code).toBe(0)
      expect(text).toMatch(/! erp: The user's API key "first" ends on 20/)
    })

    it('when revoked, pause the mapping and lose nothing', async () => {
      const bench = await openBench()
      const { signal } = new AbortController()
      const start = async () => {
        const app = await openApp(readSetup(bench.configFile, {}), { emit: () => {} })
        const [file] = app.files
        if (!file) throw new Error('no mapping')
        return { app, runner: createRunner((await app.connect(file, signal)).context) }
      }
      const insert = (name: string) =>
        person<number[]>('res.partner', 'create', {
          vals_list: [{ name, ref: `${bench.mark}-${name}`, function: bench.mark }],
        })
      cleanups.push(async () => {
        const found = await person<{ id: number }[]>('res.partner', 'search_read', {
          domain: [['function', '=', bench.mark]],
          fields: ['id'],
          context: { active_test: false },
        })
        await person('res.partner', 'unlink', { ids: found.map(({ id }) => id) })
      })
      const [ann = 0] = await insert('Ann')
      const { app, runner } = await start()
      const settle = async (own: typeof runner) => {
        for (let round = 0; round < 4; round++) await own.runNow()
      }
      await settle(runner)
      const rows = async () =>
        (await bench.shop.query('SELECT full_name, phone, email FROM customers ORDER BY id')).rows as object[]
      expect(await rows()).toMatchObject([{ full_name: 'Ann' }])

      await bench.odoo.query('DELETE FROM res_users_apikeys WHERE user_id = $1', [bench.uid])
      if (series === '14') {
        // It lets nobody in with the key, and goes on with who is in: it remembers credentials that it has checked once,
        // until something makes it forget them.
        expect((await cli(bench.configFile, 'check')).text).toContain(`does not let the user ${bench.mark} in`)
        await runner.runNow()
        await person('res.users', 'write', { ids: [bench.uid], vals: { active: true } })
      }
      await insert('Bea')
      await person('res.partner', 'write', { ids: [ann], vals: { phone: '7' } })
      await bench.shop.query(`UPDATE customers SET email = 'meanwhile@x'`)
      const error: unknown = await runner.runNow().then(
        () => null,
        (thrown: unknown) => thrown,
      )
      expect(error).toMatchObject({ code: 'unauthorized' })
      expect(error).toBeInstanceOf(SyncError)
      const { pause } = await app.ledger.state('customers')
      expect(pause?.code).toBe('unauthorized')
      expect(await app.ledger.countChanges('customers', { state: 'dead' })).toBe(0)
      await runner.stop(1000)
      await app[Symbol.asyncDispose]()

      writeFileSync(bench.keyFile, await firstKey(realOdoo(series).url, realOdoo(series).database, bench.mark))
      const again = await start()
      await settle(again.runner)
      expect(await rows()).toMatchObject([
        { full_name: 'Ann', phone: '7', email: 'meanwhile@x' },
        { full_name: 'Bea', phone: null },
      ])
      const [partner] = await person<{ email: string }[]>('res.partner', 'read', { ids: [ann], fields: ['email'] })
      expect(partner?.email).toBe('meanwhile@x')
      expect(await again.app.ledger.countChanges('customers', { state: 'dead' })).toBe(0)
      await again.runner.stop(1000)
      await again.app[Symbol.asyncDispose]()
    })
  })
}
