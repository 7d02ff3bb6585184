import { existsSync } from 'node:fs'
import type { Connector } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Direction, Side } from '../../mapping/mapping.ts'
import { didYouMean } from '../../mapping/suggestion.ts'
import { mappingText } from '../../propose/mapping-text.ts'
import { type ProposedPair, proposeFields, type Sight } from '../../propose/propose-fields.ts'
import { type ProposedKey, proposeKey } from '../../propose/propose-key.ts'
import { plural } from '../../words.ts'
import { check } from '../check.ts'
import { showDryRun } from '../dry-run.ts'
import { type ExitCode, worstOf } from '../exit-code.ts'
import type { Invocation } from '../invocation.ts'
import { setupOf } from '../setup.ts'
import type { Asker } from './asker.ts'
import { type Connected, connectExternal, connectOdoo } from './connections.ts'
import { lookAt } from './look.ts'
import type { InitOptions } from './options.ts'
import { MAPPING_SCHEMA, writeFiles } from './write-files.ts'

/** Everything that the files say. */
interface Plan {
  readonly odoo: Connected
  readonly external: Connected
  readonly model: string
  readonly collection: string
  readonly sights: Readonly<Record<Side, Sight>>
  readonly key: ProposedKey
  readonly pairs: readonly ProposedPair[]
  readonly direction: Direction
}

/** @param asker who answers what the options leave open. */
export async function init(invocation: Invocation, options: InitOptions, asker: Asker): Promise<ExitCode> {
  const { config, terminal, json } = invocation
  if (existsSync(config)) {
    throw new SyncError('config', `There is a ${config} already.`, {
      hint: 'Name another with --config. For one more mapping, copy one in its folder mappings, and see: tandem probe.',
    })
  }
  const opened: Connector[] = []
  try {
    const plan = await makePlan(invocation, options, asker, opened)
    const name = options.mapping ?? plan.collection.replace(/^.*\./, '').replace(/[^\w-]/g, '-')
    const text = mappingText({
      name,
      connections: { odoo: plan.odoo.name, external: plan.external.name },
      odooModel: plan.model,
      collection: plan.collection,
      externalKind: kindOf(plan.external.type),
      key: plan.key,
      pairs: plan.pairs,
      direction: plan.direction,
      schemas: { odoo: plan.sights.odoo.schema, external: plan.sights.external.schema },
      schemaFile: MAPPING_SCHEMA,
    })
    const files = await writeFiles(config, [plan.odoo, plan.external], { name, text })
    if (json) {
      const fields = plan.pairs.map(({ odoo, external, isSure, reason }) => ({ odoo, external, isSure, reason }))
      const key = { odoo: plan.key.odoo, external: plan.key.external }
      terminal.out(JSON.stringify({ files, mapping: name, key, fields }))
      return 0
    }
    for (const file of files) terminal.out(`wrote ${file}`)
  } finally {
    await Promise.all(opened.map((connector) => connector[Symbol.asyncDispose]()))
  }
  if (!options.dryRun) return 0
  terminal.out('')
  const checked = await check(invocation)
  if (checked !== 0) return checked
  terminal.out('')
  const setup = setupOf(invocation)
  const rehearsed = await showDryRun(setup, setup.files, { kind: 'sync' }, invocation)
  terminal.out('')
  terminal.out('Look through the mapping; then: tandem sync (once), or tandem run (from now on).')
  return worstOf([checked, rehearsed])
}

async function makePlan(
  invocation: Invocation,
  options: InitOptions,
  asker: Asker,
  opened: Connector[],
): Promise<Plan> {
  const { signal } = invocation
  const odoo = await connectOdoo(invocation, asker, options, { name: 'erp', flags: 'odoo' })
  opened.push(odoo.connector)
  const model = await chooseCollection(odoo, options.model, asker, { flag: '--model', signal, usual: 'res.partner' })
  const external = await connectExternal(invocation, asker, options)
  opened.push(external.connector)
  const collection = await chooseCollection(external, options.collection, asker, {
    flag: '--collection',
    signal,
    usual: null,
  })
  const isDescribed = kindOf(external.type) === 'described'
  const isOdoo = external.type === 'odoo'
  const sights = await asker.working(
    'Looking at the fields of both',
    async () => ({
      odoo: await lookAt(odoo.connector, { model }, signal),
      external: await lookAt(external.connector, isOdoo ? { model: collection } : { collection }, signal),
    }),
    (seen) =>
      `${model}: ${plural(seen.odoo.schema.fields.size, 'field')}; ${collection}: ${plural(seen.external.schema.fields.size, 'field')}`,
  )
  const proposed = proposeFields(sights)
  const chosen = await chooseKey(options.key, sights, proposed, asker)
  // What is only read gets no keys from us.
  const key = isDescribed ? { ...chosen, generate: null } : chosen
  const pairs = await choosePairs(proposed, key, asker)
  const direction = (options.direction ??
    (await asker.choose({
      message: 'Where do changes flow?',
      flag: '--direction',
      initial: isDescribed ? 'to-odoo' : 'both',
      choices: [
        { value: 'both', label: 'both ways' },
        { value: 'from-odoo', label: `from Odoo to ${external.name}` },
        { value: 'to-odoo', label: `from ${external.name} to Odoo` },
      ],
    }))) as Direction
  return { odoo, external, model, collection, sights, key, pairs, direction }
}

