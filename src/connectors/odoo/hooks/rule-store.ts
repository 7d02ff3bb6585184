import { SyncError } from '../../../contract/error.ts'
import type { Fields, Value } from '../../../contract/value.ts'
import { asRows, type OdooConnection, type OdooRow } from '../connection.ts'
import type { Rule } from './rules.ts'

/** The module of the external ids by which our rules are known among all others. */
const OURS = '__tandem__'
const ALL = { active_test: false }

/** A rule that is in Odoo. */
export interface StoredRule {
  readonly id: number
  /** Of the incoming webhook. */
  readonly uuid: string | null
  /** What `rulesDiffer` compares. */
  readonly values: OdooRow
  readonly actions: readonly OdooRow[]
}

/** Ids that a rule refers to. */
export interface ModelIds {
  readonly model: number
  readonly fields: ReadonlyMap<string, number>
}

/** @throws SyncError `schema` for a model that Odoo does not have. */
export async function modelIds(
  odoo: OdooConnection,
  model: string,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<ModelIds> {
  const [found] = await search(odoo, 'ir.model', [['model', '=', model]], ['id'], signal)
  if (!found) throw new SyncError('schema', `Odoo has no model ${model}.`)
  const domain = [
    ['model', '=', model],
    ['name', 'in', fields],
  ]
  const rows = await search(odoo, 'ir.model.fields', domain, ['name'], signal)
  return { model: Number(found.id), fields: new Map(rows.map((row) => [String(row.name), Number(row.id)])) }
}

/** The rules of ours that are there, by their marks. */
export async function readRules(
  odoo: OdooConnection,
  marks: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, StoredRule>> {
  const domain = [
    ['module', '=', OURS],
    ['model', '=', 'base.automation'],
    ['name', 'in', marks],
  ]
  const names = await search(odoo, 'ir.model.data', domain, ['name', 'res_id'], signal)
  if (names.length === 0) return new Map()
  const ids = names.map(({ res_id }) => Number(res_id))
  const hasActions = await odoo.capabilities.rulesHaveActions(signal)
  const read = ['name', 'active', 'model_id', 'trigger', 'trigger_field_ids', 'filter_domain']
  const further = hasActions
    ? ['record_getter', 'action_server_ids', 'webhook_uuid']
    : ['action_server_id', 'state', 'code']
  const rows = await search(odoo, 'base.automation', [['id', 'in', ids]], [...read, ...further], signal)
  const actions = hasActions ? await actionsOf(odoo, rows, signal) : rows.map(delegatedAction)
  const rules = new Map<string, StoredRule>()
  for (const { name, res_id } of names) {
    const values = rows.find(({ id }) => id === res_id)
    if (!values) continue
    const own = actions.filter(({ base_automation_id }) => base_automation_id === res_id)
    const uuid = typeof values.webhook_uuid === 'string' ? values.webhook_uuid : null
    rules.set(String(name), { id: Number(res_id), uuid, values, actions: own })
  }
  return rules
}

async function actionsOf(
  odoo: OdooConnection,
  rules: readonly OdooRow[],
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  const ids = rules.flatMap(({ action_server_ids }) => action_server_ids as readonly number[])
  const fields = ['name', 'state', 'model_id', 'webhook_url', 'webhook_field_ids', 'code', 'base_automation_id']
  return search(odoo, 'ir.actions.server', [['id', 'in', ids]], fields, signal)
}

/** The action that a rule is built on, whose fields are the rule's own. */
function delegatedAction({ id, action_server_id, name, state, model_id, code }: OdooRow): OdooRow {
  return {
    id: action_server_id ?? 0,
    base_automation_id: id ?? 0,
    name: name ?? false,
    state: state ?? false,
    model_id: model_id ?? false,
    code: code ?? false,
  }
}

export async function createRule(
  odoo: OdooConnection,
  rule: Rule,
  ids: ModelIds,
  signal: AbortSignal,
): Promise<number> {
  const hasActions = await odoo.capabilities.rulesHaveActions(signal)
  const own = ruleValues(rule, ids)
  const action = actionValues(rule, ids)
  const values = hasActions ? { ...own, action_server_ids: [[0, 0, action]] } : delegating(own, action)
  const created = await odoo.change('base.automation', 'create', { vals_list: [values] }, signal)
  const id = Array.isArray(created) ? Number(created[0]) : Number.NaN
  const mark = { module: OURS, name: rule.mark, model: 'base.automation', res_id: id, noupdate: true }
  await odoo.change('ir.model.data', 'create', { vals_list: [mark] }, signal)
  return id
}

/** Makes a rule as it should be: its own fields, and one action. */
export async function updateRule(
  odoo: OdooConnection,
  stored: StoredRule,
  rule: Rule,
  ids: ModelIds,
  signal: AbortSignal,
): Promise<void> {
  const [first, ...others] = stored.actions
  const wanted = actionValues(rule, ids)
  if (!(await odoo.capabilities.rulesHaveActions(signal))) {
    const vals = delegating(ruleValues(rule, ids), wanted)
    await odoo.change('base.automation', 'write', { ids: [stored.id], vals }, signal)
    return
  }
  const commands: Value[] = [
    ...others.map(({ id }): Value => [2, id ?? 0, 0]),
    first ? [1, first.id ?? 0, wanted] : [0, 0, wanted],
  ]
  const vals = { ...ruleValues(rule, ids), action_server_ids: commands }
  await odoo.change('base.automation', 'write', { ids: [stored.id], vals }, signal)
}

/** Its mark goes with it, and its actions where it has them; an action that it is built on is left, and is taken away too. */
export async function deleteRules(
  odoo: OdooConnection,
  rules: readonly StoredRule[],
  signal: AbortSignal,
): Promise<void> {
  if (rules.length === 0) return
  await odoo.change('base.automation', 'unlink', { ids: rules.map(({ id }) => id) }, signal)
  if (await odoo.capabilities.rulesHaveActions(signal)) return
  const actions = rules.flatMap((rule) => rule.actions.map(({ id }) => id ?? 0))
  await odoo.change('ir.actions.server', 'unlink', { ids: actions }, signal)
}

export async function rotateUuid(odoo: OdooConnection, { id }: StoredRule, signal: AbortSignal): Promise<void> {
  await odoo.change('base.automation', 'action_rotate_webhook_uuid', { ids: [id] }, signal)
}

function ruleValues(rule: Rule, ids: ModelIds): Fields {
  return {
    name: rule.name,
    active: true,
    model_id: ids.model,
    trigger: rule.trigger,
    trigger_field_ids: [[6, 0, fieldIds(rule, ids)]],
    filter_domain: rule.filterDomain,
    record_getter: rule.recordGetter ?? false,
  }
}

function actionValues(rule: Rule, ids: ModelIds): Fields {
  const { action } = rule
  return {
    name: rule.name,
    model_id: ids.model,
    usage: 'base_automation',
    state: action.state,
    webhook_url: action.state === 'webhook' ? action.webhook_url : false,
    webhook_field_ids: [[6, 0, []]],
    ...(action.state === 'code' ? { code: action.code } : {}),
  }
}

/** What a rule that is itself an action takes: no webhook, either way. */
function delegating({ record_getter: _, ...rule }: Fields, { state, code }: Fields): Fields {
  return { ...rule, state: state ?? false, code: code ?? false }
}

function fieldIds(rule: Rule, ids: ModelIds): number[] {
  return rule.triggerFields.flatMap((name) => ids.fields.get(name) ?? []).sort((a, b) => a - b)
}

/** Whether a rule in Odoo is not what it should be. */
export function rulesDiffer(stored: StoredRule, rule: Rule, ids: ModelIds): boolean {
  const [action, ...others] = stored.actions
  if (!action || others.length > 0) return true
  return !(holds(stored.values, ruleValues(rule, ids)) && holds(action, actionValues(rule, ids)))
}

function holds(row: OdooRow, wanted: Fields): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    if (name === 'usage') return true
    const now = row[name] ?? false
    if (!Array.isArray(value)) return now === value
    const [, , linked] = (value as readonly (readonly Value[])[])[0] ?? []
    const sorted = [...((now || []) as readonly number[])].sort((a, b) => a - b)
    return JSON.stringify(sorted) === JSON.stringify(linked)
  })
}

async function search(
  odoo: OdooConnection,
  model: string,
  domain: Value,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<readonly OdooRow[]> {
  const load = (await odoo.capabilities.searchReadTakesLoad(signal)) ? { load: '' } : {}
  const args = { domain, fields, order: 'id', ...load, context: ALL }
  const rows = asRows(await odoo.call(model, 'search_read', args, signal), model)
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, withoutName(value)])))
}

/** Of `[id, display name]`, the id. */
function withoutName(value: Value): Value {
  return Array.isArray(value) && value.length === 2 && typeof value[1] === 'string' ? (value[0] ?? false) : value
}
