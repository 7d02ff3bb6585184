import { z } from 'zod'
import type { Collection, CollectionRequest, Problem } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { perform, type Session } from './call.ts'
import { createCaller } from './caller.ts'
import { type Row, type Table, tableOf, type View } from './database.ts'
import type { Method } from './faults.ts'
import { createFeed } from './feed.ts'
import { type Definition, defineCollection } from './options.ts'
import { createSink } from './sink.ts'
import { canonicalText } from './stored-form.ts'

/** A collection's name, or its name and the values that its records have in some fields. */
const specSchema = z.union([
  z.string().min(1),
  z.strictObject({ collection: z.string().min(1), where: z.record(z.string(), z.json()).optional() }),
])

export function createCollection(session: Session, request: CollectionRequest): Collection {
  const parsed = specSchema.safeParse(request.spec)
  if (!parsed.success) throw new SyncError('config', `A memory collection: ${z.prettifyError(parsed.error)}`)
  const name = typeof parsed.data === 'string' ? parsed.data : parsed.data.collection
  const where = typeof parsed.data === 'string' ? {} : (parsed.data.where ?? {})
  const { database } = session.store
  const conditions = Object.entries(where).map(([field, value]) => [field, canonicalText(value)] as const)
  const table = (): Table => tableOf(database, name)
  const isMember = ({ fields }: Row): boolean =>
    table().definition.filter(fields) &&
    conditions.every(([field, text]) => canonicalText(fields[field] ?? null) === text)
  const view = (): View => ({ table: table(), isMember, fields: request.fields })
  const definition: Definition = database.tables.get(name)?.definition ?? defineCollection({ fields: {} })
  const call = (method: Method) => ({ method, collection: name, operations: [] })
  const collection: Collection = {
    capabilities: {
      deletes: definition.deletes,
      maxBatch: definition.maxBatch,
      pageSize: definition.pageSize,
      guardedWrites: definition.guardedWrites,
      archive: definition.archive,
    },
    describe: (signal) =>
      perform(session, call('describe'), signal, () => ({ name, fields: new Map(table().definition.fields) })),
    check: (needs, signal) =>
      perform(session, call('check'), signal, () => checkCollection(session, name, request.fields, needs)),
    feed: definition.feed === null ? null : createFeed(session, name, definition, view),
    sink: definition.hasSink ? createSink(session, name, request.fields, table, isMember) : null,
    ...(Object.keys(definition.methods).length > 0 ? { caller: createCaller(session, name, table) } : {}),
  }
  if (definition.feed?.kind !== 'log') return collection
  return {
    ...collection,
    prepare: (signal) =>
      perform(session, call('prepare'), signal, () => {
        table().isLogging = true
      }),
  }
}

function checkCollection(
  session: Session,
  name: string,
  fields: readonly string[],
  needs: { create: boolean; update: boolean; remove: boolean },
): readonly Problem[] {
  const table = session.store.database.tables.get(name)
  if (table === undefined) {
    const known = [...session.store.database.tables.keys()].join(', ')
    return [{ severity: 'error', message: `The memory store has no collection ${name}.`, hint: `It has: ${known}.` }]
  }
  const problems: Problem[] = []
  for (const field of fields) {
    if (table.definition.fields.has(field)) continue
    problems.push({ severity: 'error', message: `${name} has no field ${field}.`, hint: 'Correct the mapping.' })
  }
  for (const right of ['create', 'update', 'remove'] as const) {
    if (!needs[right] || table.definition.rights[right]) continue
    problems.push({ severity: 'error', message: `We may not ${right} in ${name}.`, hint: `Allow us to ${right}.` })
  }
  return problems
}
