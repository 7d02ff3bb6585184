import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFilesConnector } from '../../src/connectors/files/index.ts'
import type { Fields } from '../../src/contract/value.ts'
import { type ConnectorSetup, describeConnector } from '../../src/testing/connector-suite.ts'

const FIELDS = ['code', 'name', 'count', 'amount', 'flag', 'born', 'met', 'extra']
const ROLES = {
  key: 'code',
  text: 'name',
  integer: 'count',
  decimal: 'amount',
  boolean: 'flag',
  date: 'born',
  datetime: 'met',
  json: 'extra',
} as const
const COLUMNS = {
  code: { required: true },
  name: {},
  count: { type: 'integer' },
  amount: { type: 'decimal' },
  flag: { type: 'boolean' },
  born: { type: 'date' },
  met: { type: 'datetime' },
  extra: { type: 'json' },
}

/** Writes files as a partner's program would: one for each change, renamed when it is whole. */
interface Partner {
  readonly collection: object
  readonly extension: string
  file(fields: Fields, action: 'I' | 'U' | 'D'): string | Buffer
}

function setUp(partner: Partner): () => ConnectorSetup {
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-files-'))
    mkdirSync(join(folder, 'incoming'))
    mkdirSync(join(folder, 'outgoing'))
    let n = 0
    const drop = (fields: Fields, action: 'I' | 'U' | 'D'): void => {
      n += 1
      const name = `${String(n).padStart(6, '0')}.${partner.extension}`
      writeFileSync(join(folder, 'incoming', name), partner.file(fields, action))
    }
    const incoming = {
      folder: 'incoming',
      files: `*.${partner.extension}`,
      complete: 'rename',
      missing_columns: 'unchanged',
    }
    const settings = {
      folder,
      store: join(folder, 'store.db'),
      collections: {
        items: {
          ...partner.collection,
          columns: COLUMNS,
          operation: { column: 'action' },
          in: incoming,
          out: { folder: 'outgoing', file: `items-{seq}.${partner.extension}` },
        },
        nowhere: { columns: COLUMNS, in: { ...incoming, folder: 'nowhere' } },
      },
    }
    const connect = () => createFilesConnector(settings, 'drop')
    return {
      connector: connect(),
      reconnect: connect,
      request: { spec: { collection: 'items' }, fields: FIELDS, key: 'code', consumer: 'suite' },
      missing: { spec: { collection: 'nowhere' }, name: 'nowhere' },
      fields: ROLES,
      person: {
        insert(fields) {
          drop({ ...Object.fromEntries(FIELDS.map((field) => [field, null])), ...fields }, 'I')
          return String(fields.code)
        },
        edit: (id, fields) => drop({ code: id, ...fields }, 'U'),
        remove: (id) => drop({ code: id }, 'D'),
      },
      values: { decimal: [0.5, 1234.56, -0.25, 0, 3, '12345678901234567890.5', null] },
      refused: { count: 'many' },
      tearDown: () => rmSync(folder, { recursive: true }),
    }
  }
}

const plain = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
const quoted = (value: unknown): string => `"${plain(value).replaceAll('"', '""')}"`

describeConnector(
  'files: CSV with a column that says what happened',
  setUp({
    collection: { format: 'csv', csv: { delimiter: ';' } },
    extension: 'csv',
    file: (fields, action) =>
      `${[...Object.keys(fields), 'action'].join(';')}\r\n${[...Object.values(fields).map(quoted), action].join(';')}\r\n`,
  }),
)

describeConnector(
  'files: NDJSON',
  setUp({
    collection: { format: 'ndjson' },
    extension: 'ndjson',
    file: (fields, action) => `${JSON.stringify({ ...fields, action })}\n`,
  }),
)

describeConnector(
  'files: a JSON list within an object, UTF-16',
  setUp({
    collection: { format: 'json', items: 'records', encoding: 'utf-16' },
    extension: 'json',
    file: (fields, action) => Buffer.from(JSON.stringify({ sender: 'x', records: [{ ...fields, action }] }), 'utf16le'),
  }),
)
