import { createAttachments, forgetFiles, storeFiles, writeAttachments } from './attachment.ts'
import { type Environment, modelOf } from './environment.ts'
import { fieldsGet } from './fields-get.ts'
import { accessError, httpError, pythonError, pythonRepr } from './odoo-error.ts'
import { createPartners, unlinkPartners, writePartners } from './partner.ts'
import { type JsonRecord, read, webRead } from './read.ts'
import { type SearchOptions, search } from './search.ts'
import { ADMIN_UID } from './seed.ts'
import { deleteRows, insertRows, isWritable, updateRows, type Values } from './write.ts'

export type Arguments = Readonly<Record<string, unknown>>

interface Method {
  readonly required: readonly string[]
  readonly optional: readonly string[]
  /** A method of the model, not of records: Odoo refuses `ids` for it. */
  readonly ofModel: boolean
  /** The only model that has the method, where not every one does. */
  readonly onlyOn?: string
  readonly run: (env: Environment, model: string, ids: readonly number[], args: Arguments) => unknown
}

/** The public methods, with the argument names of Odoo 19's Python. */
const METHODS: Readonly<Record<string, Method>> = {
  search: {
    required: ['domain'],
    optional: ['offset', 'limit', 'order'],
    ofModel: true,
    run: (env, model, _ids, args) => search(env, model, args.domain, args as SearchOptions),
  },
  search_count: {
    required: ['domain'],
    optional: ['limit'],
    ofModel: true,
    run: (env, model, _ids, args) =>
      search(env, model, args.domain, { ...(args as SearchOptions), order: 'id' }).length,
  },
  search_read: {
    required: [],
    optional: ['domain', 'fields', 'offset', 'limit', 'order', 'load'],
    ofModel: true,
    run: (env, model, _ids, args) => {
      const found = search(env, model, args.domain || [], args as SearchOptions)
      return read(env, model, found, args.fields as string[], hasNames(args))
    },
  },
  read: {
    required: [],
    optional: ['fields', 'load'],
    ofModel: false,
    run: (env, model, ids, args) => read(env, model, ids, args.fields as string[], hasNames(args)),
  },
  web_read: {
    required: ['specification'],
    optional: [],
    ofModel: false,
    run: (env, model, ids, args) => webRead(env, model, ids, args.specification as JsonRecord),
  },
  create: {
    required: ['vals_list'],
    optional: [],
    ofModel: true,
    run: (env, model, _ids, args) => create(env, model, toValuesList(args.vals_list)),
  },
  write: {
    required: ['vals'],
    optional: [],
    ofModel: false,
    run: (env, model, ids, args) => {
      write(env, model, ids, args.vals as Values)
      return true
    },
  },
  web_save_multi: {
    required: ['vals_list', 'specification'],
    optional: [],
    ofModel: false,
    run: (env, model, ids, args) => {
      const valuesList = args.vals_list as Values[]
      if (valuesList.length !== ids.length) {
        throw pythonError('ValueError', 'Each record must have a corresponding vals entry.')
      }
      ids.forEach((id, index) => {
        write(env, model, [id], valuesList[index] ?? {})
      })
      return webRead(env, model, ids, args.specification as JsonRecord)
    },
  },
  unlink: {
    required: [],
    optional: [],
    ofModel: false,
    run: (env, model, ids) => {
      unlink(env, model, ids)
      return true
    },
  },
  has_access: {
    required: ['operation'],
    optional: [],
    ofModel: false,
    run: (env, model, _ids, args) => hasAccess(env, model, args.operation),
  },
  has_group: {
    required: ['group_ext_id'],
    optional: [],
    ofModel: false,
    onlyOn: 'res.users',
    run: (_env, _model, ids, args) => hasGroup(ids, args.group_ext_id),
  },
  default_get: {
    required: ['fields'],
    optional: [],
    ofModel: true,
    run: (env, model, _ids, args) => defaultsOf(env, model, args.fields as string[]),
  },
  context_get: {
    required: [],
    optional: [],
    ofModel: true,
    onlyOn: 'res.users',
    run: (env) => ({ lang: 'en_US', tz: false, uid: env.user.uid }),
  },
  fields_get: {
    required: [],
    optional: ['allfields', 'attributes'],
    ofModel: true,
    run: (env, model, _ids, args) => fieldsGet(env, model, args.allfields as string[], args.attributes as string[]),
  },
}

/** Methods that exist on a real server, but that no remote call may name. */
const PRIVATE = new Set(['search_fetch', 'fetch', 'browse', 'exists', 'mapped', 'filtered', 'sudo'])

