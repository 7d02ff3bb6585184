import type { CollectionRequest } from '../../../contract/connector.ts'
import { SyncError } from '../../../contract/error.ts'
import type { HookPart, Hooks, PushTarget } from '../../../contract/hooks.ts'
import type { OdooConnection } from '../connection.ts'
import type { OdooModel } from '../model.ts'
import { fetchFields } from '../schema.ts'
import type { OdooServices } from '../services.ts'
import { parseHook } from './parse-hook.ts'
import { requireAutomation } from './requirements.ts'
import {
  createRule,
  deleteRules,
  type ModelIds,
  modelIds,
  readRules,
  rotateUuid,
  rulesDiffer,
  type StoredRule,
  updateRule,
} from './rule-store.ts'
import { allMarks, desiredRules, type Rule } from './rules.ts'
import { readAddress } from './webhook-address.ts'

interface OdooHooksOptions {
  readonly model: OdooModel
  /** The connection that may change automation rules. */
  readonly setup: OdooConnection
  /** Where Odoo answers. */
  readonly url: string
  readonly mapping: string
  readonly keyField: string | null
  readonly pushTo: PushTarget | undefined
}

/** The automation rules by which Odoo tells us of a collection's changes, and takes ours. */
export function createHooks(model: OdooModel, request: CollectionRequest, services: OdooServices): Hooks {
  const { setup, settings } = services
  const options: OdooHooksOptions = {
    model,
    setup,
    url: settings.url,
    mapping: request.consumer,
    keyField: request.key ?? null,
    pushTo: request.pushTo,
  }
  return {
    parse: (call) => parseHook(model.name, call),

    async install(signal) {
      const rules = await rulesOf(options, signal)
      await requireAutomation(setup, rules, 'change', signal)
      const { ids, stored } = await readAll(options, rules, signal)
      const parts: HookPart[] = []
      const own = rules.filter((rule) => isOurs(options, rule, stored))
      for (const rule of own) parts.push(await installRule(options, rule, stored.get(rule.mark), ids, signal))
      const kept = new Set(own.map(({ mark }) => mark))
      return [...parts, ...(await removeRules(options, (mark) => !kept.has(mark), stored, signal))]
    },

    async list(signal) {
      const rules = await rulesOf(options, signal)
      await requireAutomation(setup, rules, 'read', signal)
      const { ids, stored } = await readAll(options, rules, signal)
      const own = rules.filter((rule) => isOurs(options, rule, stored))
      return own.map((rule): HookPart => {
        const found = stored.get(rule.mark)
        if (!found) return part(rule, null, 'missing')
        return part(rule, found.id, rulesDiffer(found, rule, ids) ? 'outdated' : 'unchanged')
      })
    },

    async remove(signal) {
      await requireAutomation(setup, [], 'change', signal)
      const stored = await readRules(setup, allMarks(options.mapping, model.spec), signal)
      return removeRules(options, () => true, stored, signal)
    },

    async rotate(signal) {
      const rule = (await rulesOf(options, signal)).find(({ trigger }) => trigger === 'on_webhook')
      if (!rule) {
        throw new SyncError('config', `Odoo takes nothing through a webhook of ours for ${options.mapping}.`, {
          hint: 'That is so where the mapping says apply: webhook.',
        })
      }
      await requireAutomation(setup, [rule], 'change', signal)
      const found = (await readRules(setup, [rule.mark], signal)).get(rule.mark)
      if (!found) {
        throw new SyncError('config', `The webhook of ${options.mapping} is not in Odoo.`, {
          hint: `Make it: tandem odoo hooks install ${options.mapping}.`,
        })
      }
      await rotateUuid(setup, found, signal)
      return [part(rule, found.id, 'updated', await addressNote(options, rule, signal))]
    },
  }
}

async function rulesOf(options: OdooHooksOptions, signal: AbortSignal): Promise<readonly Rule[]> {
  const { model, mapping, keyField, pushTo, setup } = options
  const { spec, fieldNames: fields } = model
  const userId = await model.connection.ownUserId(signal)
  const canArchive = (await fetchFields(model.connection, model.name, [], signal)).has('active')
  const busHasTypes = spec.push !== 'bus' || (await setup.capabilities.busHasTypes(signal))
  return desiredRules({ spec, mapping, fields, keyField, pushTo, userId, canArchive, busHasTypes })
}

/** A webhook with an address from the mapping is somebody else's, unless it was made by us before. */
function isOurs({ model }: OdooHooksOptions, rule: Rule, stored: ReadonlyMap<string, StoredRule>): boolean {
  return rule.trigger !== 'on_webhook' || model.spec.webhook === null || stored.has(rule.mark)
}

async function readAll(
  { setup, model, mapping }: OdooHooksOptions,
  rules: readonly Rule[],
  signal: AbortSignal,
): Promise<{ readonly ids: ModelIds; readonly stored: ReadonlyMap<string, StoredRule> }> {
  const fields = rules.flatMap(({ triggerFields }) => triggerFields)
  return {
    ids: await modelIds(setup, model.name, [...new Set(fields)], signal),
    stored: await readRules(setup, allMarks(mapping, model.spec), signal),
  }
}

async function installRule(
  options: OdooHooksOptions,
  rule: Rule,
  stored: StoredRule | undefined,
  ids: ModelIds,
  signal: AbortSignal,
): Promise<HookPart> {
  const { setup } = options
  if (!stored) {
    const id = await createRule(setup, rule, ids, signal)
    return part(rule, id, 'created', await addressNote(options, rule, signal))
  }
  if (!rulesDiffer(stored, rule, ids)) return part(rule, stored.id, 'unchanged')
  await updateRule(setup, stored, rule, ids, signal)
  return part(rule, stored.id, 'updated')
}

async function removeRules(
  { setup }: OdooHooksOptions,
  isRemoved: (mark: string) => boolean,
  stored: ReadonlyMap<string, StoredRule>,
  signal: AbortSignal,
): Promise<readonly HookPart[]> {
  const removed = [...stored].filter(([mark]) => isRemoved(mark))
  await deleteRules(
    setup,
    removed.map(([, rule]) => rule),
    signal,
  )
  return removed.map(([, { id, values }]) => ({
    purpose: String(values.name),
    id: String(id),
    state: 'removed',
    note: null,
  }))
}

/** Where our own user may not look the address up, a person has to put it into the configuration. */
async function addressNote(options: OdooHooksOptions, rule: Rule, signal: AbortSignal): Promise<string | null> {
  if (rule.trigger !== 'on_webhook') return null
  const { model, setup, url } = options
  if (await model.connection.capabilities.mayAccess('base.automation', 'read', signal)) return null
  const address = await readAddress(setup, url, rule.mark, signal)
  return `Our user may not ask for its address, which is a secret. Give it to the mapping (odoo: webhook): ${address}`
}

function part({ purpose }: Rule, id: number | null, state: HookPart['state'], note: string | null = null): HookPart {
  return { purpose, id: id === null ? null : String(id), state, note }
}
