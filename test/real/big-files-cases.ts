import type { ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { OdooSeries } from '../../scripts/real/odoo-install.ts'
import { countBytes } from './count-bytes.ts'
import { documentsOfOne } from './documents-mapping.ts'
import { hasRealOdoo, PROTOCOLS_OF, realOdoo } from './environment.ts'
import { expectQuiet } from './expect-quiet.ts'
import { personOf } from './person.ts'
import { startSync } from './start-sync.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

const BIG = 50 * 1024 * 1024
const MOST_KILOBYTES = 300 * 1024

/** Files that are larger than what a process may hold. */
export function describeBigFiles(series: OdooSeries): void {
  describe.skipIf(!hasRealOdoo(series))(`a file of 50 MB of a real Odoo ${series}`, () => cases(series))
}

function cases(series: OdooSeries): void {
  const odoo = realOdoo(series)
  const person = personOf(odoo)
  const counter = countBytes()
  let tandem: RealTandem
  afterEach(() => tandem?.close())

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

  async function bigInOdoo(): Promise<{ id: number; checksum: string; file_size: number }[]> {
    const domain = [['description', '=like', `${tandem.mark}%`]]
    return person('ir.attachment', 'search_read', { domain, fields: ['checksum', 'file_size'], order: 'id' })
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

  const JSON_AND_XML = [PROTOCOLS_OF[series][0] ?? 'jsonrpc', 'xmlrpc'] as const
  it.each(JSON_AND_XML)('goes both ways within 300 MB of memory, and not a second time, over %s', async (protocol) => {
    const documents = await documentsOfOne(odoo)
    tandem = await openRealTandem({ ...documents, observe: counter.observe, odoo, protocol })
    const [down, up] = [randomBytes(BIG), randomBytes(BIG)]
    await tandem.shop.query(`INSERT INTO documents (code, name, body) VALUES ($1, 'up.bin', $2)`, [
      `${tandem.mark}-u`,
      up,
    ])
    const document = {
      name: 'down.bin',
      description: `${tandem.mark}-d`,
      res_model: 'res.partner',
      res_id: documents.owner,
    }
    const vals_list = [{ ...document, datas: down.toString('base64') }]
    await person('ir.attachment', 'create', { vals_list })
    const { code, kilobytes } = await startSync(tandem.configFile).ended
    expect(code).toBe(0)
    expect(kilobytes).toBeLessThan(MOST_KILOBYTES)
    console.log(`peak memory for two files of 50 MB: ${Math.round(kilobytes / 1024)} MB`)
    expect(await bigInShop()).toEqual([
      { code: `${tandem.mark}-d`, size: BIG, checksum: digest('sha256', down) },
      { code: `${tandem.mark}-u`, size: BIG, checksum: digest('sha256', up) },
    ])
    const stored = await bigInOdoo()
    expect(stored.map(({ checksum }) => checksum).sort()).toEqual([digest('sha1', down), digest('sha1', up)].sort())
    await expectQuiet(tandem, counter)
  })

  // How a transfer is cut is not a matter of the version.
  it.skipIf(series === '14').each([
    { to: 'the shop', query: 'insert into pg_temp.tandem_content%' },
    { to: 'Odoo', query: 'select encode(substring(%' },
  ])('on its way to $to when the process is killed leaves nothing half done', async ({ to, query }) => {
    const documents = await documentsOfOne(odoo)
    const [protocol = 'jsonrpc'] = PROTOCOLS_OF[series]
    tandem = await openRealTandem({
      ...documents,
      observe: counter.observe,
      odoo,
      protocol,
      config: 'limits: { in_doubt: 3s }\n',
    })
    const file = randomBytes(BIG)
    const code = `${tandem.mark}-f`
    if (to === 'Odoo') {
      await tandem.shop.query(`INSERT INTO documents (code, name, body) VALUES ($1, 'f.bin', $2)`, [code, file])
    } else {
      const datas = file.toString('base64')
      const values = { name: 'f.bin', description: code, res_model: 'res.partner', res_id: documents.owner, datas }
      await person('ir.attachment', 'create', { vals_list: [values] })
    }
    const { child, ended } = startSync(tandem.configFile)
    await killWhen(child, query)
    await ended
    expect(to === 'Odoo' ? await bigInOdoo() : await bigInShop()).toEqual([])
    await tandem.settle()
    expect(await bigInShop()).toEqual([{ code, size: BIG, checksum: digest('sha256', file) }])
    expect(await bigInOdoo()).toMatchObject([{ checksum: digest('sha1', file), file_size: BIG }])
    await expectQuiet(tandem, counter)
  })
}
