import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { Context } from '../../src/engine/context.ts'
import { SIDES, type Side } from '../../src/mapping/mapping.ts'
import { hasOdooDatabaseAccess, hasRealOdoo, realOdoo } from './environment.ts'
import { asPerson } from './person.ts'
import { picture } from './pictures.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

let tandem: RealTandem
afterEach(() => tandem?.close())

/** The bytes of files that were read from each side. */
const bytes: Record<Side, number> = { odoo: 0, external: 0 }

function counting(context: Context): Context {
  bytes.odoo = 0
  bytes.external = 0
  const sides = { ...context.sides }
  for (const side of SIDES) {
    const { sink } = sides[side].collection
    const open = sink?.openContent
    if (!sink || !open) throw new Error(`${side} does not stream.`)
    async function* openContent(...request: Parameters<NonNullable<typeof open>>): AsyncGenerator<Uint8Array> {
      for await (const piece of open?.(...request) ?? []) {
        bytes[side] += piece.length
        yield piece
      }
    }
    sides[side] = { ...sides[side], collection: { ...sides[side].collection, sink: { ...sink, openContent } } }
  }
  return { ...context, sides }
}

function readBytes(): Record<Side, number> {
  const read = { ...bytes }
  bytes.odoo = 0
  bytes.external = 0
  return read
}

async function expectQuiet(): Promise<void> {
  readBytes()
  tandem.events.length = 0
  await tandem.settle()
  await tandem.settle()
  expect(tandem.events).toEqual([])
  expect(readBytes()).toEqual({ odoo: 0, external: 0 })
  expect(await tandem.differences()).toEqual([])
}

const PICTURES = {
  observe: counting,
  table: `CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text, photo bytea)`,
  mapping: (mark: string, schema: string) => `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external: { connection: shop, collection: ${schema}.customers, key: code }
fields:
  - { odoo: name, external: full_name }
  - { odoo: image_1920, external: photo }
deletes: { from_odoo: delete, from_external: archive }
`,
}

async function imageInOdoo(ref: string): Promise<Buffer | null> {
  const [row] = await asPerson<{ image_1920: string | false }[]>('res.partner', 'search_read', {
    domain: [['ref', '=', ref]],
    fields: ['image_1920'],
  })
  return row?.image_1920 ? Buffer.from(row.image_1920, 'base64') : null
}

async function photoInShop(code: string): Promise<Buffer | null> {
  const { rows } = await tandem.shop.query<{ photo: Buffer | null }>('SELECT photo FROM customers WHERE code = $1', [
    code,
  ])
  return rows[0]?.photo ?? null
}

