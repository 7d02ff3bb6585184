import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { hasOdooDatabaseAccess, realEnvironment, realOdoo } from './environment.ts'
import { HOOK_SECRET, hooks, withOdooKeys } from './hooks.ts'
import { asPerson } from './person.ts'
import { customersMapping, openRealTandem, type RealTandem, type RealTandemOptions } from './tandem.ts'

const CONFIG = `server: { listen: off, hook_secret: ${HOOK_SECRET} }`
const options = (...keys: readonly string[]): RealTandemOptions => ({
  config: CONFIG,
  mapping: (mark, schema) => withOdooKeys(customersMapping(mark, schema), 'apply: webhook', 'push: none', ...keys),
})

let tandem: RealTandem
afterEach(async () => {
  await hooks(tandem.configFile, 'remove')
  await tandem.close()
})

/** The address of the webhook that was made, as the person who makes it is told. */
async function install(): Promise<string> {
  const { parts, error } = await hooks(tandem.configFile, 'install')
  expect(parts, error).toMatchObject([{ purpose: 'take changes', state: 'created' }])
  return /http\S+/.exec(parts[0]?.note ?? '')?.[0] ?? ''
}

/** Tandem with a webhook whose address the mapping was given. */
async function open(): Promise<string> {
  tandem = await openRealTandem(options())
  const address = await install()
  await tandem.close()
  tandem = await openRealTandem(options(`webhook: "${address}"`))
  return address
}

/** Several calls are under way at a time: in which order they are done is chance. */
const partners = async () => (await tandem.partners()).toSorted((a, b) => String(a.name).localeCompare(String(b.name)))

const insert = (code: string, name: string) =>
  tandem.shop.query('INSERT INTO customers (code, full_name) VALUES ($1, $2)', [`${tandem.mark}-${code}`, name])

