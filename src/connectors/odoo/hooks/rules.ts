import { SyncError } from '../../../contract/error.ts'
import type { PushTarget } from '../../../contract/hooks.ts'
import type { Fields, Value } from '../../../contract/value.ts'
import type { OdooSpec } from '../spec.ts'
import { GONE } from './parse-hook.ts'

/** An automation rule with its one action, as it should be in Odoo. */
export interface Rule {
  /** Names it among ours, in its external id. */
  readonly mark: string
  readonly purpose: string
  readonly name: string
  readonly trigger: 'on_create_or_write' | 'on_unlink' | 'on_webhook'
  /** Only changes of these fields trigger it; empty: every change does. */
  readonly triggerFields: readonly string[]
  /** A domain as Python writes it; false: every record. */
  readonly filterDomain: string | false
  readonly recordGetter: string | null
  readonly action:
    | { readonly state: 'webhook'; readonly webhook_url: string }
    | { readonly state: 'code'; readonly code: string }
}

export interface RuleOptions {
  readonly spec: OdooSpec
  readonly mapping: string
  /** The collection's fields, dotted ones as they are. */
  readonly fields: readonly string[]
  readonly keyField: string | null
  readonly pushTo: PushTarget | undefined
  /** Our own user, whose writes need not be told to us. */
  readonly userId: number
  /** The model's records can be archived. */
  readonly canArchive: boolean
  /** What the server's bus takes: see `OdooCapabilities`. */
  readonly busHasTypes: boolean
}

/**
 * The rules by which Odoo tells of a collection's changes, and takes ours where it should.
 *
 * A rule with trigger fields is asked about a create once, and about no write that touches none of them; archiving is a
 * write of `active`. The last writer is compared because Odoo calls a webhook once for each record, one after the other,
 * before it answers: each of our own batches would wait for hundreds of calls that tell us what we wrote.
 * @throws SyncError `config` when something is missing that they need.
 */
export function desiredRules(options: RuleOptions): readonly Rule[] {
  const { spec } = options
  const rules = spec.push === 'none' ? [] : toldRules(options)
  return spec.apply === 'webhook' ? [...rules, applyRule(options)] : rules
}

function toldRules(options: RuleOptions): readonly Rule[] {
  const { mapping } = options
  const triggerFields = new Set(options.fields.map((field) => field.split('.')[0] ?? field))
  triggerFields.delete('id')
  const common = { triggerFields: [], filterDomain: false, recordGetter: null } as const
  return [
    {
      ...common,
      mark: markOf(options, 'write'),
      purpose: 'create and write',
      name: `Tandem ${mapping}: tell of creates and writes`,
      trigger: 'on_create_or_write',
      triggerFields: [...triggerFields].sort(),
      filterDomain: toldDomain(options),
      action: tellingAction(options, null),
    },
    {
      ...common,
      mark: markOf(options, 'unlink'),
      purpose: 'delete',
      name: `Tandem ${mapping}: tell of deletes`,
      trigger: 'on_unlink',
      action: tellingAction(options, GONE),
    },
  ]
}

/**
 * Not what we wrote ourselves. Some versions (14) search for what fits, and do not find what is archived unless the domain
 * speaks of it: then an archive, and every edit of an archived record, would not be told.
 */
function toldDomain({ userId, canArchive }: RuleOptions): string {
  const leaves = [`("write_uid", "!=", ${userId})`, ...(canArchive ? ['("active", "in", [True, False])'] : [])]
  return `[${leaves.join(', ')}]`
}

function tellingAction({ spec, pushTo, busHasTypes }: RuleOptions, event: string | null): Rule['action'] {
  if (pushTo === undefined) {
    throw new SyncError('config', 'There is no secret to make the address from at which Odoo tells of changes.', {
      hint: `Set server: { hook_secret: "\${TANDEM_HOOK_SECRET}" } to at least 22 random characters${spec.push === 'bus' ? '' : ', and public_url to the address at which Odoo reaches this daemon'}.`,
    })
  }
  if (spec.push === 'bus') return { state: 'code', code: busCode(pushTo.token, event, busHasTypes) }
  if (pushTo.url === null) {
    throw new SyncError('config', 'Odoo cannot be told where to send its webhooks.', {
      hint: 'Set server: { public_url: https://… } to the address at which Odoo reaches this daemon, or use push: bus.',
    })
  }
  return { state: 'webhook', webhook_url: event === null ? pushTo.url : `${pushTo.url}?event=${event}` }
}

/** The type of our messages on the bus. */
export const BUS_TYPE = 'tandem'

/** A message without a type gets the form that it has on the line where messages have one. */
function busCode(channel: string, event: string | null, hasTypes: boolean): string {
  const payload = `{"model": record._name, "ids": records.ids, "event": ${event === null ? 'None' : JSON.stringify(event)}}`
  const [name, type] = [JSON.stringify(channel), JSON.stringify(BUS_TYPE)]
  return hasTypes
    ? `env["bus.bus"]._sendone(${name}, ${type}, ${payload})`
    : `env["bus.bus"].sendone(${name}, {"type": ${type}, "payload": ${payload}})`
}

/** What an incoming webhook of ours is sent. */
export interface AppliedEvent {
  readonly _model: string
  readonly _event: 'create' | 'update' | 'remove'
  /** Absent for a create. */
  readonly _id?: number
  /** The key of a record to create: where there is one with it, no second one is made, and that one is left as it is. */
  readonly _key: Value
  /** As `create` and `write` take them. */
  readonly values: Fields
  readonly context: Fields
}

/**
 * Does all of it in a savepoint, as our own user: with its rights, and as the last writer. Odoo commits what was done before
 * an error, although it answers 500: without the savepoint, half of a change stays, and even what a constraint refuses.
 * The getter has to give some record, and gives one that is surely there.
 */
function applyRule(options: RuleOptions): Rule {
  const { spec, mapping, keyField, userId } = options
  if (keyField === null) throw new SyncError('config', 'A webhook that takes records needs the key of the mapping.')
  return {
    mark: markOf(options, 'apply'),
    purpose: 'take changes',
    name: `Tandem ${mapping}: take changes`,
    trigger: 'on_webhook',
    triggerFields: [],
    filterDomain: false,
    recordGetter: 'user',
    action: { state: 'code', code: applyCode(spec.model, keyField, userId) },
  }
}

function applyCode(model: string, keyField: string, userId: number): string {
  return `
context = payload.get("context") or {}
records = env[${JSON.stringify(model)}].with_user(${userId}).with_context(active_test=False, **context)
event = payload["_event"]
point = env.cr.savepoint()
try:
    if event == "create":
        payload["_key"] and records.search([(${JSON.stringify(keyField)}, "=", payload["_key"])], limit=1) or records.create(payload["values"])
    elif event == "update":
        records.browse(payload["_id"]).write(payload["values"])
    else:
        records.browse(payload["_id"]).exists().unlink()
    records.env.flush_all()
    point.close(rollback=False)
except Exception:
    point.close(rollback=True)
    raise`.trim()
}

/** The marks of all rules that we may have made for a collection. */
export function allMarks(mapping: string, spec: OdooSpec): readonly string[] {
  return (['write', 'unlink', 'apply'] as const).map((what) => markOf({ mapping, spec }, what))
}

export function markOf(
  { mapping, spec }: Pick<RuleOptions, 'mapping' | 'spec'>,
  what: 'write' | 'unlink' | 'apply',
): string {
  return `${mapping}_${spec.model.replaceAll('.', '_')}_${what}`
}
