import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openDoorkeeper } from '../real/doorkeeper.ts'
import { jsonLines } from './program.ts'
import { openWorkspace } from './workspace.ts'

describe('the command line', () => {
  test('says what is wrong with it, and exits 2', async () => {
    await using space = await openWorkspace()
    const mistakes: readonly (readonly [args: readonly string[], says: RegExp])[] = [
      [['snyc'], /unknown command 'snyc'[\s\S]*Did you mean sync/],
      [['sync', '--dry-rum'], /unknown option '--dry-rum'[\s\S]*Did you mean --dry-run/],
      [['sync', 'custmers'], /There is no mapping "custmers" \(did you mean "customers"\?\)/],
      [['resync'], /missing required argument 'mapping'/],
      [['trace', 'customers'], /Say which record/],
      [['resync', 'customers', '--from', 'shop'], /'shop' is invalid. Allowed choices are odoo, external/],
      [['resync', 'customers', '--since', 'yesterday'], /expected 2d, 6h/],
      [['dead-letters', 'retry', 'customers'], /or --all/],
      [['dead-letters', 'show', 'customers', 'left', '1'], /"left" is no side/],
      [['--config', 'mappings', 'status'], /this is a folder; --config takes the file in it/],
      [['dead-letters', 'retry', 'custmers', '--all'], /There is no mapping "custmers" \(did you mean "customers"\?\)/],
      [['dead-letters', 'discard', 'custmers', 'odoo', '1', '--reason', 'x'], /There is no mapping "custmers"/],
      [['--config', 'nope.yaml', 'status'], /no configuration file nope\.yaml[\s\S]*tandem init/],
    ]
    const ended = await Promise.all(mistakes.map(([args]) => space.tandem(...args)))
    for (const [index, [args, says]] of mistakes.entries()) {
      expect(ended[index]?.stderr, args.join(' ')).toMatch(says)
      expect([ended[index]?.code, ended[index]?.stdout], args.join(' ')).toEqual([2, ''])
    }
  })

  test('with --json, an error is JSON as well', async () => {
    await using space = await openWorkspace()
    const ended = await space.tandem('sync', 'custmers', '--json')
    expect(jsonLines(ended)).toMatchObject([{ error: { code: 'config', problems: [] } }])
  })
})

describe('check', () => {
  test('passes where everything is right, without leaving anything behind', async () => {
    await using space = await openWorkspace()
    const { code, stdout } = await space.tandem('check')
    expect(code, stdout).toBe(0)
    expect(stdout).toContain('✓ erp: Odoo')
    expect(stdout).toContain('✓ customers: res.partner ↔ customers')
    expect(space.shop.prepare("select count(*) from sqlite_master where name like 'tandem%'").pluck().get()).toBe(0)
  })

  test('warns of webhooks that no mapping listens to', async () => {
    await using space = await openWorkspace()
    const file = join(space.folder, 'config.yaml')
    const events = '[{ collection: customers, id: id }, { collection: orders, topic: "order.*", id: id }]'
    const webhooks = `webhooks: { scheme: standard, secrets: [whsec_c2VjcmV0c2VjcmV0], events: ${events} }`
    writeFileSync(file, readFileSync(file, 'utf8').replace('type: sqlite,', `type: sqlite, ${webhooks},`))
    const { code, stdout } = await space.tandem('check')
    expect(stdout).toContain('! shop: no mapping has the collection orders of its webhooks')
    expect(stdout).not.toContain('no mapping has the collection customers')
    expect(code, stdout).toBe(0)
  })

  test('warns of a clock that is not ours', async () => {
    await using space = await openWorkspace()
    await using keeper = await openDoorkeeper(space.odoo.url)
    const { database, apiKey } = space.odoo
    space.writeConfig({ url: keeper.url, database, apiKey })
    expect((await space.tandem('check')).stdout).toMatch(/✓ erp: .*clock in step/)
    for (const [aheadMs, says] of [
      [2 * 3_600_000, 'ahead'],
      [-2 * 3_600_000, 'behind'],
    ] as const) {
      keeper.clockAheadMs = aheadMs
      const { code, stdout } = await space.tandem('check')
      expect(stdout).toMatch(new RegExp(`! erp: Its clock .* ${says}`))
      expect(code, stdout).toBe(0)
    }
  })

  test('finds each mistake with one clear message and its exit code', async () => {
    await using space = await openWorkspace()
    const find = async (code: number, says: RegExp) => {
      const checked = await space.tandem('check')
      expect(checked.stdout, checked.stderr).toMatch(says)
      expect(checked.stdout.match(/✗/g), checked.stdout).toHaveLength(1)
      expect(checked.code, checked.stdout).toBe(code)
    }
    space.writeConfig({ url: 'http://127.0.0.1:9' })
    await find(3, /✗ erp: .*cannot be reached/)
    space.writeConfig({ apiKey: 'not-the-right-key' })
    await find(3, /✗ erp: .*apikey/)
    space.writeConfig({ database: 'elsewhere' })
    await find(2, /✗ erp: [\s\S]*`database`/)
    space.writeConfig({ shop: './missing.db' })
    await find(2, /✗ shop: .*there is no file .*missing\.db/)
    space.writeConfig()
    space.writeMapping({ 'res.partner': 'res.partnr' })
    await find(2, /✗ customers: \S*mappings\/customers\.yaml:2:\d+: odoo: .*res\.partnr/)
    space.writeMapping({ 'table: customers': 'table: custmers' })
    await find(2, /✗ customers: \S*mappings\/customers\.yaml:4:\d+: external: .*custmers/)
    space.writeMapping({ 'odoo: name,': 'odoo: nam,' })
    await find(2, /✗ customers: \S*mappings\/customers\.yaml:\d+:\d+: fields\[0\]\.odoo: .*did you mean "name"/)
  })

  test('tells the problems of every mapping and connection, not only the first', async () => {
    await using space = await openWorkspace()
    space.writeMapping({ 'res.partner': 'res.partnr' })
    const second = 'mapping: more\nodoo: { connection: erp, model: res.partner, key: ref }\n'
    const rest = 'external: { connection: shop, collection: nothing, key: code }\nfields: [email]\n'
    writeFileSync(join(space.folder, 'mappings', 'more.yaml'), second + rest)
    const { stdout, code } = await space.tandem('check', '--json')
    expect(code).toBe(2)
    const [{ findings = [] } = {}] = jsonLines<{ findings?: { subject: string; severity: string }[] }>({
      code,
      stdout,
      stderr: '',
    })
    const broken = findings.filter(({ severity }) => severity === 'error').map(({ subject }) => subject)
    expect(broken).toEqual(['customers', 'more'])
  })
})

describe('a ledger that cannot be used', () => {
  test('is told with what to do, and exits 2', async () => {
    await using space = await openWorkspace()
    await space.tandem('sync')
    writeFileSync(join(space.folder, 'data', 'tandem.db'), 'this is not a database, whatever its name says')
    const { code, stderr } = await space.tandem('status')
    expect(stderr).toMatch(/not a ledger/)
    expect(code).toBe(2)
  })
})
