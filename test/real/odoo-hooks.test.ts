import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/real/free-port.ts'
import { keepListening } from '../../src/server/keep-listening.ts'
import { type Daemon, startDaemon } from '../crash/daemon.ts'
import { hasOdooDatabaseAccess } from './environment.ts'
import { HOOK_SECRET, hooks, openRecorder } from './hooks.ts'
import { asPerson } from './person.ts'
import { openRealTandem, type RealTandem } from './tandem.ts'

/** Nothing but hooks brings a change within a test. */
const NO_SCANS = 'schedule: "0 0 1 1 *"\ndeep: "0 0 1 1 *"\nsweep: never\ncompare_within: never'

let tandem: RealTandem
let daemons: Daemon[] = []
let stop = new AbortController()

async function open(port: number, more = NO_SCANS): Promise<void> {
  const server = `server: { listen: ${port}, public_url: "http://127.0.0.1:${port}", hook_secret: ${HOOK_SECRET} }`
  tandem = await openRealTandem({ more, config: server })
}

/** Listens in this process, with a runner whose first scan is done. */
async function listen(): Promise<void> {
  const runner = await tandem.runner()
  await tandem.settle()
  void keepListening(tandem.app(), () => runner.hear(), {
    log: () => {},
    onLedgerFailure: () => {},
    signal: stop.signal,
  })
}

const within = { timeout: 10_000, interval: 20 }
const customers = () => expect.poll(() => tandem.customers(), within)

