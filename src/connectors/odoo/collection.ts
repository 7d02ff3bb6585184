import type { Collection, CollectionRequest, Problem, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { beyondSchema, findBeyondFields } from './beyond-fields.ts'
import { createCaller } from './caller.ts'
import { checkContext } from './check-context.ts'
import type { OdooConnection } from './connection.ts'
import { withoutFieldAttachments } from './contents.ts'
import { explainError } from './explain-error.ts'
import { createFeed } from './feed.ts'
import { isPlain } from './field-name.ts'
import { busFeed, busProblems } from './hooks/bus-feed.ts'
import { createHooks } from './hooks/hooks.ts'
import { webhookSink } from './hooks/webhook-sink.ts'
import { createModel, type OdooModel } from './model.ts'
import { whatBrings } from './modules.ts'
import { fetchDefaults, fetchFields, type OdooField, toSchema } from './schema.ts'
import type { OdooServices } from './services.ts'
import { createSink } from './sink.ts'
import { odooSpec } from './spec.ts'

/** Larger pages are hardly faster, and take megabytes at a time. */
const PAGE_SIZE = 5000
/** Measured: from 250 on, larger calls are hardly faster, and they hold locks for longer and lose more when refused. */
const MAX_BATCH = 500
/** One call a record: a larger batch would be under way for seconds. */
const MAX_WEBHOOK_BATCH = 50
/** How many records `check` tries the record rules on. */
const SAMPLE = 20

/** @throws SyncError `config` that names what is wrong in the mapping's `odoo:` block. */
export function createCollection(
  connection: OdooConnection,
  request: CollectionRequest,
  services?: OdooServices,
): Collection {
  const parsed = odooSpec.safeParse(typeof request.spec === 'string' ? { model: request.spec } : request.spec)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'odoo'}: ${issue.message}`)
    throw new SyncError('config', `The odoo block of ${request.consumer} is wrong: ${faults.join('; ')}`, {
      cause: parsed.error,
      hint: 'It takes model, domain, lang, companies, context, archive, lines, overlap, push and apply.',
    })
  }
  const spec = withoutFieldAttachments(parsed.data)
  const beside = odooSpec.safeParse(request.beside)
  const fieldNames = [...new Set(request.fields)]
  const model = createModel(connection, spec, fieldNames, {
    lines: request.lines,
    watched: request.watched,
    beside: beside.success ? beside.data : null,
    contents: request.contents,
  })
  return {
    capabilities: {
      deletes: 'listed',
      maxBatch: spec.apply === 'rpc' ? MAX_BATCH : MAX_WEBHOOK_BATCH,
      pageSize: PAGE_SIZE,
      guardedWrites: false,
      archive: spec.archive === null ? null : { field: spec.archive, archived: false },
    },
    async describe(signal) {
      await checkContext(connection, model.context, signal)
      const fields = await fetchModel(connection, spec.model, signal)
      const required = [...fields.values()].filter((field) => field.isRequired).map((field) => field.name)
      const schema = toSchema(spec.model, fields, await fetchDefaults(connection, spec.model, required, signal))
      const beyond = await findBeyondFields(connection, spec.model, fields, fieldNames, signal)
      const all = [...schema.fields, ...beyond.fields.map((field) => [field.name, beyondSchema(field)] as const)]
      const missing = new Map<string, string>()
      for (const name of fieldNames.filter((each) => isPlain(each) && !fields.has(each))) {
        const remedy = await whatBrings(connection, spec.model, name, signal)
        if (remedy !== null) missing.set(name, remedy)
      }
      const whole = { ...schema, fields: new Map(all), reasons: beyond.reasons, missing }
      return withLines(connection, whole, fields, Object.keys(request.lines ?? {}), signal)
    },
    async check(needs, signal) {
      const push = services ? busProblems(spec, request, services) : []
      return [...(await checkCollection(model, needs, signal)), ...push]
    },
    feed: { ...createFeed(model), ...(services ? busFeed(spec, request, services) : {}) },
    sink: createSink(model, services ? webhookSink(model, request, services) : null),
    ...(services ? { hooks: createHooks(model, request, services) } : {}),
    caller: createCaller(model),
  }
}

/** Of the fields that are asked for with their lines, those that are one2many, with the fields of a line. */
async function withLines(
  connection: OdooConnection,
  schema: Schema,
  fields: ReadonlyMap<string, OdooField>,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Schema> {
  const all = new Map(schema.fields)
  for (const name of names) {
    const [own, field] = [schema.fields.get(name), fields.get(name)]
    if (!own || field?.type !== 'one2many' || field.relation === null) continue
    const lineFields = await fetchFields(connection, field.relation, [], signal)
    const required = [...lineFields.values()].filter((each) => each.isRequired).map((each) => each.name)
    const defaults = await fetchDefaults(connection, field.relation, required, signal)
    const lines = new Map(toSchema(field.relation, lineFields, defaults).fields)
    // What leads back to the record is filled by Odoo.
    if (field.inverse !== null) lines.delete(field.inverse)
    all.set(name, { ...own, type: 'lines', lines })
  }
  return { ...schema, fields: all }
}

/** The fields of a model. @throws SyncError `schema` that says what would bring a model which is not there. */
async function fetchModel(
  connection: OdooConnection,
  model: string,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof fetchFields>>> {
  try {
    return await fetchFields(connection, model, [], signal)
  } catch (error) {
    const isMissing = error instanceof SyncError && error.code === 'schema'
    const remedy = isMissing ? await whatBrings(connection, model, null, signal) : null
    if (remedy === null) throw error
    throw new SyncError('schema', `Odoo has no model ${model}`, { cause: error, hint: remedy })
  }
}

async function checkCollection(
  model: OdooModel,
  needs: { create: boolean; update: boolean; remove: boolean },
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const problems: Problem[] = []
  const wanted = [
    ['read', true],
    ['create', needs.create],
    ['write', needs.update],
    ['unlink', needs.remove],
  ] as const
  for (const [access, isNeeded] of wanted) {
    if (!isNeeded || (await model.connection.capabilities.mayAccess(model.name, access, signal))) continue
    problems.push({
      severity: 'error',
      message: `Our user may not ${access} ${model.name}`,
      hint: `Give the user a group in Odoo that may ${access} ${model.name}.`,
    })
  }
  if (problems.length > 0) return problems
  try {
    await model.shape(signal)
    // The filter, too, is tried: an unknown field or operator in it shows only when it runs.
    const sample = (await createFeed(model).list?.(null, SAMPLE, signal))?.entries ?? []
    const ids = sample.map(({ id }) => Number(id))
    if (needs.update) problems.push(...(await ruleProblems(model, 'write', ids, signal)))
    if (needs.remove) problems.push(...(await ruleProblems(model, 'unlink', ids, signal)))
  } catch (error) {
    const cause = await explainError(error, model, 'read', 0, signal)
    if (!(cause instanceof SyncError) || cause.disposition === 'retry' || cause.disposition === 'defer') throw cause
    problems.push({ severity: 'error', message: cause.message, hint: cause.hint })
  }
  return problems
}

/** The model as a whole is allowed; record rules may still keep single records from us. */
async function ruleProblems(
  model: OdooModel,
  access: 'write' | 'unlink',
  ids: readonly number[],
  signal: AbortSignal,
): Promise<Problem[]> {
  const may = (some: readonly number[]): Promise<boolean> =>
    model.connection.capabilities.mayAccessRecords(model.name, access, some, signal)
  if (ids.length === 0 || (await may(ids))) return []
  const refused: number[] = []
  for (const id of ids) if (!(await may([id]))) refused.push(id)
  const named = refused.slice(0, 5).join(', ')
  return [
    {
      severity: 'warning',
      message: `Our user may not ${access} ${refused.length} of the first ${ids.length} records of ${model.name} (${named}${refused.length > 5 ? ', …' : ''}): a record rule keeps them`,
      hint: 'Leave them out with the domain of the mapping, or change the rule (Settings, Technical, Record Rules): a change of such a record becomes a dead letter.',
    },
  ]
}
