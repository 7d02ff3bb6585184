import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyHostCannotRunServers } from '../../scripts/real/host.ts'
import { openPasswordSshd, openSshd, type Sshd } from '../../scripts/real/sshd.ts'
import { createFilesConnector } from '../../src/connectors/files/index.ts'
import type { Page } from '../../src/contract/feed.ts'
import type { Fields } from '../../src/contract/value.ts'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'
import { asPerson } from './person.ts'
import { openRealTandem } from './tandem.ts'

const { signal } = new AbortController()
const canRun = whyHostCannotRunServers() === null
let directory = ''
let sshd: Sshd

beforeAll(async () => {
  if (!canRun) return
  directory = mkdtempSync(join(tmpdir(), 'tandem-sshd-'))
  chmodSync(directory, 0o755)
  sshd = await openSshd(directory)
  await sshd.start()
})
afterAll(async () => {
  if (!canRun) return
  await sshd.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** A folder on the server, with `in` and `out`. */
function remoteFolder(): string {
  const folder = mkdtempSync(join(sshd.home, 'partner-'))
  for (const path of [folder, join(folder, 'in'), join(folder, 'out')]) {
    mkdirSync(path, { recursive: true })
    chownSync(path, sshd.owner.uid, sshd.owner.gid)
  }
  return folder
}

function put(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, `${name}.tmp`), text)
  chownSync(join(folder, `${name}.tmp`), sshd.owner.uid, sshd.owner.gid)
  renameSync(join(folder, `${name}.tmp`), join(folder, 'in', name))
}

function access(more: object = {}): object {
  const { host, port, user, privateKey, hostKey } = sshd
  return { host, port, user, private_key: privateKey, host_key: hostKey, ...more }
}

const COLUMNS = {
  code: {},
  name: {},
  count: { type: 'integer' },
  amount: { type: 'decimal' },
  flag: { type: 'boolean' },
}
const FIELDS = Object.keys(COLUMNS)

function setUp(): ConnectorSetup {
  const folder = remoteFolder()
  const local = mkdtempSync(join(tmpdir(), 'tandem-sftp-'))
  let n = 0
  const drop = (fields: Fields, action: string): void => {
    n += 1
    put(folder, `${String(n).padStart(6, '0')}.ndjson`, `${JSON.stringify({ ...fields, action })}\n`)
  }
  const incoming = { folder: 'in', files: '*.ndjson', complete: 'rename' }
  const settings = {
    sftp: access(),
    folder,
    store: join(local, 'store.db'),
    collections: {
      items: {
        format: 'ndjson',
        columns: COLUMNS,
        operation: { column: 'action' },
        in: incoming,
        out: { folder: 'out', file: 'items-{seq}.ndjson' },
      },
      nowhere: { columns: COLUMNS, in: { ...incoming, folder: 'nowhere' } },
    },
  }
  const connect = () => createFilesConnector(settings, 'drop')
  return {
    connector: connect(),
    reconnect: connect,
    request: { spec: 'items', fields: FIELDS, key: 'code', consumer: 'suite' },
    missing: { spec: 'nowhere', name: 'nowhere' },
    fields: { key: 'code', text: 'name', integer: 'count', decimal: 'amount', boolean: 'flag' },
    person: {
      insert(fields) {
        drop({ ...Object.fromEntries(FIELDS.map((field) => [field, null])), ...fields }, 'I')
        return String(fields.code)
      },
      edit: (id, fields) => drop({ code: id, ...fields }, 'U'),
      remove: (id) => drop({ code: id }, 'D'),
    },
    refused: { count: 'many' },
    tearDown: () => rmSync(local, { recursive: true }),
  }
}

if (canRun) describeConnector('files over SFTP: a real sshd', setUp)

