import type { Caller, RelatedRequest } from '../../contract/caller.ts'
import type { RecordId } from '../../contract/change.ts'
import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { type OdooCallSpec, parseCall, type WizardCall } from './call-spec.ts'
import { callAsOdoo, checkLookups } from './call-values.ts'
import type { OdooModel } from './model.ts'
import { createRelated, type RelatedReader } from './related.ts'
import { fetchFields } from './schema.ts'

/** Calls methods, wizards and controllers for the records of a model. */
export function createCaller(model: OdooModel): Caller {
  const related = createRelated(model)
  return {
    check: (call, requests, signal) => checkCall(model, related, call, requests, signal),
    related: (id, request, signal) => related.read(id, request, signal),
    async call(id, call, signal) {
      const spec = parseCall(await callAsOdoo(model, call, signal))
      switch (spec.kind) {
        case 'route':
          return model.connection.transport.route(spec.route, spec.params, signal)
        case 'wizard':
          return answerWizards(
            model,
            await runWizard(model, wizardContext(model, id, spec), spec, signal),
            spec,
            signal,
          )
        case 'method':
          return answerWizards(model, await callMethod(model, id, spec, signal), spec, signal)
      }
    },
  }
}

function callMethod(
  model: OdooModel,
  id: RecordId,
  { method, model: other, ids, args, context }: Extract<OdooCallSpec, { kind: 'method' }>,
  signal: AbortSignal,
): Promise<Value> {
  const target = other ?? model.name
  const own = other === undefined || other === model.name ? [Number(id)] : undefined
  const records = ids === undefined ? own : Array.isArray(ids) ? ids : [ids]
  return model.connection.change(
    target,
    method,
    { ...args, ...(records === undefined ? {} : { ids: records }), context: { ...model.context, ...context } },
    signal,
  )
}

/** As a form would open it: on the record. */
function wizardContext(model: OdooModel, id: RecordId, { context }: WizardCall): Fields {
  const active = Number(id)
  return { ...model.context, active_model: model.name, active_id: active, active_ids: [active], ...context }
}

interface Wizard {
  readonly wizard: string
  readonly values: Fields
  readonly method: string
  readonly args?: Fields
}

/**
 * A wizard is a record of its own, which Odoo removes after a while: one that was made and not run does nothing.
 */
async function runWizard(
  model: OdooModel,
  context: Fields,
  { wizard, values, method, args = {} }: Wizard,
  signal: AbortSignal,
): Promise<Value> {
  const { connection } = model
  let made: Value
  try {
    made = await connection.change(wizard, 'create', { vals_list: [values], context }, signal)
  } catch (thrown) {
    const { code, message, hint } = asSyncError(thrown)
    throw new SyncError(code, message, { cause: thrown, ...(hint === null ? {} : { hint }) })
  }
  const ids = Array.isArray(made) ? made : [made]
  return connection.change(wizard, method, { ...args, ids, context }, signal)
}

/** How many wizards one call may open in turn. */
const MAX_WIZARDS = 5

/**
 * An action that opens a dialog means that Odoo has not done the work yet: it asks something. What is to be answered is in
 * the step's `answers`. @throws SyncError `invalid` where it is not.
 */
async function answerWizards(
  model: OdooModel,
  first: Value,
  { answers }: Pick<WizardCall, 'answers'>,
  signal: AbortSignal,
): Promise<Value> {
  let result = first
  for (let opened = 0; opened < MAX_WIZARDS; opened++) {
    const dialog = dialogOf(result)
    if (dialog === null) return result
    const answer = answers[dialog.model]
    if (answer === undefined) {
      throw new SyncError('invalid', `Odoo opened the dialog ${dialog.model} and waits for its answer`, {
        hint: `Say in the step what to answer: answers: { ${dialog.model}: { method: …, values: { … } } }.`,
      })
    }
    const context = { ...model.context, ...dialog.context, ...answer.context }
    result = await runWizard(model, context, { wizard: dialog.model, ...answer }, signal)
  }
  return result
}

function dialogOf(result: Value): { readonly model: string; readonly context: Fields } | null {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return null
  const { type, target, res_model, context } = result as Fields
  if (type !== 'ir.actions.act_window' || target !== 'new' || typeof res_model !== 'string') return null
  return { model: res_model, context: isFields(context) ? context : {} }
}

function isFields(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function checkCall(
  model: OdooModel,
  related: RelatedReader,
  call: Value,
  requests: readonly RelatedRequest[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const problems: string[] = []
  const ask = async (question: () => Promise<unknown>): Promise<void> => {
    try {
      await question()
    } catch (error) {
      if (!(error instanceof SyncError) || !['config', 'schema', 'forbidden'].includes(error.code)) throw error
      problems.push(error.message)
    }
  }
  for (const request of requests) await ask(() => related.check(request, signal))
  if (call === null) return problems
  await ask(() => checkLookups(model, call, signal))
  await ask(async () => {
    const spec = parseCall(call)
    if (spec.kind === 'wizard') await fetchFields(model.connection, spec.wizard, Object.keys(spec.values), signal)
    if (spec.kind === 'method' && spec.model !== undefined) await fetchFields(model.connection, spec.model, [], signal)
    if (spec.kind === 'route') return
    for (const [wizard, { values }] of Object.entries(spec.answers)) {
      await fetchFields(model.connection, wizard, Object.keys(values), signal)
    }
  })
  return problems
}
