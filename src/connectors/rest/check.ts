import type { Problem } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { valueAt } from '../../http/json-path.ts'
import { formatMoment, parseMoment } from './moment.ts'
import { findsByListing } from './read-records.ts'
import { type Resource, readList } from './resource.ts'
import { fill } from './template.ts'

const YEAR_MS = 365 * 86_400_000

/** What keeps a mapping from working here, as far as it can be found out without writing. */
export async function checkCollection(
  resource: Resource,
  needs: { readonly create: boolean; readonly update: boolean; readonly remove: boolean },
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const { definition, name, key } = resource
  const problems: Problem[] = []
  for (const kind of ['create', 'update', 'remove'] as const) {
    if (!needs[kind] || definition[kind] !== undefined || definition.batch[kind] !== undefined) continue
    problems.push(error(`${name} has no call to ${kind} a record`, `Add \`${kind}\` to the collection.`))
  }
  if (definition.read === undefined && definition.read_many === undefined) {
    problems.push(warning(`${name} has no call that reads one record: each look reads the whole list`, 'Add `read`.'))
  }
  if (needs.create && key !== null && findsByListing(resource, key)) {
    const hint = `Add \`find: { ${key}: … }\` to the collection.`
    problems.push(warning(`${name} cannot be looked up by ${key}: each look-up reads the whole list`, hint))
  }
  try {
    await resource.reader(signal)
    const { items } = await readList(resource.client, definition.list, null, 5, signal)
    problems.push(...checkItems(resource, items))
    problems.push(...(await checkFilters(resource, signal)))
  } catch (cause) {
    if (!(cause instanceof SyncError) || cause.disposition === 'retry' || cause.disposition === 'defer') throw cause
    problems.push({ severity: 'error', message: cause.message, hint: cause.hint })
  }
  return problems
}

function checkItems({ definition, name }: Resource, items: readonly Value[]): Problem[] {
  if (items.length === 0) return []
  const problems: Problem[] = []
  if (items.some((item) => valueAt(item, definition.id) === undefined)) {
    problems.push(error(`Records of ${name} have nothing at "${definition.id}"`, 'Correct `id` of the collection.'))
  }
  const stamp = definition.changes?.field
  if (stamp !== undefined && items.every((item) => parseMoment(valueAt(item, stamp)) === null)) {
    const hint = 'Correct `changes.field`, or add a filter for the time of creation.'
    problems.push(warning(`Records of ${name} have no time at "${stamp}"`, hint))
  }
  return problems
}

/**
 * An API that does not know a filter mostly ignores it and answers with everything. Nothing can have changed after a year
 * from now, so a record in that answer shows it.
 */
export async function checkFilters({ client, definition, name }: Resource, signal: AbortSignal): Promise<Problem[]> {
  const { changes, list } = definition
  if (changes === undefined) {
    return [warning(`${name} has no change filter: each scan reads the whole list`, 'Add `changes`, or scan seldom.')]
  }
  const problems: Problem[] = []
  for (const filter of changes.filters) {
    const since = formatMoment(Date.now() + YEAR_MS, changes.format, definition.timezone)
    const filled = Object.fromEntries(
      Object.entries(filter).map(([key, value]) => [key, fill(value as Value, { since })]),
    )
    const { items } = await readList(client, list, null, 5, signal, filled)
    if (items.length === 0) continue
    const names = Object.keys(filter).join(', ')
    problems.push(
      warning(
        `${name} seems to ignore the filter ${names}: it lists records that changed after a year from now`,
        'Nothing is lost, but each scan reads the whole list. Look up how the API filters by time.',
      ),
    )
  }
  return problems
}

function error(message: string, hint: string): Problem {
  return { severity: 'error', message, hint }
}

function warning(message: string, hint: string): Problem {
  return { severity: 'warning', message, hint }
}