describe.skipIf(!hasOdooDatabaseAccess)('a real Odoo that takes changes through its own webhook', () => {
  it('makes, writes, archives and keeps records, as our user, and then nothing any more', async () => {
    await open()
    await insert('A', 'Ann')
    await insert('B', 'Bob')
    await tandem.settle()
    const made = await partners()
    expect(made.map(({ name, ref }) => [name, ref])).toEqual([
      ['Ann', `${tandem.mark}-A`],
      ['Bob', `${tandem.mark}-B`],
    ])
    await tandem.shop.query(`UPDATE customers SET phone = '7', notes = 'hello' WHERE code = '${tandem.mark}-A'`)
    await tandem.shop.query(`DELETE FROM customers WHERE code = '${tandem.mark}-B'`)
    await tandem.settle()
    const [ann, bob] = await partners()
    expect(ann).toMatchObject({ phone: '7', comment: '<p>hello</p>', write_uid: made[0]?.write_uid })
    expect(bob).toMatchObject({ active: false })
    expect(ann?.write_uid).toMatchObject([expect.any(Number), 'Tandem'])
    tandem.events.length = 0
    await tandem.settle()
    expect(tandem.events).toEqual([])
    expect(await tandem.differences()).toEqual([])
  })

  it('sets the bad one aside and keeps nothing of it, although Odoo commits after an error', async () => {
    await open()
    await insert('A', 'Ann')
    await insert('B', 'Bob')
    await tandem.settle()
    const { rows } = await tandem.shop.query<{ id: string }>('SELECT id FROM customers ORDER BY id')
    // Each above the other: the first is possible, the second is what a constraint of Odoo refuses.
    await tandem.shop.query('UPDATE customers SET parent = $1 WHERE id = $2', [rows[0]?.id, rows[1]?.id])
    await tandem.settle()
    await tandem.shop.query(`UPDATE customers SET parent = $1, phone = '5' WHERE id = $2`, [rows[1]?.id, rows[0]?.id])
    await insert('C', 'Cy')
    const runner = await tandem.runner()
    await runner.runNow({ depth: 'deep' })
    const found = await partners()
    expect(found.map(({ name }) => name)).toEqual(['Ann', 'Bob', 'Cy'])
    expect(found[0]).toMatchObject({ parent_id: false, phone: false })
    expect(tandem.events.filter(({ kind }) => kind === 'retry')).toMatchObject([
      { message: expect.stringContaining("Odoo's webhook failed (HTTP 500)") },
    ])
  })

  it('commits after an error what a constraint refuses, where a rule has no savepoint', async () => {
    tandem = await openRealTandem(options())
    const top = await tandem.insertPartner({ name: 'Top' })
    const below = await tandem.insertPartner({ name: 'Below', parent_id: top })
    const [model] = await asPerson<number[]>('ir.model', 'search', { domain: [['model', '=', 'res.partner']] })
    const code = 'record.write({"parent_id": payload["parent"]})'
    const action = { name: tandem.mark, model_id: model, state: 'code', usage: 'base_automation', code }
    const plain = { name: tandem.mark, model_id: model, trigger: 'on_webhook', action_server_ids: [[0, 0, action]] }
    const ids = await asPerson<number[]>('base.automation', 'create', { vals_list: [plain] })
    try {
      const [rule] = await asPerson<{ webhook_uuid: string }[]>('base.automation', 'read', {
        ids,
        fields: ['webhook_uuid'],
      })
      const answer = await fetch(`${realEnvironment().odooUrl}/web/hook/${rule?.webhook_uuid}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ _model: 'res.partner', _id: top, parent: below }),
      })
      expect([answer.status, await answer.json()]).toEqual([500, { status: 'error' }])
      const stored = await tandem.partners()
      expect(stored.map(({ parent_id }) => Array.isArray(parent_id) && parent_id[0])).toEqual([below, top])
    } finally {
      await asPerson('base.automation', 'unlink', { ids })
      await asPerson('res.partner', 'write', { ids: [top], vals: { parent_id: false } })
    }
  })

  it('makes one record of an event that comes twice', async () => {
    const address = await open()
    const event = {
      _model: 'res.partner',
      _event: 'create',
      _key: `${tandem.mark}-X`,
      values: { name: 'Xen', ref: `${tandem.mark}-X`, function: tandem.mark },
    }
    for (let time = 0; time < 2; time++) {
      const answer = await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(event),
      })
      expect(answer.status).toBe(200)
    }
    expect(await tandem.partners()).toHaveLength(1)
  })

  it('says so when the secret was rotated, and loses nothing', async () => {
    const before = await open()
    const rotated = await hooks(tandem.configFile, 'rotate')
    expect(rotated.parts).toMatchObject([{ purpose: 'take changes', state: 'updated' }])
    const after = /http\S+/.exec(rotated.parts[0]?.note ?? '')?.[0]
    expect(after).not.toBe(before)
    await insert('A', 'Ann')
    const runner = await tandem.runner()
    await expect(runner.runNow({ depth: 'deep' })).rejects.toMatchObject({
      code: 'config',
      message: expect.not.stringContaining('/web/hook/'),
    })
    expect(await tandem.partners()).toEqual([])
    expect((await tandem.app().ledger.state('customers')).pause).toMatchObject({ code: 'config' })
    const mapping = join(tandem.folder, 'mappings', 'customers.yaml')
    writeFileSync(mapping, readFileSync(mapping, 'utf8').replace(before, after ?? ''))
    const { configFile } = tandem
    expect((await hooks(configFile, 'list')).code).toBe(0)
  })

  it('is asked for the address where our user may, again after it was rotated', async () => {
    tandem = await openRealTandem({
      ...options(),
      odoo: { ...realOdoo('19'), login: realOdoo('19').personLogin, apiKey: realOdoo('19').personKey },
    })
    const { parts } = await hooks(tandem.configFile, 'install')
    expect(parts).toMatchObject([{ state: 'created', note: null }])
    await insert('A', 'Ann')
    await tandem.settle()
    expect(await tandem.partners()).toMatchObject([{ name: 'Ann' }])
    await asPerson('base.automation', 'action_rotate_webhook_uuid', { ids: [Number(parts[0]?.id)] })
    await insert('B', 'Bob')
    await tandem.settle()
    expect(await tandem.partners()).toMatchObject([{ name: 'Ann' }, { name: 'Bob' }])
  })
})
