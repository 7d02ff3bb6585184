/** A connector of one's own: each record is a file of JSON, `<folder>/<collection>/<key>.json`, never half written. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { access, constants, link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import * as tandem from 'odoo-tandem/contract'
import { z } from 'zod'

const settingsSchema = z.strictObject({ type: z.string(), folder: z.string().min(1) })
/** The mapping's external side: `{ collection: customers, key: code, fields: { name: text, born: date } }`. */
const specSchema = z.strictObject({
  collection: z.string().regex(/^[\w-]+$/),
  fields: z.record(z.string(), z.enum(tandem.FIELD_TYPES)),
})

const createJsonFolder: tandem.ConnectorFactory = (settings, _name, surroundings) => {
  const folder = resolve(surroundings?.folder ?? '.', parse(settingsSchema, settings).folder)
  return {
    async check() {
      if (!existsSync(folder)) throw new tandem.SyncError('unavailable', `There is no folder ${folder}.`)
      return { server: 'JSON files', user: null, clockOffsetMs: 0, identity: null, problems: [] }
    },
    collection: (request) => openCollection(folder, request),
    async [Symbol.asyncDispose]() {},
  }
}
export default createJsonFolder

/** What zod finds wrong becomes the cause, and so is told with its line in the user's file. */
function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const { success, data, error } = schema.safeParse(given)
  if (success) return data
  throw new tandem.SyncError('config', error.message, { cause: error })
}

function openCollection(parent: string, request: tandem.CollectionRequest): tandem.Collection {
  const spec = parse(specSchema, request.spec)
  const folder = join(parent, spec.collection)
  // A key may hold anything; a file's name may not.
  const fileOf = (id: tandem.RecordId): string => join(folder, `${encodeURIComponent(id)}.json`)

  /** Every call begins so: nothing is done for one that was given up, nor for a mapping that does not fit. */
  const begin = async (signal: AbortSignal, fields = request.fields): Promise<void> => {
    signal.throwIfAborted()
    if (!existsSync(folder)) throw new tandem.SyncError('schema', `There is no folder ${folder}.`)
    const unknown = fields.find((name) => !(name in spec.fields))
    if (unknown !== undefined) throw new tandem.SyncError('schema', `The mapping declares no field "${unknown}".`)
  }
  const load = async (id: tandem.RecordId): Promise<tandem.RecordState | null> => {
    const found = await Promise.all([readFile(fileOf(id), 'utf8'), stat(fileOf(id))]).catch(ignore('ENOENT'))
    return found && stateOf(id, found[0], Math.floor(found[1].mtimeMs))
  }
  const stateOf = (id: tandem.RecordId, text: string, changedAtMs: number): tandem.RecordState => {
    const stored = JSON.parse(text) as tandem.Fields
    const fields = Object.fromEntries(request.fields.map((name) => [name, stored[name] ?? null]))
    return { id, version: createHash('sha1').update(text).digest('hex'), changedAtMs, byUs: null, fields }
  }
  const idsAfter = async (after: string | null, limit: number): Promise<tandem.RecordId[]> => {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
    const ids = names.map((name) => decodeURIComponent(name.slice(0, -'.json'.length))).sort()
    return ids.filter((id) => after === null || id > after).slice(0, limit)
  }
  const loadAll = async (ids: readonly tandem.RecordId[]): Promise<tandem.RecordState[]> =>
    (await Promise.all(ids.map(load))).filter((state) => state !== null)

  /** Writes all or nothing: others see the old file or the new one. A link fails where a file exists, a rename does not. */
  const write = async (id: tandem.RecordId, fields: tandem.Fields, place: typeof link): Promise<tandem.Outcome> => {
    const text = `${JSON.stringify(fields, null, 2)}\n`
    const temporary = `${fileOf(id)}.${randomUUID()}.tmp`
    await writeFile(temporary, text, { flush: true })
    const placed = await place(temporary, fileOf(id)).catch(ignore('EEXIST'))
    await rm(temporary, { force: true })
    return placed === null ? { kind: 'exists' } : { kind: 'done', record: stateOf(id, text, Date.now()), isOurs: true }
  }
  const applyOne = async (operation: tandem.Operation): Promise<tandem.Outcome> => {
    if (operation.kind === 'create') return write(String(operation.fields[request.key ?? '']), operation.fields, link)
    const { id } = operation
    if (!existsSync(fileOf(id))) return { kind: 'gone' }
    // What the mapping does not know stays in the file.
    const stored = JSON.parse(await readFile(fileOf(id), 'utf8')) as tandem.Fields
    if (operation.kind === 'update') return write(id, { ...stored, ...operation.fields }, rename)
    await rm(fileOf(id))
    return { kind: 'done', record: null, isOurs: true }
  }

  return {
    capabilities: { deletes: 'listed', maxBatch: 100, pageSize: 500, guardedWrites: false, archive: null },
    async describe(signal) {
      await begin(signal, [])
      return { name: spec.collection, fields: new Map(Object.entries(spec.fields).map(fieldSchema)) }
    },
    async check() {
      const problem = await access(folder, constants.W_OK).catch((error: Error) => error)
      return problem ? [{ severity: 'error', message: problem.message, hint: 'The folder has to be writable.' }] : []
    },
    feed: {
      /** Reads everything, every time: there is nothing to ask for what is new. The engine drops what did not change. */
      async read({ cursor, limit }, signal) {
        await begin(signal)
        const ids = await idsAfter(cursor || null, limit)
        const changes = (await loadAll(ids)).map((state) => ({ kind: 'state', state }) as const)
        const caughtUp = ids.length < limit
        return { changes, cursor: (caughtUp ? null : ids.at(-1)) ?? '', caughtUp }
      },
      async list(after, limit, signal) {
        await begin(signal)
        const ids = await idsAfter(after, limit)
        return { entries: await loadAll(ids), after: (ids.length < limit ? null : ids.at(-1)) ?? null }
      },
    },
    sink: {
      async read(ids, signal) {
        await begin(signal)
        return new Map((await loadAll(ids)).map((state) => [state.id, state]))
      },
      async find({ field, values, fold }, signal) {
        await begin(signal)
        const wanted = new Set(values.map((value) => folded(value, fold)))
        const all = await loadAll(await idsAfter(null, Number.POSITIVE_INFINITY))
        return all.filter(({ fields }) => wanted.has(folded(fields[field] ?? null, fold)))
      },
      async apply(operations, signal) {
        await begin(signal)
        return Promise.all(operations.map(applyOne))
      },
    },
  }
}

function fieldSchema([name, type]: [string, tandem.FieldType]): [string, tandem.FieldSchema] {
  const nothing = { relation: null, maxLength: null, scale: null, options: null }
  return [name, { name, type, isRequired: false, isReadOnly: false, isAssigned: false, ...nothing }]
}

function folded(value: tandem.Value, fold: tandem.FindRequest['fold']): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  const text = fold.case ? value.toLowerCase() : value
  return fold.space ? text.trim().replace(/\s+/g, ' ') : text
}

/** For `catch`: null for an error with this code, any other is thrown on. */
function ignore(code: string): (error: NodeJS.ErrnoException) => null {
  return (error) => {
    if (error.code !== code) throw error
    return null
  }
}
