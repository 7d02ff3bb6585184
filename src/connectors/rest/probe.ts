import type { Finding } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import type { Value } from '../../contract/value.ts'
import { listAt, textAt, valueAt } from '../../http/json-path.ts'
import type { JsonAnswer } from '../../http/request-json.ts'
import { checkFilters } from './check.ts'
import { headerOf } from './client.ts'
import { parseMoment } from './moment.ts'
import { nextPlace, type Place, START } from './paging.ts'
import { findRecords, readOne } from './read-records.ts'
import { pageCall, positionPath, type Resource } from './resource.ts'
import { learnedSchema } from './schema.ts'

const MAX_PAGES = 3
/** Names under which APIs tell when a record changed. */
const UPDATE_NAMES = /(^|[._])(updated|modified|changed|last_?(updated|modified|changed))(_?(at|on|date|time|gmt))*$/i
const LIMIT_HEADERS = /rate-?limit|^retry-after$|call-limit/i

/** What an API shows of itself when it is read: for whoever describes it in the configuration. */
export async function probeCollection(resource: Resource, signal: AbortSignal): Promise<readonly Finding[]> {
  const { answers, items, pages } = await readPages(resource, signal)
  return [
    pages,
    ...fieldFindings(resource, items),
    idFinding(resource, items),
    keyFinding(resource, items),
    ...timeFindings(resource, items),
    ...(await filterFindings(resource, signal)),
    await readFinding(resource, items[0], signal),
    ...(await findFindings(resource, items, signal)),
    limitFinding(answers),
  ]
}

interface Read {
  readonly answers: readonly JsonAnswer[]
  readonly items: readonly Value[]
  readonly pages: Finding
}

async function readPages(resource: Resource, signal: AbortSignal): Promise<Read> {
  const { client, definition } = resource
  const { list } = definition
  const answers: JsonAnswer[] = []
  const items: Value[] = []
  const sizes: number[] = []
  let place: Place | null = START
  while (place !== null && answers.length < MAX_PAGES) {
    const answer = await client.call(pageCall(list, place, 1000), signal)
    const found = listAt(answer.body, list.items)
    if (found === null) throw noListAt(list.items, answer)
    answers.push(answer)
    items.push(...found)
    sizes.push(found.length)
    const lastId = textAt(found.at(-1), positionPath(list, definition.id))
    place = nextPlace(list.paging, place, answer, { count: found.length, taken: found.length, lastId })
  }
  return { answers, items, pages: pageFinding(definition.id, list.paging.by, items, sizes, place !== null) }
}

/** @throws SyncError that names where lists are in the answer. */
function noListAt(path: string, { body }: JsonAnswer): SyncError {
  const lists = pathsOfLists(body, '')
  return new SyncError('config', `The answer has no list at "${path}"`, {
    hint:
      lists.length === 0
        ? 'It holds no list at all: check `path`.'
        : `Set \`items\` to ${lists.map((each) => `"${each}"`).join(' or ')}.`,
  })
}

function pathsOfLists(value: Value | undefined, prefix: string, depth = 0): string[] {
  if (Array.isArray(value)) return [prefix]
  if (typeof value !== 'object' || value === null || depth > 3) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    pathsOfLists(inner as Value, prefix === '' ? name : `${prefix}.${name}`, depth + 1),
  )
}

function pageFinding(
  id: string,
  by: string,
  items: readonly Value[],
  sizes: readonly number[],
  hasMore: boolean,
): Finding {
  const ids = items.map((item) => textAt(item, id))
  const repeated = ids.length - new Set(ids).size
  const found = `${sizes.join(' + ')} records${hasMore ? ', and more' : ', which is all'} (paging by ${by})`
  if (repeated > 0) {
    const hint = 'The paging parameters are probably ignored: look up how the API pages its lists.'
    return { topic: 'pages', found: `${found}; ${repeated} of them came more than once`, hint }
  }
  const hint =
    by === 'none' && items.length % 10 === 0 && items.length > 0
      ? 'A round number may be one page of more: set `paging`.'
      : null
  return { topic: 'pages', found, hint }
}

/** Fields that the configuration does not know. */
function fieldFindings({ definition, name }: Resource, items: readonly Value[]): Finding[] {
  if (definition.fields === undefined || items.length === 0) return []
  const seen = learnedSchema(name, definition, items, []).fields
  const declared = [...Object.keys(definition.fields), definition.id]
  const known = new Set([...declared, definition.changes?.field])
  const missing = [...seen.values()].filter((field) => !known.has(field.name))
  const absent = declared.filter((field) => !seen.has(field))
  const findings: Finding[] = []
  if (missing.length > 0) {
    const found = missing.map((field) => `${field.name} (${field.type})`).join(', ')
    findings.push({ topic: 'other fields', found, hint: 'Add those that you need to `fields`.' })
  }
  if (absent.length > 0) {
    findings.push({ topic: 'never seen', found: absent.join(', '), hint: 'Check how they are written.' })
  }
  return findings
}

