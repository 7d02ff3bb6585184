import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import createJsonFolder from '../../docs/examples/json-folder.ts'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'

const FIELDS = {
  code: 'text',
  name: 'text',
  count: 'integer',
  amount: 'decimal',
  flag: 'boolean',
  born: 'date',
  met: 'datetime',
  extra: 'json',
} as const

function setUp(): ConnectorSetup & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-json-'))
  const items = join(folder, 'items')
  mkdirSync(items)
  const connect = () => createJsonFolder({ type: './json-folder.ts', folder }, 'wms')
  const fileOf = (id: string) => join(items, `${encodeURIComponent(id)}.json`)
  return {
    folder,
    connector: connect(),
    reconnect: connect,
    request: {
      spec: { collection: 'items', fields: FIELDS },
      fields: Object.keys(FIELDS),
      key: 'code',
      consumer: 'suite',
    },
    missing: { spec: { collection: 'nowhere', fields: FIELDS }, name: 'nowhere' },
    fields: {
      key: 'code',
      text: 'name',
      integer: 'count',
      decimal: 'amount',
      boolean: 'flag',
      date: 'born',
      datetime: 'met',
      json: 'extra',
    },
    person: {
      insert(fields) {
        writeFileSync(fileOf(String(fields.code)), JSON.stringify(fields))
        return String(fields.code)
      },
      edit(id, fields) {
        const stored = JSON.parse(readFileSync(fileOf(id), 'utf8')) as object
        writeFileSync(fileOf(id), JSON.stringify({ ...stored, ...fields }))
      },
      remove: (id) => rmSync(fileOf(id)),
    },
    tearDown: () => rmSync(folder, { recursive: true }),
  }
}

describeConnector('json-folder, the example', setUp)

test('keys that would lead out of the folder stay in it, and no half file is left', async () => {
  const setup = setUp()
  const { sink } = setup.connector.collection(setup.request)
  const signal = new AbortController().signal
  const keys = ['../../etc/passwd', '..', 'a/b', 'K 1', 'K1.json']
  const creates = keys.map((code) => ({ kind: 'create', fields: { code, name: code } }) as const)
  const outcomes = await sink?.apply(creates, signal)
  expect(outcomes?.map(({ kind }) => kind)).toEqual(keys.map(() => 'done'))
  expect([...((await sink?.read(keys, signal))?.keys() ?? [])].sort()).toEqual([...keys].sort())
  expect(readdirSync(setup.folder, { recursive: true })).toHaveLength(1 + keys.length)
  await setup.tearDown?.()
})