/** Calls a method as JSON-2 does: the model, then the method, then the arguments are looked at. */
export function callMethod(env: Environment, model: string, name: string, body: Arguments): unknown {
  if (!Object.hasOwn(env.models, model))
    throw httpError('NotFound', 404, `the model ${pythonRepr(model)} does not exist`)
  if (name.startsWith('_') || PRIVATE.has(name)) {
    throw accessError(`Private methods (such as '${model}.${name}') cannot be called remotely.`)
  }
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
  if (!method || (method.onlyOn ?? model) !== model)
    throw httpError('NotFound', 404, `The method '${model}.${name}' does not exist`)
  const { ids, context: _context, ...args } = body
  const records = Array.isArray(ids) ? (ids as number[]) : typeof ids === 'number' ? [ids] : []
  if (method.ofModel && records.length > 0) throw unprocessable(`cannot call ${model}.${name} with ids`)
  const missing = method.required.find((argument) => !(argument in args))
  if (missing) throw unprocessable(`missing a required argument: '${missing}'`)
  const unexpected = Object.keys(args).find((argument) => ![...method.required, ...method.optional].includes(argument))
  if (unexpected) throw unprocessable(`got an unexpected keyword argument '${unexpected}'`)
  return method.run(env, model, records, args)
}

/** The arguments of `execute_kw` by their names: the records first for a method of records, then as Python has them. */
export function namedArguments(name: string, args: readonly unknown[], kwargs: Arguments): Record<string, unknown> {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
  if (method === undefined) return { ...kwargs }
  const [ids, ...rest] = method.ofModel ? [undefined, ...args] : args
  const names = [...method.required, ...method.optional]
  const named = Object.fromEntries(rest.map((value, index) => [names[index] ?? `argument ${index}`, value]))
  return { ...named, ...kwargs, ...(ids === undefined ? {} : { ids }) }
}

function unprocessable(description: string): Error {
  return httpError('UnprocessableEntity', 422, description)
}

function hasNames(args: Arguments): boolean {
  return !('load' in args) || args.load === '_classic_read'
}

function hasAccess(env: Environment, model: string, operation: unknown): boolean {
  if (!['read', 'create', 'write', 'unlink'].includes(String(operation))) {
    throw pythonError('AssertionError', 'Invalid access mode')
  }
  return operation === 'read' || isWritable(env, model)
}

/** The stand-in has two groups: everyone is a user, and the administrator is of the system's. */
function hasGroup(ids: readonly number[], group: unknown): boolean {
  if (ids.length !== 1) throw pythonError('ValueError', `Expected singleton: res.users(${ids.join(', ')})`)
  return group === 'base.group_user' || (group === 'base.group_system' && ids[0] === ADMIN_UID)
}

/** The fields that a new record gets a value for by itself. */
function defaultsOf(env: Environment, model: string, names: readonly string[]): JsonRecord {
  const { fields } = modelOf(env, model)
  const defaults: JsonRecord = {}
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fields[name]?.default : undefined
    if (value !== undefined) defaults[name] = Array.isArray(value) ? [[6, 0, value]] : value
  }
  return defaults
}

function toValuesList(value: unknown): readonly Values[] {
  if (value === null) throw pythonError('TypeError', "'NoneType' object is not iterable")
  if (typeof value === 'string') throw pythonError('AttributeError', "'str' object has no attribute 'get'")
  return Array.isArray(value) ? (value as Values[]) : [value as Values]
}

export function create(env: Environment, model: string, valuesList: readonly Values[]): number[] {
  if (model === 'ir.attachment') return createAttachments(env, valuesList)
  const ids = model === 'res.partner' ? createPartners(env, valuesList) : insertRows(env, model, valuesList)
  ids.forEach((id, index) => {
    storeFiles(env, model, [id], valuesList[index] ?? {})
  })
  return ids
}

export function write(env: Environment, model: string, ids: readonly number[], values: Values): void {
  modelOf(env, model)
  if (model === 'ir.attachment') {
    writeAttachments(env, ids, values)
    return
  }
  if (model === 'res.partner') writePartners(env, ids, values)
  else updateRows(env, model, ids, values)
  storeFiles(env, model, ids, values)
}

export function unlink(env: Environment, model: string, ids: readonly number[]): void {
  if (model === 'res.partner') unlinkPartners(env, ids)
  else deleteRows(env, model, ids)
  if (model !== 'ir.attachment') forgetFiles(env, model, ids)
}