function idFinding({ definition }: Resource, items: readonly Value[]): Finding {
  const ids = items.map((item) => textAt(item, definition.id))
  if (items.length === 0) return { topic: 'id', found: null, hint: 'There are no records yet to look at.' }
  if (ids.every((id) => id !== null)) return { topic: 'id', found: `"${definition.id}", such as ${ids[0]}`, hint: null }
  return {
    topic: 'id',
    found: `not every record has "${definition.id}"`,
    hint: 'Set `id` to the field that names a record.',
  }
}

/** Texts that every record has and no two share. */
function keyFinding({ definition, name }: Resource, items: readonly Value[]): Finding {
  const { fields } = learnedSchema(name, definition, items, [])
  const candidates = [...fields.values()]
    .filter((field) => field.type === 'text' && field.name !== definition.id)
    .map((field) => field.name)
    .filter((path) => {
      const values = items.map((item) => textAt(item, path))
      return (
        values.length > 1 &&
        values.every((value) => value !== null && value !== '') &&
        new Set(values).size === values.length
      )
    })
  const found = candidates.length === 0 ? null : `${candidates.join(', ')}: in every record, and different in each`
  return {
    topic: 'key',
    found,
    hint: found === null ? 'The id can be the key if no other field names a record.' : null,
  }
}

function timeFindings({ definition, name }: Resource, items: readonly Value[]): Finding[] {
  const { fields } = learnedSchema(name, definition, items, [])
  const candidates = [...fields.keys()].filter((path) => UPDATE_NAMES.test(path))
  const field = definition.changes?.field ?? candidates[0]
  if (field === undefined) {
    return [
      { topic: 'update time', found: null, hint: 'No field looks like one: every scan will read the whole list.' },
    ]
  }
  const stamps = items.map((item) => parseMoment(valueAt(item, field)))
  const known = stamps.filter((stamp) => stamp !== null)
  const empty = stamps.length - known.length
  const isWhole = known.length > 0 && known.every((stamp) => stamp % 1000 === 0)
  const example = String(
    valueAt(
      items.find((item) => parseMoment(valueAt(item, field)) !== null),
      field,
    ) ?? '',
  )
  const parts = [
    `"${field}"${example === '' ? '' : `, such as ${example}`}`,
    ...(isWhole ? ['in whole seconds'] : known.length > 0 ? ['finer than seconds'] : []),
    ...(empty > 0 ? [`empty in ${empty} of ${stamps.length} records`] : []),
  ]
  const hint = empty > 0 ? 'Add a filter for the time of creation to `changes.filters`, or scan without one.' : null
  const others = candidates.filter((path) => path !== field)
  const also = { topic: 'other times', found: `perhaps one of them is better: ${others.join(', ')}`, hint: null }
  return [{ topic: 'update time', found: parts.join(', '), hint }, ...(others.length > 0 ? [also] : [])]
}

async function filterFindings(resource: Resource, signal: AbortSignal): Promise<Finding[]> {
  const problems = await checkFilters(resource, signal)
  if (problems.length === 0) return [{ topic: 'change filter', found: 'is respected', hint: null }]
  return problems.map(({ message, hint }) => ({ topic: 'change filter', found: message, hint }))
}

async function readFinding(resource: Resource, first: Value | undefined, signal: AbortSignal): Promise<Finding> {
  const { definition } = resource
  const topic = 'reading one'
  if (definition.read === undefined) return { topic, found: null, hint: 'Set `read` to the call that reads a record.' }
  const id = textAt(first, definition.id)
  if (id === null) return { topic, found: null, hint: 'There is no record to try it with.' }
  const record = await readOne(resource, id, signal)
  if (record === null)
    return { topic, found: `record ${id} of the list is not found by it`, hint: 'Check `read` and `id`.' }
  const found = `works${record.etag === null ? '' : ', and gives an ETag'}`
  const hint = record.etag !== null && !definition.if_match ? 'Try `if_match: true`, if updates honour If-Match.' : null
  return { topic, found, hint }
}

async function findFindings(resource: Resource, items: readonly Value[], signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const field of Object.keys(resource.definition.find)) {
    const topic = `find by ${field}`
    const value = items
      .map((item) => valueAt(item, field))
      .find((each) => each !== undefined && each !== null && each !== '')
    if (value === undefined) {
      findings.push({ topic, found: null, hint: `No record has a ${field} to try it with.` })
      continue
    }
    const fold = { case: false, space: false }
    const found = await findRecords(resource, { field, values: [value], fold }, signal)
    const right = items.filter((item) => valueAt(item, field) === value).length
    if (found.length === 0)
      findings.push({ topic, found: `finds nothing for ${JSON.stringify(value)}`, hint: 'Check the query.' })
    else if (found.length > right + 1) {
      const told = `gives ${found.length} records for ${JSON.stringify(value)}`
      findings.push({ topic, found: told, hint: 'The parameter is probably ignored: check the query.' })
    } else findings.push({ topic, found: 'works', hint: null })
  }
  return findings
}

function limitFinding(answers: readonly JsonAnswer[]): Finding {
  const last = answers.at(-1)
  const seen = Object.keys(last?.headers ?? {}).filter((name) => LIMIT_HEADERS.test(name))
  if (last === undefined || seen.length === 0)
    return { topic: 'rate limits', found: null, hint: 'No answer tells of any.' }
  return { topic: 'rate limits', found: seen.map((name) => `${name}: ${headerOf(last, name)}`).join(', '), hint: null }
}