function kindOf(type: string): 'table' | 'model' | 'described' {
  if (type === 'odoo') return 'model'
  return type === 'rest' || type === 'files' ? 'described' : 'table'
}

async function chooseCollection(
  { connector, name, type }: Connected,
  given: string | undefined,
  asker: Asker,
  { flag, signal, usual }: { readonly flag: string; readonly signal: AbortSignal; readonly usual: string | null },
): Promise<string> {
  const listed = (await connector.collections?.(signal)) ?? []
  if (given !== undefined) {
    const names = listed.map((each) => each.name)
    if (listed.length === 0 || names.includes(given) || type !== 'odoo') return given
    throw new SyncError('config', `${name} has no ${given}${didYouMean(given, names)}.`)
  }
  if (listed.length === 0)
    throw new SyncError('config', `${name} has nothing that could be read.`, { hint: `Name it with ${flag}.` })
  const choices = listed.map((each) => ({
    value: each.name,
    label: each.name,
    ...(each.label ? { hint: each.label } : {}),
  }))
  const only = listed.length === 1 ? listed[0]?.name : undefined
  const initial = usual !== null && listed.some((each) => each.name === usual) ? usual : only
  return asker.choose({
    message: `Which records of ${name}?`,
    flag,
    choices,
    ...(initial === undefined ? {} : { initial }),
  })
}

async function chooseKey(
  given: string | undefined,
  sights: Readonly<Record<Side, Sight>>,
  pairs: readonly ProposedPair[],
  asker: Asker,
): Promise<ProposedKey> {
  const proposed = proposeKey(sights, pairs)
  if (given !== undefined) {
    const [odoo = '', external = odoo] = given.split('=')
    return keyOf(odoo, external, sights, proposed)
  }
  const choicesOf = (side: Side) => [...sights[side].schema.fields.keys()].map((name) => ({ value: name, label: name }))
  const ask = (side: Side, initial: string | undefined) =>
    asker.choose({
      message: side === 'odoo' ? 'Which field of Odoo names a record on both sides?' : 'And which one there?',
      flag: '--key',
      choices: choicesOf(side),
      ...(initial === undefined ? {} : { initial }),
    })
  const odoo = await ask('odoo', proposed?.odoo)
  return keyOf(odoo, await ask('external', proposed?.external), sights, proposed)
}

function keyOf(
  odoo: string,
  external: string,
  { odoo: ours, external: theirs }: Readonly<Record<Side, Sight>>,
  proposed: ProposedKey | null,
): ProposedKey {
  if (proposed?.odoo === odoo && proposed.external === external) return proposed
  for (const [name, { schema }] of [
    [odoo, ours],
    [external, theirs],
  ] as const) {
    if (schema.fields.has(name)) continue
    const known = [...schema.fields.keys()]
    throw new SyncError('config', `${schema.name} has no field "${name}"${didYouMean(name, known)}.`)
  }
  const field = theirs.schema.fields.get(external)
  const generate = field?.type === 'text' && !field.isReadOnly ? '{side}-{id}' : null
  return { odoo, external, generate, reason: 'as you said' }
}

async function choosePairs(
  proposed: readonly ProposedPair[],
  key: ProposedKey,
  asker: Asker,
): Promise<readonly ProposedPair[]> {
  const open = proposed.filter(({ odoo, external }) => odoo !== key.odoo && external !== key.external)
  const nameOf = ({ odoo, external }: ProposedPair): string => `${odoo} = ${external}`
  const taken = await asker.chooseMany({
    message: 'Which of these correspond? (space takes and leaves; what you leave stands in the mapping as a comment)',
    flag: '--yes',
    choices: open.map((pair) => ({ value: nameOf(pair), label: `${pair.odoo} ↔ ${pair.external}`, hint: pair.reason })),
    initial: open.filter(({ isSure }) => isSure).map(nameOf),
  })
  return open.map((pair) => ({ ...pair, isSure: taken.includes(nameOf(pair)) }))
}
