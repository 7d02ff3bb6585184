import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSetup, systemClock } from '../../src/app.ts'
import type { Fields } from '../../src/contract/value.ts'
import type { FieldConflict, NewChange } from '../../src/ledger/change.ts'
import type { Fault } from '../../src/ledger/fault.ts'
import type { HistoryEntry } from '../../src/ledger/history.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { UNKNOWN_FINGERPRINT } from '../../src/ledger/seen.ts'
import { openSqliteLedger } from '../../src/ledger/sqlite/open.ts'
import type { ServerSite } from '../../src/server/site.ts'
import { createWebApp } from '../../src/server/web-app.ts'

export const FIELDS = ['name:full_name', 'email:email', 'phone:phone']

const mappingText = (name: string): string => `mapping: ${name}
odoo: { connection: erp, model: res.partner, key: ref }
external: { connection: shop, collection: ${name}, key: code }
fields:
  - { odoo: name, external: full_name }
  - email
  - phone
conflict: manual
deletes: { from_odoo: archive, from_external: ignore }
`

export interface FixtureOptions {
  /** YAML below `server:`. */
  readonly server?: string
  readonly mappings?: readonly string[]
}

/** A server over a ledger of its own, without any system behind it: what the ledger holds is the test's. */
export interface Fixture extends AsyncDisposable {
  readonly site: ServerSite
  readonly ledger: Ledger
  readonly app: ReturnType<typeof createWebApp>
  readonly defects: string[]
  /** Aborts what the daemon's end would abort. */
  end(): void
  addDeadLetters(mapping: string, letters: readonly Letter[]): Promise<void>
  addConflicts(mapping: string, conflicts: readonly Conflicting[]): Promise<void>
  addHistory(mapping: string, entries: readonly HistoryEntry[]): Promise<void>
}

export interface Letter {
  readonly id: string
  readonly fields: Fields
  readonly fault: Fault
}

export interface Conflicting {
  readonly odooId: string
  readonly externalId: string
  readonly key: string
  readonly conflicts: readonly FieldConflict[]
}

export async function openFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-page-'))
  const { mappings = ['customers'], server = 'listen: "127.0.0.1:0"' } = options
  mkdirSync(join(folder, 'mappings'))
  for (const name of mappings) writeFileSync(join(folder, 'mappings', `${name}.yaml`), mappingText(name))
  writeFileSync(
    join(folder, 'config.yaml'),
    `connections:
  erp: { type: odoo, url: "https://erp.example.com", database: main, api_key: secret-api-key, limits: { concurrency: 4, per_second: 10 } }
  shop: { type: postgres, url: "postgres://tandem:hidden-password@db.example.com/shop" }
server: { ${server} }
`,
  )
  const { config, files } = readSetup(join(folder, 'config.yaml'), {})
  const ledger = await openSqliteLedger({ file: join(folder, 'ledger.db'), program: 'test' })
  for (const name of mappings) await ledger.openMapping(name, FIELDS)
  const ending = new AbortController()
  const defects: string[] = []
  const site: ServerSite = {
    ...{ config, files, ledger, clock: systemClock },
    wake: () => {},
    startedAtMs: Date.now(),
    contextOf: () => null,
    onDefect: (message) => defects.push(message),
    signal: ending.signal,
  }
  const app = createWebApp({
    site,
    ledger,
    settings: config.server,
    parserOf: () => null,
    inbox: { receive: async () => {} },
    onDefect: (message) => defects.push(message),
  })
  return {
    ...{ site, ledger, app, defects },
    end: () => ending.abort(),
    addDeadLetters: (mapping, letters) => addDeadLetters(ledger, mapping, letters),
    addConflicts: (mapping, conflicts) => addConflicts(ledger, mapping, conflicts),
    addHistory: (mapping, entries) => ledger.addHistory(mapping, entries),
    async [Symbol.asyncDispose]() {
      ending.abort()
      await ledger[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const CHUNK = 2000
const settlement = { links: [], resolved: [], kept: [], changes: [], intents: [], history: [] }

function changeOf(side: 'odoo' | 'external', id: string, fields: Fields): NewChange {
  return { side, id, kind: 'state', version: null, changedAtMs: Date.now() - 90_000, byUs: false, fields }
}

async function addDeadLetters(ledger: Ledger, mapping: string, letters: readonly Letter[]): Promise<void> {
  for (let start = 0; start < letters.length; start += CHUNK) {
    const chunk = letters.slice(start, start + CHUNK)
    const nowMs = Date.now()
    const changes = chunk.map(({ id, fields }) => changeOf('odoo', id, fields))
    await ledger.stage(mapping, { side: 'odoo', changes, touched: [], unchanged: 0, nowMs })
    const known = await ledger.known(
      mapping,
      'odoo',
      chunk.map(({ id }) => id),
    )
    const kept = chunk.flatMap(({ id, fault }) => {
      const change = known.get(id)?.change
      return change ? [{ ...change, state: 'dead' as const, attempts: 3, notBeforeMs: 0, fault }] : []
    })
    await ledger.settle(mapping, { ...settlement, nowMs, kept })
  }
}

async function addConflicts(ledger: Ledger, mapping: string, conflicts: readonly Conflicting[]): Promise<void> {
  const nowMs = Date.now()
  const seen = UNKNOWN_FINGERPRINT.repeat(FIELDS.length)
  await ledger.settle(mapping, {
    ...settlement,
    nowMs,
    links: conflicts.map(({ odooId, externalId, key }) => ({
      ...{ kind: 'insert', odooId, externalId, key },
      seen: { odoo: seen, external: seen },
      version: { odoo: null, external: null },
    })),
  })
  const fieldsOf = (pairs: readonly FieldConflict[], side: 'odoo' | 'external'): Fields =>
    Object.fromEntries(pairs.map((pair) => [pair.field.split(':')[side === 'odoo' ? 0 : 1] ?? '', pair[side]]))
  for (const side of ['odoo', 'external'] as const) {
    const idOf = (each: Conflicting): string => (side === 'odoo' ? each.odooId : each.externalId)
    const changes = conflicts.map((each) => changeOf(side, idOf(each), fieldsOf(each.conflicts, side)))
    await ledger.stage(mapping, { side, changes, touched: [], unchanged: 0, nowMs })
    const known = await ledger.known(mapping, side, conflicts.map(idOf))
    const kept = conflicts.flatMap((each) => {
      const change = known.get(idOf(each))?.change
      return change ? [{ ...change, state: 'conflict' as const, conflicts: each.conflicts }] : []
    })
    await ledger.settle(mapping, { ...settlement, nowMs, kept })
  }
}
