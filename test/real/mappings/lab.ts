/**
 * The mappings of `mappings/` as they are, between the real Odoo and a schema of their own in PostgreSQL. Only their domains
 * are narrowed to what is made from now on: other tests leave records in the same Odoo that these mappings rightly refuse.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { parseDocument } from 'yaml'
import { type App, openApp, readSetup } from '../../../src/app.ts'
import type { Protocol } from '../../../src/connectors/odoo/transport/transport.ts'
import type { SyncEvent } from '../../../src/engine/context.ts'
import { createRunner, type Runner } from '../../../src/engine/runner.ts'
import { verify } from '../../../src/engine/verify.ts'
import { type RealOdoo, realEnvironment, realOdoo } from '../environment.ts'
import { asPerson } from '../person.ts'

const MAPPINGS = fileURLToPath(new URL('../../../mappings', import.meta.url))
const ROUNDS = 40

export interface Lab extends AsyncDisposable {
  /** Keeps the records of one test apart from all others. */
  readonly mark: string
  readonly app: App
  readonly events: SyncEvent[]
  readonly warnings: readonly string[]
  /** Rows of the shop. */
  query<Row extends object = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>
  /** A record that a person makes in Odoo. */
  make(model: string, values: Readonly<Record<string, unknown>>): Promise<number>
  read(model: string, id: number, ...fields: string[]): Promise<Readonly<Record<string, unknown>>>
  find(model: string, ...domain: unknown[]): Promise<number>
  /** Runs all mappings until nothing is left to do. */
  settle(): Promise<void>
  /** What a further run does, what differs then, and what needs a person: nothing, if all is well. */
  unrest(): Promise<readonly string[]>
}

export interface LabOptions {
  readonly odoo: RealOdoo
  readonly protocol: Protocol
  /** What a mapping says otherwise for this Odoo. */
  readonly edit?: (mapping: string) => string
}

/** Opens these mappings as they are on Odoo 19, those first that others link to. */
export async function openLab(...names: readonly string[]): Promise<Lab> {
  return openLabOf({ odoo: realOdoo('19'), protocol: 'json2' }, ...names)
}

/** The mapping, of records only that are not in Odoo yet. */
async function ofNewRecords(mapping: string, odoo: RealOdoo): Promise<string> {
  const document = parseDocument(mapping)
  const model = String(document.getIn(['odoo', 'model']))
  const newest = { domain: [], order: 'id desc', limit: 1, context: { active_test: false } }
  const [lastId = 0] = await asPerson<number[]>(model, 'search', newest, odoo)
  const { odoo: side } = document.toJS() as { odoo: { domain?: unknown[] } }
  document.setIn(['odoo', 'domain'], [...(side.domain ?? []), ['id', '>', lastId]])
  return document.toString()
}