describe.skipIf(!hasOdooDatabaseAccess)('pictures of records', () => {
  it('go both ways, and the form that Odoo makes of one is no edit', async () => {
    tandem = await openRealTandem(PICTURES)
    const [a, b] = [`${tandem.mark}-A`, `${tandem.mark}-B`]
    const [small, large] = [picture(60, 40), picture(2400, 100)]
    await tandem.insertPartner({ name: 'Ann', ref: a, image_1920: small.toString('base64') })
    await tandem.shop.query(`INSERT INTO customers (code, full_name, photo) VALUES ($1, 'Bob', $2)`, [b, large])
    await tandem.settle()
    expect(await photoInShop(a)).toEqual(small)
    const shrunk = await imageInOdoo(b)
    expect(shrunk?.subarray(1, 4).toString()).toBe('PNG')
    expect(shrunk).not.toEqual(large)
    expect(readBytes()).toEqual({ odoo: small.length, external: large.length })
    await expectQuiet()
    expect(await photoInShop(b)).toEqual(large)

    const other = picture(50, 50)
    const [partner] = await asPerson<{ id: number }[]>('res.partner', 'search_read', {
      domain: [['ref', '=', b]],
      fields: ['id'],
    })
    await asPerson('res.partner', 'write', { ids: [partner?.id], vals: { image_1920: other.toString('base64') } })
    await tandem.settle()
    expect(await photoInShop(b)).toEqual(other)
    await expectQuiet()
  })

  it('that are equal when the records first meet are not transferred', async () => {
    tandem = await openRealTandem(PICTURES)
    const [a, b] = [`${tandem.mark}-A`, `${tandem.mark}-B`]
    const [same, one, two] = [picture(80, 80), picture(30, 30), picture(31, 30)]
    await tandem.insertPartner({ name: 'Ann', ref: a, image_1920: same.toString('base64') })
    await tandem.insertPartner({ name: 'Bob', ref: b, image_1920: one.toString('base64') })
    await tandem.shop.query(`INSERT INTO customers (code, full_name, photo) VALUES ($1, 'Ann', $2), ($3, 'Bob', $4)`, [
      a,
      same,
      b,
      two,
    ])
    await tandem.settle()
    const written = tandem.events.filter(({ kind }) => kind === 'updated' || kind === 'created')
    expect(written).toHaveLength(1)
    // One of the equal two is read to be digested; those of different sizes only to be transferred.
    const { odoo, external } = readBytes()
    expect([same.length, same.length + two.length]).toContain(external)
    expect([0, one.length]).toContain(odoo)
    expect(await imageInOdoo(b)).toEqual(await photoInShop(b))
    await expectQuiet()
  })

  it('are removed where they were removed on the other side', async () => {
    tandem = await openRealTandem(PICTURES)
    const [a, b] = [`${tandem.mark}-A`, `${tandem.mark}-B`]
    const ann = await tandem.insertPartner({ name: 'Ann', ref: a, image_1920: picture(20, 20).toString('base64') })
    await tandem.insertPartner({ name: 'Bob', ref: b, image_1920: picture(20, 20).toString('base64') })
    await tandem.settle()
    await asPerson('res.partner', 'write', { ids: [ann], vals: { image_1920: false } })
    await tandem.shop.query('UPDATE customers SET photo = NULL WHERE code = $1', [b])
    await tandem.settle()
    expect(await photoInShop(a)).toBeNull()
    expect(await imageInOdoo(b)).toBeNull()
    await expectQuiet()
    await tandem.shop.query(`UPDATE customers SET photo = '' WHERE code = $1`, [b])
    await tandem.settle()
    expect(await imageInOdoo(b)).toBeNull()
    await expectQuiet()
  })

  it('that Odoo cannot read are parked, each alone', async () => {
    tandem = await openRealTandem(PICTURES)
    await tandem.shop.query(`INSERT INTO customers (code, full_name, photo) VALUES ($1, 'Ann', $2), ($3, 'Bob', $4)`, [
      `${tandem.mark}-A`,
      randomBytes(500),
      `${tandem.mark}-B`,
      picture(10, 10),
    ])
    await tandem.settle()
    expect(await tandem.partners()).toMatchObject([{ name: 'Bob' }])
    const dead = tandem.events.filter(({ kind }) => kind === 'dead')
    expect(dead).toMatchObject([{ message: expect.stringContaining('could not be decoded as an image') }])
  })
})

const DOCUMENTS = {
  observe: counting,
  table: `CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, name text, type text, body bytea)`,
  mapping: (mark: string, schema: string) => `
mapping: customers
odoo:
  connection: erp
  model: ir.attachment
  domain: [["res_model", "=", "res.partner"], ["description", "=like", "${mark}%"]]
  key: description
  defaults: { res_model: res.partner }
  archive: null
external: { connection: shop, collection: ${schema}.documents, key: code }
fields:
  - name
  - { odoo: mimetype, external: type, direction: from-odoo }
  - { odoo: datas, external: body }
deletes: { from_odoo: delete, from_external: delete }
page_size: 2
`,
}

describe.skipIf(!hasOdooDatabaseAccess)('documents', () => {
  it('go both ways with their bytes, and pictures of records are none of them', async () => {
    tandem = await openRealTandem(DOCUMENTS)
    const partner = await tandem.insertPartner({ name: 'Ann', image_1920: picture(20, 20).toString('base64') })
    const files = Array.from({ length: 5 }, (_, index) => randomBytes(1000 * (index + 1)))
    await asPerson('ir.attachment', 'create', {
      vals_list: files.map((file, index) => ({
        name: `${index}.bin`,
        description: `${tandem.mark}-${index}`,
        res_model: 'res.partner',
        res_id: partner,
        datas: file.toString('base64'),
      })),
    })
    const sent = randomBytes(3_000_000)
    await tandem.shop.query(`INSERT INTO documents (code, name, body) VALUES ($1, 'x.bin', $2)`, [
      `${tandem.mark}-x`,
      sent,
    ])
    await tandem.settle()
    const { rows } = await tandem.shop.query<{ code: string; body: Buffer }>('SELECT * FROM documents ORDER BY code')
    expect(rows.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 'x'].map((each) => `${tandem.mark}-${each}`))
    for (const [index, file] of files.entries()) expect(rows[index]?.body.equals(file)).toBe(true)
    const [stored] = await asPerson<{ datas: string }[]>('ir.attachment', 'search_read', {
      domain: [['description', '=', `${tandem.mark}-x`]],
      fields: ['datas'],
    })
    expect(Buffer.from(stored?.datas ?? '', 'base64').equals(sent)).toBe(true)
    await expectQuiet()
    await tandem.shop.query('DELETE FROM documents WHERE code = $1', [`${tandem.mark}-x`])
    await tandem.settle()
    const left = { domain: [['description', '=like', `${tandem.mark}%`]] }
    expect(await asPerson('ir.attachment', 'search_count', left)).toBe(5)
  })
})

