/** The ready mappings of docs/recipes/odoo-to-odoo between two real Odoos, in one process. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type App, openApp, readSetup } from '../../src/app.ts'
import type { Protocol } from '../../src/connectors/odoo/transport/transport.ts'
import type { SyncEvent } from '../../src/engine/context.ts'
import { createRunner, type Runner } from '../../src/engine/runner.ts'
import { verify } from '../../src/engine/verify.ts'
import type { RealOdoo } from './environment.ts'
import { asPerson } from './person.ts'

const RECIPE = fileURLToPath(new URL('../../docs/recipes/odoo-to-odoo', import.meta.url))
/** Those first that others link to. */
const NAMES = ['countries', 'partners', 'products', 'orders']
const ROUNDS = 25

export interface TwoOdoos extends AsyncDisposable {
  /** Keeps the records of one test apart from all others. */
  readonly mark: string
  readonly app: App
  readonly events: SyncEvent[]
  /** Runs all mappings until nothing is left to do. */
  settle(): Promise<void>
  /** What a further run does, what differs then, and what needs a person: nothing, if all is well. */
  unrest(): Promise<readonly string[]>
}

/** `erp` is the mappings' Odoo side, `other` the external one. */
export async function openTwoOdoos(
  erp: RealOdoo,
  other: RealOdoo,
  protocols: { readonly erp: Protocol; readonly other: Protocol },
): Promise<TwoOdoos> {
  const mark = `o-${randomUUID().slice(0, 8)}`
  const folder = mkdtempSync(join(tmpdir(), 'tandem-two-'))
  mkdirSync(join(folder, 'mappings'))
  for (const file of readdirSync(join(RECIPE, 'mappings'))) {
    writeFileSync(join(folder, 'mappings', file), marked(readFileSync(join(RECIPE, 'mappings', file), 'utf8'), mark))
  }
  const config = readFileSync(join(RECIPE, 'config.yaml'), 'utf8')
    .replace(/(ERP_API_KEY\}")/, `$1\n    protocol: ${protocols.erp}`)
    .replace(/(OTHER_API_KEY\}")/, `$1\n    protocol: ${protocols.other}`)
  const configFile = join(folder, 'config.yaml')
  writeFileSync(configFile, config)
  const environment = { ...variables('ERP', erp), ...variables('OTHER', other) }
  const events: SyncEvent[] = []
  mkdirSync(join(folder, 'data'))
  const app = await openApp(readSetup(configFile, environment), { emit: (event) => events.push(event) })
  const { signal } = new AbortController()
  const runners: Runner[] = []
  for (const name of NAMES) {
    const file = app.files.find((each) => each.name === name)
    if (!file) throw new Error(`no mapping ${name}`)
    const connected = await app.connect(file, signal)
    runners.push(createRunner(connected.context))
  }
  const isQuiet = async (runner: Runner): Promise<boolean> => {
    const { ledger, mapping } = runner.context
    const { lookAgainMs } = await runner.runNow({ depth: 'deep' })
    const pending = await ledger.countChanges(mapping.name, { state: 'pending' })
    const waiting = await ledger.countChanges(mapping.name, { state: 'waiting' })
    return pending + waiting === 0 && lookAgainMs === null
  }
  const two: TwoOdoos = {
    mark,
    app,
    events,
    async settle() {
      for (let round = 0; round < ROUNDS; round++) {
        const quiet: boolean[] = []
        for (const runner of runners) quiet.push(await isQuiet(runner))
        if (round > 1 && quiet.every(Boolean)) return
        await app.clock.sleep(200, signal)
      }
      throw new Error(`It does not settle: ${(await two.unrest()).join('\n')}`)
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
      }
      return problems
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(runners.map((runner) => runner.stop(5000)))
      await app[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return two
}

/** The mapping for the records of one test alone. */
function marked(text: string, mark: string): string {
  const own: Readonly<Record<string, string>> = {
    'res.partner': 'name',
    'product.product': 'default_code',
    'sale.order': 'client_order_ref',
  }
  return text
    .replace(/^ +domain: .*\n/gm, '')
    .replace(/, domain: \[\[default_code.*?\]\]/g, '')
    .replace(/^( *)(.*?)model: ([\w.]+)/gm, (line, indent: string, before: string, model: string) => {
      const field = own[model]
      if (field === undefined) return line
      return `${line}${before === '' ? `\n${indent}` : ', '}domain: [[${field}, "=like", "${mark}%"]]`
    })
}

function variables(prefix: string, odoo: RealOdoo): Record<string, string> {
  return {
    [`${prefix}_URL`]: odoo.url,
    [`${prefix}_DB`]: odoo.database,
    [`${prefix}_LOGIN`]: odoo.login,
    [`${prefix}_API_KEY`]: odoo.apiKey,
  }
}

/** A record that a person makes in one of the two. */
export async function make(odoo: RealOdoo, model: string, values: Readonly<Record<string, unknown>>): Promise<number> {
  const [id = 0] = await asPerson<number[]>(model, 'create', { vals_list: [values] }, odoo)
  return id
}

export async function edit(
  odoo: RealOdoo,
  model: string,
  id: number,
  vals: Readonly<Record<string, unknown>>,
): Promise<void> {
  await asPerson(model, 'write', { ids: [id], vals }, odoo)
}

export type Row = Readonly<Record<string, unknown>> & { readonly id: number }

export async function rows(
  odoo: RealOdoo,
  model: string,
  domain: unknown,
  ...fields: string[]
): Promise<readonly Row[]> {
  const context = { active_test: false }
  return asPerson(model, 'search_read', { domain, fields, order: 'id', context }, odoo)
}
