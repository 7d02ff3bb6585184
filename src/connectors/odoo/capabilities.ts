import { SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { pythonName } from './transport/odoo-fault.ts'

export type Access = 'read' | 'create' | 'write' | 'unlink'

/**
 * What differs between servers, and nothing else in the connector asks for a version. Each is found by asking the server
 * for something harmless when it is first needed, and is kept.
 */
export interface OdooCapabilities {
  /** `web_save_multi`: different values for many records in one transaction, with what is stored then. */
  canSaveMulti(signal: AbortSignal): Promise<boolean>
  /** `search_read` takes `load`, which keeps it from computing display names. */
  searchReadTakesLoad(signal: AbortSignal): Promise<boolean>
  /** `update_field_translations`: takes a translation away. Elsewhere an empty text in that language does. */
  canRemoveTranslations(signal: AbortSignal): Promise<boolean>
  /** Whether our user may do this to the model as a whole; record rules come on top. */
  mayAccess(model: string, access: Access, signal: AbortSignal): Promise<boolean>
  /** Whether our user may do this to each of these records, record rules included. */
  mayAccessRecords(model: string, access: Access, ids: readonly number[], signal: AbortSignal): Promise<boolean>
  /** Whether our user has the group, by its external id. */
  isInGroup(userId: number, group: string, signal: AbortSignal): Promise<boolean>
  /**
   * Our user sees the attachments behind the fields of records, and so their checksums: on 14, only who may change
   * the settings. False also where there are none yet; then it is asked again.
   */
  seesFieldFiles(signal: AbortSignal): Promise<boolean>
  /** Which webhooks an automation can have: one that Odoo receives, and one that it sends. */
  webhooks(signal: AbortSignal): Promise<{ readonly incoming: boolean; readonly outgoing: boolean }>
  /** A rule has actions of its own; elsewhere it is itself one action, by delegation. */
  rulesHaveActions(signal: AbortSignal): Promise<boolean>
  /** The bus's messages have a type (`_sendone` of a channel, a type and a payload); elsewhere `sendone` takes two. */
  busHasTypes(signal: AbortSignal): Promise<boolean>
}

type Call = (model: string, method: string, args: Fields, signal: AbortSignal) => Promise<Value>

/** Every model has the methods asked for here; this one exists everywhere, and each user may read himself. */
const ANY_MODEL = 'res.users'
const NO_RECORDS = [['id', '=', 0]]

export function createCapabilities(call: Call): OdooCapabilities {
  const canSaveMulti = once((signal) =>
    works(call(ANY_MODEL, 'web_save_multi', { ids: [], vals_list: [], specification: {} }, signal)),
  )
  const searchReadTakesLoad = once((signal) =>
    works(call(ANY_MODEL, 'search_read', { domain: NO_RECORDS, fields: ['id'], load: '' }, signal)),
  )
  // It wants one record: with none it is refused where it exists.
  const canRemoveTranslations = once((signal) =>
    exists(
      call(ANY_MODEL, 'update_field_translations', { ids: [], field_name: 'signature', translations: {} }, signal),
    ),
  )
  const hasAccessMethod = once((signal) => works(call(ANY_MODEL, 'has_access', { ids: [], operation: 'read' }, signal)))
  const rulesHaveActions = once((signal) => hasField(call, 'base.automation', 'action_server_ids', signal))
  // Without its arguments it is refused where it exists.
  const sendsUntyped = once((signal) => wantsArguments(call('bus.bus', 'sendone', {}, signal)))
  let hasSeenFieldFiles = false
  const webhooks = once(async (signal) => ({
    incoming: await hasOption(call, 'base.automation', 'trigger', 'on_webhook', signal),
    outgoing: await hasOption(call, 'ir.actions.server', 'state', 'webhook', signal),
  }))
  return {
    canSaveMulti,
    searchReadTakesLoad,
    canRemoveTranslations,
    webhooks,
    rulesHaveActions,
    busHasTypes: async (signal) => !(await sendsUntyped(signal)),
    async seesFieldFiles(signal) {
      if (hasSeenFieldFiles) return true
      const domain = [['res_field', '!=', false]]
      const found = await call('ir.attachment', 'search_read', { domain, fields: ['id'], limit: 1 }, signal)
      hasSeenFieldFiles = Array.isArray(found) && found.length > 0
      return hasSeenFieldFiles
    },
    async mayAccess(model, access, signal) {
      if (await hasAccessMethod(signal)) {
        return (await call(model, 'has_access', { ids: [], operation: access }, signal)) === true
      }
      const args = { operation: access, raise_exception: false }
      return (await call(model, 'check_access_rights', args, signal)) === true
    },
    async mayAccessRecords(model, access, ids, signal) {
      if (await hasAccessMethod(signal))
        return (await call(model, 'has_access', { ids, operation: access }, signal)) === true
      try {
        await call(model, 'check_access_rule', { ids, operation: access }, signal)
        return true
      } catch (error) {
        if (pythonName(error) === 'odoo.exceptions.AccessError') return false
        throw error
      }
    },
    async isInGroup(userId, group, signal) {
      // The two changed in the same version: a method of the model before, of a record since.
      const ids = (await hasAccessMethod(signal)) ? { ids: [userId] } : {}
      return (await call(ANY_MODEL, 'has_group', { ...ids, group_ext_id: group }, signal)) === true
    },
  }
}

/** Asks at the first use and keeps the answer; an error is not kept. */
function once<T>(ask: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let known: { readonly answer: T } | null = null
  return async (signal) => {
    known ??= { answer: await ask(signal) }
    return known.answer
  }
}

/** What a server says of a method or an argument that it does not have: JSON-2 first, then the others. */
const IS_ABSENT = new Set(['werkzeug.exceptions.NotFound', 'builtins.AttributeError', 'builtins.TypeError'])

async function works(call: Promise<Value>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (IS_ABSENT.has(pythonName(error) ?? '')) return false
    throw error
  }
}

/** Whether a method is there, also where it refuses what it was called with. */
async function exists(call: Promise<Value>): Promise<boolean> {
  try {
    return await works(call)
  } catch (error) {
    if (error instanceof SyncError && error.disposition === 'park') return true
    throw error
  }
}

/** Whether a method is there: it is called without the arguments that it needs, and says so. */
async function wantsArguments(call: Promise<Value>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    const name = pythonName(error) ?? ''
    if (name === 'builtins.TypeError') return true
    if (IS_ABSENT.has(name)) return false
    throw error
  }
}

async function hasField(call: Call, model: string, field: string, signal: AbortSignal): Promise<boolean> {
  const fields = await call(model, 'fields_get', { allfields: [field], attributes: ['type'] }, signal)
  return typeof fields === 'object' && fields !== null && field in fields
}

/** Whether a selection has an option. False, too, where the model is not installed. */
async function hasOption(
  call: Call,
  model: string,
  field: string,
  option: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const fields = (await call(model, 'fields_get', { allfields: [field], attributes: ['selection'] }, signal)) as {
      readonly [name: string]: { readonly selection?: readonly (readonly [string, string])[] }
    }
    return fields[field]?.selection?.some(([value]) => value === option) ?? false
  } catch (error) {
    if (error instanceof SyncError && (error.code === 'schema' || error.code === 'invalid')) return false
    throw error
  }
}