describe.skipIf(!hasOdooDatabaseAccess)('a real Odoo that tells of changes', () => {
  afterEach(async () => {
    stop.abort()
    stop = new AbortController()
    for (const daemon of daemons) if (daemon.isRunning()) await daemon.kill()
    daemons = []
    await hooks(tandem.configFile, 'remove')
    await tandem.close()
  })

  it('brings creates, writes, archives and deletes at once, without a scan', async () => {
    await open(await freePort())
    await listen()
    expect((await hooks(tandem.configFile, 'install')).parts).toMatchObject([
      { purpose: 'create and write', state: 'created' },
      { purpose: 'delete', state: 'created' },
    ])
    const ann = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
    await customers().toMatchObject([{ full_name: 'Ann', phone: null }])
    await asPerson('res.partner', 'write', { ids: [ann], vals: { phone: '7' } })
    await customers().toMatchObject([{ phone: '7' }])
    await asPerson('res.partner', 'action_archive', { ids: [ann] })
    await customers().toMatchObject([{ archived: true }])
    await asPerson('res.partner', 'action_unarchive', { ids: [ann] })
    await customers().toMatchObject([{ archived: false }])
    await asPerson('res.partner', 'unlink', { ids: [ann] })
    await customers().toMatchObject([{ archived: true }])
    await expect.poll(() => tandem.app().ledger.countArrivals('customers'), within).toBe(0)
  })

  it('tells once of a create, and nothing of other fields or of our own writes', async () => {
    await using recorder = await openRecorder()
    tandem = await openRealTandem({
      more: NO_SCANS,
      config: `server: { listen: off, public_url: "${recorder.url}", hook_secret: ${HOOK_SECRET} }`,
    })
    await hooks(tandem.configFile, 'install')
    const ann = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
    expect(await recorder.taken()).toMatchObject([{ body: { _model: 'res.partner', _id: ann } }])
    await asPerson('res.partner', 'write', { ids: [ann], vals: { city: 'Ghent' } })
    await asPerson('res.partner', 'write', { ids: [ann], vals: { name: 'Ann' } })
    expect(await recorder.taken()).toEqual([])
    await tandem.settle()
    await tandem.shop.query(`UPDATE customers SET phone = '5'`)
    await tandem.shop.query(`INSERT INTO customers (code, full_name) VALUES ($1, 'Bob')`, [`${tandem.mark}-B`])
    await tandem.settle()
    expect(await tandem.partners()).toMatchObject([{ phone: '5' }, { name: 'Bob' }])
    expect(await recorder.taken()).toEqual([])
    await asPerson('res.partner', 'write', { ids: [ann], vals: { active: false } })
    await asPerson('res.partner', 'unlink', { ids: [ann] })
    const [archived, gone] = await recorder.taken()
    expect(archived?.body._id).toBe(ann)
    expect(gone).toMatchObject({ path: expect.stringMatching(/\?event=gone$/), body: { _id: ann } })
    expect(await recorder.taken()).toEqual([])
  })

  it('is set up once, made right again, and left without a trace', async () => {
    await open(0)
    const { configFile, folder } = tandem
    expect(await hooks(configFile, 'list')).toMatchObject({
      code: 1,
      parts: [{ state: 'missing' }, { state: 'missing' }],
    })
    const first = await hooks(configFile, 'install')
    const again = await hooks(configFile, 'install')
    expect(again.parts.map(({ state }) => state)).toEqual(['unchanged', 'unchanged'])
    expect(again.parts.map(({ id }) => id)).toEqual(first.parts.map(({ id }) => id))

    const rule = Number(first.parts[0]?.id)
    await asPerson('base.automation', 'write', { ids: [rule], vals: { active: false, name: 'renamed by a person' } })
    expect(await hooks(configFile, 'list')).toMatchObject({ code: 1, parts: [{ state: 'outdated' }, {}] })
    expect((await hooks(configFile, 'install')).parts).toMatchObject([{ state: 'updated' }, { state: 'unchanged' }])

    const mapping = join(folder, 'mappings', 'customers.yaml')
    writeFileSync(
      mapping,
      readFileSync(mapping, 'utf8')
        .replace('fields:', 'fields:\n  - { odoo: city, external: notes }')
        .replace(/ +- \{ odoo: comment.*\n/, ''),
    )
    expect((await hooks(configFile, 'install')).parts).toMatchObject([{ state: 'updated' }, { state: 'unchanged' }])
    expect((await hooks(configFile, 'list')).code).toBe(0)

    const removed = await hooks(configFile, 'remove')
    expect(removed.parts.map(({ id, state }) => [id, state])).toEqual(first.parts.map(({ id }) => [id, 'removed']))
    expect((await hooks(configFile, 'remove')).parts).toEqual([])
    const left = await asPerson('ir.model.data', 'search', { domain: [['module', '=', '__tandem__']] })
    expect(left).toEqual([])
  })

  it('says which rights it takes', async () => {
    await open(0)
    const refused = await hooks(tandem.configFile, 'install', ['--key-env', 'NOBODY'])
    expect(refused.code).toBe(2)
    expect(refused.error).toContain('NOBODY is not set')
    const text = readFileSync(tandem.configFile, 'utf8')
    writeFileSync(tandem.configFile, text.replace(/, hook_secret: [^ ]+/, ''))
    const unconfigured = await hooks(tandem.configFile, 'install')
    expect(unconfigured).toMatchObject({ code: 2, error: expect.stringMatching(/hook_secret.*public_url/) })
    writeFileSync(tandem.configFile, text)
  })

  it('loses nothing that the daemon acknowledged before it died', async () => {
    const port = await freePort()
    await open(port)
    await tandem.settle()
    await hooks(tandem.configFile, 'install')
    const dying = startDaemon(tandem.configFile, { crashAt: 'arrivals-taken' })
    daemons.push(dying)
    await dying.said('info listening')
    await dying.said('info running')
    const ann = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
    expect((await dying.ended).signal).toBe('SIGKILL')
    expect(await tandem.app().ledger.arrivals('customers', Date.now(), 10)).toMatchObject([
      { change: { kind: 'hint', id: String(ann) } },
    ])
    daemons.push(startDaemon(tandem.configFile))
    await customers().toMatchObject([{ full_name: 'Ann' }])
  })

  it('is not relied on: a hook that is lost costs a poll', async () => {
    await open(await freePort(), 'schedule: every 1s\ndeep: every 5s')
    await hooks(tandem.configFile, 'install')
    const runner = await tandem.runner()
    await tandem.settle()
    runner.start()
    const ann = await tandem.insertPartner({ name: 'Ann', ref: `${tandem.mark}-A` })
    await customers().toMatchObject([{ full_name: 'Ann' }])
    await asPerson('res.partner', 'write', { ids: [ann], vals: { phone: '7' } })
    await customers().toMatchObject([{ phone: '7' }])
  })
})