export async function openLabOf(options: LabOptions, ...names: readonly string[]): Promise<Lab> {
  const { odoo, protocol, edit = (text) => text } = options
  const { postgresUrl } = realEnvironment()
  const mark = `m-${randomUUID().slice(0, 8)}`
  const schema = `mapping_${mark.replace('-', '_')}`
  const folder = mkdtempSync(join(tmpdir(), 'tandem-mappings-'))
  const shop = new pg.Client({ connectionString: postgresUrl })
  await shop.connect()
  await shop.query(`CREATE SCHEMA ${schema}`)
  await shop.query(`SET search_path = ${schema}`)
  mkdirSync(join(folder, 'mappings'))
  for (const name of names) {
    await shop.query(readFileSync(join(MAPPINGS, `${name}.sql`), 'utf8'))
    const mapping = edit(readFileSync(join(MAPPINGS, `${name}.yaml`), 'utf8'))
    writeFileSync(join(folder, 'mappings', `${name}.yaml`), await ofNewRecords(mapping, odoo))
  }
  const configFile = join(folder, 'config.yaml')
  const shopUrl = `${postgresUrl}?options=${encodeURIComponent(`-c search_path=${schema}`)}`
  writeFileSync(
    configFile,
    `ledger: { file: ./tandem.db }
connections:
  erp:
    type: odoo
    url: "${odoo.url}"
    database: "${odoo.database}"
    protocol: ${protocol}
    user: "${odoo.login}"
    api_key: "${odoo.apiKey}"
    password: "${odoo.password}"
  shop: { type: postgres, url: "${shopUrl}" }
`,
  )
  const events: SyncEvent[] = []
  const app = await openApp(readSetup(configFile, {}), { emit: (event) => events.push(event) })
  const { signal } = new AbortController()
  const runners: Runner[] = []
  const warnings: string[] = []
  for (const name of names) {
    const file = app.files.find((each) => each.name === name)
    if (!file) throw new Error(`no mapping ${name}`)
    const connected = await app.connect(file, signal)
    warnings.push(...connected.warnings.map(({ message }) => message))
    runners.push(createRunner(connected.context))
  }

  const isQuiet = async (runner: Runner): Promise<boolean> => {
    const { ledger, mapping } = runner.context
    const { lookAgainMs } = await runner.runNow({ depth: 'deep' })
    const pending = await ledger.countChanges(mapping.name, { state: 'pending' })
    const waiting = await ledger.countChanges(mapping.name, { state: 'waiting' })
    return pending + waiting === 0 && lookAgainMs === null && (await ledger.nextStepDueMs(mapping.name)) === null
  }

  const lab: Lab = {
    mark,
    app,
    events,
    warnings,
    async query<Row extends object>(sql: string, values: readonly unknown[] = []) {
      return (await shop.query<Row>(sql, [...values])).rows
    },
    async make(model, values) {
      const [id = 0] = await asPerson<number[]>(model, 'create', { vals_list: [values] }, odoo)
      return id
    },
    async read(model, id, ...fields) {
      const [row = {}] = await asPerson<Record<string, unknown>[]>(model, 'read', { ids: [id], fields, load: '' }, odoo)
      return row
    },
    async find(model, ...domain) {
      const [id = 0] = await asPerson<number[]>(model, 'search', { domain, context: { active_test: false } }, odoo)
      return id
    },
    async settle() {
      for (let round = 0; round < ROUNDS; round++) {
        const quiet: boolean[] = []
        for (const runner of runners) quiet.push(await isQuiet(runner))
        if (round > 1 && quiet.every(Boolean)) return
        await app.clock.sleep(200, signal)
      }
      throw new Error(`It does not settle: ${(await lab.unrest()).join('\n')}`)
    },
    async unrest() {
      const problems: string[] = []
      // The second in which a record was written passes, so that its version is final.
      await app.clock.sleep(1100, signal)
      events.length = 0
      for (const runner of runners) await runner.runNow({ depth: 'deep', sweeps: true, compares: 10_000 })
      problems.push(
        ...events.map((event) => `${event.mapping}: ${event.kind} ${event.message ?? JSON.stringify(event)}`),
      )
      for (const { context } of runners) {
        const { name } = context.mapping
        for await (const difference of verify(context, () => {}, signal)) {
          if (difference.kind !== 'field' || !difference.isAsSeen)
            problems.push(`${name}: ${JSON.stringify(difference)}`)
        }
        for (const { change } of await context.ledger.changes(name, { limit: 20 })) {
          problems.push(`${name}: ${change.state} ${change.side} ${change.id} ${change.fault?.message ?? ''}`)
        }
        for (const task of await context.ledger.steps(name, { state: 'dead', limit: 20 })) {
          problems.push(`${name}: step ${task.step} of ${task.link.odooId}: ${task.fault?.message}`)
        }
      }
      return problems
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(runners.map((runner) => runner.stop(5000)))
      await app[Symbol.asyncDispose]()
      await shop.query(`DROP SCHEMA ${schema} CASCADE`)
      await shop.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return lab
}