const LINKED = `
  CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, full_name text);
  CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, name text, body bytea,
    customer_id bigint REFERENCES customers (id))`

const CUSTOMERS = (mark: string, schema: string): string => `
mapping: customers
odoo: { connection: erp, model: res.partner, domain: [[function, "=", "${mark}"]], key: ref, defaults: { function: "${mark}" } }
external: { connection: shop, collection: ${schema}.customers, key: code }
fields: [{ odoo: name, external: full_name }]
deletes: { from_odoo: ignore, from_external: archive }
`

const LINKED_DOCUMENTS = (mark: string, schema: string): string => `
mapping: documents
odoo:
  connection: erp
  model: ir.attachment
  domain: [["res_model", "=", "res.partner"], ["description", "=like", "${mark}%"]]
  key: description
  defaults: { res_model: res.partner }
  archive: null
external: { connection: shop, collection: ${schema}.documents, key: code }
fields:
  - name
  - { odoo: datas, external: body }
  - { odoo: res_id, external: customer_id, link: customers }
deletes: { from_odoo: ignore, from_external: ignore }
`

describe.skipIf(!hasOdooDatabaseAccess)('documents of customers', () => {
  it('are tied to them on both sides', async () => {
    let schema = ''
    tandem = await openRealTandem({
      table: LINKED,
      mapping: (mark, own) => {
        schema = own
        return CUSTOMERS(mark, own)
      },
    })
    const { mark } = tandem
    writeFileSync(join(tandem.folder, 'mappings', 'documents.yaml'), LINKED_DOCUMENTS(mark, schema))
    const ann = await tandem.insertPartner({ name: 'Ann', ref: `${mark}-A` })
    const [ours, theirs] = [randomBytes(5000), randomBytes(6000)]
    const vals = { name: 'o.bin', description: `${mark}-o`, res_model: 'res.partner', res_id: ann }
    await asPerson('ir.attachment', 'create', { vals_list: [{ ...vals, datas: ours.toString('base64') }] })
    await tandem.shop.query(`INSERT INTO customers (code, full_name) VALUES ($1, 'Bob')`, [`${mark}-B`])
    await tandem.shop.query(`INSERT INTO documents (code, name, body, customer_id) VALUES ($1, 't.bin', $2, 1)`, [
      `${mark}-t`,
      theirs,
    ])
    expect((await startSync().ended).code).toBe(0)
    expect((await startSync().ended).code).toBe(0)
    const { rows } = await tandem.shop.query(
      `SELECT d.code, d.body, c.full_name FROM documents d JOIN customers c ON c.id = d.customer_id ORDER BY d.code`,
    )
    expect(rows).toEqual([
      { code: `${mark}-o`, body: ours, full_name: 'Ann' },
      { code: `${mark}-t`, body: theirs, full_name: 'Bob' },
    ])
    const [bob] = await asPerson<{ id: number }[]>('res.partner', 'search_read', {
      domain: [['ref', '=', `${mark}-B`]],
      fields: [],
    })
    const [stored] = await asPerson<object[]>('ir.attachment', 'search_read', {
      domain: [['description', '=', `${mark}-t`]],
      fields: ['res_id', 'res_model', 'datas'],
    })
    expect(stored).toMatchObject({ res_id: bob?.id, res_model: 'res.partner', datas: theirs.toString('base64') })
  })
})

const BIG = 50 * 1024 * 1024
const MOST_KILOBYTES = 300 * 1024

/** `tandem sync` in a process of its own, which tells its peak of memory as it ends. */
function startSync(): {
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; kilobytes: number }>
} {
  const preload = fileURLToPath(new URL('report-memory.mjs', import.meta.url))
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const child = spawn(process.execPath, [
    '--import',
    preload,

    main,
    'sync',
    '--config',
    tandem.configFile,
  ])
  let told = ''
  child.stdout.on('data', (text) => (told += String(text)))
  child.stderr.on('data', (text) => (told += String(text)))
  const ended = once(child, 'close').then(([code]) => {
    if (code === 1) console.error(told)
    return { code: code as number | null, kilobytes: Number(/peak memory (\d+) kB/.exec(told)?.[1] ?? Number.NaN) }
  })
  return { child, ended }
}