describe.skipIf(!canRun)('SFTP', () => {
  const settings = (folder: string, local: string, sftp: object) => ({
    sftp,
    folder,
    store: join(local, 'store.db'),
    collections: { items: { in: { folder: 'in', files: '*.csv', complete: 'rename' } } },
  })

  it('recognises the server by its key, from the settings or a known_hosts file, and no other', async () => {
    const folder = remoteFolder()
    const local = mkdtempSync(join(tmpdir(), 'tandem-sftp-'))
    const known = join(local, 'known_hosts')
    writeFileSync(known, `# ours\n${sshd.knownHost}\n`)
    for (const sftp of [access(), access({ host_key: undefined, known_hosts: known })]) {
      await using connector = createFilesConnector(settings(folder, local, sftp), 'drop')
      expect(await connector.check(signal)).toMatchObject({
        server: expect.stringContaining('sftp://127.0.0.1'),
        user: sshd.user,
      })
    }
    const other = `SHA256:${'A'.repeat(43)}`
    await using stranger = createFilesConnector(settings(folder, local, access({ host_key: other })), 'drop')
    await expect(stranger.check(signal)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(sshd.hostKey),
    })
    await using nobody = createFilesConnector(settings(folder, local, access({ user: 'nobody' })), 'drop')
    await expect(nobody.check(signal)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(() => createFilesConnector(settings(folder, local, access({ host_key: undefined })), 'drop')).toThrow(
      'known_hosts',
    )
  })

  it('logs in with a password, and says so where it is not the right one', async () => {
    const own = mkdtempSync(join(tmpdir(), 'tandem-sshd-'))
    chmodSync(own, 0o755)
    const guarded = await openPasswordSshd(own)
    await guarded.start()
    try {
      const { host, port, user, hostKey, home, owner, password } = guarded
      for (const path of [join(home, 'in'), join(home, 'out')]) {
        mkdirSync(path)
        chownSync(path, owner.uid, owner.gid)
      }
      writeFileSync(join(home, 'in', 'a.csv'), 'code,name\n1,Ada\n')
      const sftp = { host, port, user, host_key: hostKey, password }
      await using connector = createFilesConnector(settings(home, own, sftp), 'drop')
      const { feed } = connector.collection({ spec: 'items', fields: ['name'], key: 'code', consumer: 't' })
      const page = await feed?.read({ cursor: null, limit: 10, depth: 'tail', nowMs: 0 }, signal)
      expect(page?.changes).toMatchObject([{ kind: 'state', state: { id: '1', fields: { name: 'Ada' } } }])
      const wrong = settings(home, own, { ...sftp, password: `${password}x` })
      await using stranger = createFilesConnector(wrong, 'drop')
      await expect(stranger.check(signal)).rejects.toMatchObject({ code: 'unauthorized' })
    } finally {
      await guarded.stop()
      rmSync(own, { recursive: true, force: true })
    }
  })

  it('stays inside its folder, whatever links lead out of it', async () => {
    const folder = remoteFolder()
    const local = mkdtempSync(join(tmpdir(), 'tandem-sftp-'))
    symlinkSync('/etc/passwd', join(folder, 'in', 'link.csv'))
    symlinkSync('/tmp', join(folder, 'away'))
    await using connector = createFilesConnector(settings(folder, local, access()), 'drop')
    const open = (spec: string) => connector.collection({ spec, fields: [], key: 'code', consumer: 't' })
    const page = await open('items').feed?.read({ cursor: null, limit: 10, depth: 'tail', nowMs: 0 }, signal)
    expect(page).toMatchObject({ changes: [], caughtUp: true })
    const away = {
      ...settings(folder, local, access()),
      collections: { items: { in: { folder: 'away', files: '*' } } },
    }
    await using outside = createFilesConnector(away, 'drop')
    const read = outside.collection({ spec: 'items', fields: [], key: 'code', consumer: 't' }).sink?.read(['1'], signal)
    await expect(read).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('goes on in the middle of a file after the line broke, on a line of its own', async () => {
    const folder = remoteFolder()
    const local = mkdtempSync(join(tmpdir(), 'tandem-sftp-'))
    const lines = Array.from({ length: 20_000 }, (_, n) => `K${n},"${'x'.repeat(40)}\n${n}"\n`)
    put(folder, 'big.csv', `code,name\n${lines.join('')}`)
    await using connector = createFilesConnector(settings(folder, local, access()), 'drop')
    const { feed } = connector.collection({ spec: 'items', fields: ['name'], key: 'code', consumer: 't' })
    let cursor: string | null = null
    const told = new Set<string>()
    let failures = 0
    for (let pages = 0; pages < 100; pages++) {
      if (pages === 4) {
        await sshd.stop()
        await sshd.start()
      }
      try {
        const page: Page | undefined = await feed?.read({ cursor, limit: 1500, depth: 'tail', nowMs: 0 }, signal)
        for (const change of page?.changes ?? []) if (change.kind === 'state') told.add(change.state.id)
        cursor = page?.cursor ?? null
        if (page?.caughtUp) break
      } catch (error) {
        failures += 1
        expect(error).toMatchObject({ disposition: 'retry' })
      }
    }
    expect(told.size).toBe(20_000)
    expect(failures).toBeGreaterThan(0)
    expect(readdirSync(join(folder, 'in/done'))).toEqual(['big.csv'])
  })
})

describe.skipIf(!canRun)('files over SFTP and a real Odoo', () => {
  it('brings files into Odoo, bad lines aside, and sends what people change there', async () => {
    const folder = remoteFolder()
    const { host, port, user, privateKey, hostKey } = sshd
    const tandem = await openRealTandem({
      mapping: (mark) => `
mapping: customers
odoo:
  connection: erp
  model: res.partner
  domain: [[function, "=", "${mark}"]]
  key: ref
  defaults: { function: "${mark}" }
external: { connection: drop, collection: customers, key: nr }
key: { generate: "{side}-{id}" }
fields:
  - { odoo: name, external: name }
  - { odoo: email, external: email }
  - { odoo: country_id, external: land, lookup: { model: res.country, by: code } }
  - { odoo: active, external: aktiv }
deletes: { from_odoo: delete, from_external: archive }
schedule: every 1s
`,
      config: `  drop:
    type: files
    folder: ${folder}
    sftp: { host: ${host}, port: ${port}, user: ${user}, host_key: "${hostKey}", private_key: ${JSON.stringify(privateKey)} }
    collections:
      customers:
        encoding: windows-1252
        csv: { delimiter: ";", line_end: crlf }
        columns:
          nr: { from: "Kunden-Nr.", required: true }
          name: { from: Name, required: true }
          email: { from: E-Mail }
          land: { from: Land }
          aktiv: { from: Aktiv, type: boolean, yes: [J], no: [N] }
        operation: { column: Satzart, create: N, update: A, remove: L }
        in: { folder: in, files: "kunden-*.csv", complete: rename }
        out: { folder: out, file: "odoo-{date}-{seq:4}.csv" }
`,
    })
    try {
      const header = 'Kunden-Nr.;Name;E-Mail;Land;Aktiv;Satzart\r\n'
      const bytes = Buffer.from(
        `${header}K-1;Zoë Müller;zoe@x.example;DE;J;N\r\nK-2;Bo;;SE;vielleicht;N\r\nK-3;"Cy; der Alte";;FR;N;N\r\n`,
        'latin1',
      )
      writeFileSync(join(folder, 'kunden.tmp'), bytes)
      chownSync(join(folder, 'kunden.tmp'), sshd.owner.uid, sshd.owner.gid)
      renameSync(join(folder, 'kunden.tmp'), join(folder, 'in/kunden-1.csv'))
      await tandem.settle()
      const partners = async () => (await tandem.partners()).map(({ ref, name, active }) => [ref, name, active])
      expect(await partners()).toEqual([
        ['K-1', 'Zoë Müller', true],
        ['K-3', 'Cy; der Alte', false],
      ])
      const dead = await tandem.app().ledger.changes('customers', { state: 'dead', limit: 10 })
      expect(dead.map(({ change }) => change.fault?.message)).toEqual([
        'in/kunden-1.csv, line 3: aktiv "vielleicht" is neither "J" nor "N"',
      ])

      const [zoe] = await tandem.partners()
      await asPerson('res.partner', 'write', { ids: [zoe?.id], vals: { email: 'müller@x.example' } })
      await tandem.insertPartner({ name: 'Neu in Odoo', ref: 'O-1' })
      await tandem.settle()
      const sent = readdirSync(join(folder, 'out')).filter((name) => !name.startsWith('.'))
      const lines = sent.flatMap((name) =>
        readFileSync(join(folder, 'out', name), 'latin1')
          .trim()
          .split('\r\n')
          .slice(1),
      )
      expect(lines.sort()).toEqual(['K-1;Zoë Müller;müller@x.example;DE;J;A', 'O-1;Neu in Odoo;;;J;N'])
      expect(await tandem.differences()).toEqual([])

      // Once both are quiet, nothing more is written.
      await tandem.settle()
      expect(readdirSync(join(folder, 'out')).filter((name) => !name.startsWith('.'))).toEqual(sent)

      put(folder, 'kunden-2.csv', `${header}K-1;;;;;L\r\n`)
      await tandem.settle()
      expect((await partners()).find(([ref]) => ref === 'K-1')).toEqual(['K-1', 'Zoë Müller', false])
      await tandem.differences()
    } finally {
      await tandem.close()
    }
  })
})