/** Kills the process in the middle of a transfer: while the shop's side of it is busy with the `nth` piece or later. */
async function killWhen(child: ChildProcess, query: string): Promise<void> {
  for (let pieces = 0; pieces < 5; ) {
    if (child.exitCode !== null) throw new Error('It ended before it could be killed.')
    const { rowCount } = await tandem.shop.query(
      `SELECT FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()`,
      [query],
    )
    pieces += rowCount ?? 0
  }
  child.kill('SIGKILL')
}

async function bigInOdoo(odoo = realOdoo('19')): Promise<{ id: number; checksum: string; file_size: number }[]> {
  const domain = [['description', '=like', `${tandem.mark}%`]]
  return asPerson('ir.attachment', 'search_read', { domain, fields: ['checksum', 'file_size'], order: 'id' }, odoo)
}

async function bigInShop(): Promise<{ code: string; size: number; checksum: string }[]> {
  const { rows } = await tandem.shop.query<{ code: string; size: number; checksum: string }>(
    `SELECT code, octet_length(body) AS size, encode(sha256(body), 'hex') AS checksum FROM documents ORDER BY code`,
  )
  return rows
}

function digest(algorithm: string, file: Buffer): string {
  return createHash(algorithm).update(file).digest('hex')
}

describe.skipIf(!hasOdooDatabaseAccess)('a file of 50 MB', () => {
  const over = [
    { series: '19', protocol: 'json2' },
    { series: '19', protocol: 'xmlrpc' },
  ] as const
  it.each(over.filter(({ series }) => hasRealOdoo(series)))(
    'goes both ways within 300 MB of memory, and not a second time: $series over $protocol',
    async (one) => {
      const odoo = realOdoo(one.series)
      tandem = await openRealTandem({ ...DOCUMENTS, odoo, protocol: one.protocol })
      const [down, up] = [randomBytes(BIG), randomBytes(BIG)]
      await tandem.shop.query(`INSERT INTO documents (code, name, body) VALUES ($1, 'up.bin', $2)`, [
        `${tandem.mark}-u`,
        up,
      ])
      const partner = await tandem.insertPartner({ name: 'Ann' })
      const document = { name: 'down.bin', description: `${tandem.mark}-d`, res_model: 'res.partner', res_id: partner }
      const vals_list = [{ ...document, datas: down.toString('base64') }]
      await asPerson('ir.attachment', 'create', { vals_list }, odoo)
      const { code, kilobytes } = await startSync().ended
      expect(code).toBe(0)
      expect(kilobytes).toBeLessThan(MOST_KILOBYTES)
      console.log(`peak memory for two files of 50 MB: ${Math.round(kilobytes / 1024)} MB`)
      expect(await bigInShop()).toEqual([
        { code: `${tandem.mark}-d`, size: BIG, checksum: digest('sha256', down) },
        { code: `${tandem.mark}-u`, size: BIG, checksum: digest('sha256', up) },
      ])
      const stored = await bigInOdoo(odoo)
      expect(stored.map(({ checksum }) => checksum).sort()).toEqual([digest('sha1', down), digest('sha1', up)].sort())
      await expectQuiet()
    },
  )

  it.each([
    { to: 'the shop', query: 'insert into pg_temp.tandem_content%' },
    { to: 'Odoo', query: 'select encode(substring(%' },
  ])('on its way to $to when the process is killed leaves nothing half done', async ({ to, query }) => {
    tandem = await openRealTandem({ ...DOCUMENTS, config: 'limits: { in_doubt: 3s }\n' })
    const file = randomBytes(BIG)
    const code = `${tandem.mark}-f`
    const partner = await tandem.insertPartner({ name: 'Ann' })
    if (to === 'Odoo') {
      await tandem.shop.query(`INSERT INTO documents (code, name, body) VALUES ($1, 'f.bin', $2)`, [code, file])
    } else {
      const datas = file.toString('base64')
      const values = { name: 'f.bin', description: code, res_model: 'res.partner', res_id: partner, datas }
      await asPerson('ir.attachment', 'create', { vals_list: [values] })
    }
    const { child, ended } = startSync()
    await killWhen(child, query)
    await ended
    expect(to === 'Odoo' ? await bigInOdoo() : await bigInShop()).toEqual([])
    await tandem.settle()
    expect(await bigInShop()).toEqual([{ code, size: BIG, checksum: digest('sha256', file) }])
    expect(await bigInOdoo()).toMatchObject([{ checksum: digest('sha1', file), file_size: BIG }])
    await expectQuiet()
  })
})
