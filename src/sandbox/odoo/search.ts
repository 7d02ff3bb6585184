import { type CellTest, equalityTest, type Inequality, inequalityTest, likeTest } from './condition.ts'
import { childIds, firstAfter, visibleIds } from './database.ts'
import { conditionError, type DomainNode, type Leaf, mentions, parseDomain, requiredLeaves } from './domain.ts'
import { type Environment, fieldOf, modelOf, rowOf, withArchived } from './environment.ts'
import { isTruthy } from './field-value.ts'
import { displayName } from './names.ts'
import { compareBy, isOrderedById, parseOrder } from './order.ts'
import type { FieldDefinition, Row } from './schema.ts'

export interface SearchOptions {
  readonly offset?: number
  readonly limit?: number | null
  readonly order?: string | null
}

type RowTest = (row: Row) => boolean

/** The ids that match, in order. Archived records are left out unless the context or the domain speaks of them. */
export function search(env: Environment, model: string, domain: unknown, options: SearchOptions = {}): number[] {
  const node = withActive(env, model, withoutFieldFiles(model, parseDomain(domain)))
  const test = compileNode(env, model, node)
  const order = parseOrder(env, model, options.order || modelOf(env, model).order)
  const offset = options.offset ?? 0
  const end = options.limit ? offset + options.limit : Number.POSITIVE_INFINITY
  const found: number[] = []
  const stopsEarly = isOrderedById(order)
  for (const id of candidates(env, model, node)) {
    const row = rowOf(env, model, id)
    if (!row || !test(row)) continue
    found.push(id)
    if (stopsEarly && found.length >= end) break
  }
  if (!stopsEarly) found.sort(compareBy(env, model, order))
  return found.slice(offset, end)
}

/** An attachment that holds a field of a record is no document, unless the domain speaks of such fields, or of ids. */
function withoutFieldFiles(model: string, node: DomainNode): DomainNode {
  if (model !== 'ir.attachment' || mentions(node, 'id') || mentions(node, 'res_field')) return node
  return { kind: 'and', nodes: [node, { kind: 'leaf', path: 'res_field', operator: '=', value: false }] }
}

function withActive(env: Environment, model: string, node: DomainNode): DomainNode {
  const isTested = env.context.active_test === undefined || isTruthy(env.context.active_test)
  if (!isTested || !fieldOf(env, model, 'active') || mentions(node, 'active')) return node
  return { kind: 'and', nodes: [node, { kind: 'leaf', path: 'active', operator: '=', value: true }] }
}

/** The ids worth testing, ascending: conditions on the id that every match must fulfil cut the table. */
function* candidates(env: Environment, model: string, node: DomainNode): Generator<number> {
  const onId = requiredLeaves(node).filter(({ path }) => path === 'id')
  const listing = onId.find(({ operator }) => operator === 'in' || operator === '=')
  if (listing) {
    const listed = new Set((Array.isArray(listing.value) ? (listing.value as unknown[]) : [listing.value]).map(Number))
    yield* [...listed].sort((left, right) => left - right)
    return
  }
  const ids = visibleIds(env.transaction, model)
  let start = 0
  for (const { operator, value } of onId) {
    if (operator === '>') start = Math.max(start, firstAfter(ids, Number(value)))
    if (operator === '>=') start = Math.max(start, firstAfter(ids, Number(value) - 1))
  }
  for (let index = start; index < ids.length; index++) yield ids[index] ?? 0
}

function compileNode(env: Environment, model: string, node: DomainNode): RowTest {
  if (node.kind === 'constant') return () => node.value
  if (node.kind === 'not') {
    const test = compileNode(env, model, node.node)
    return (row) => !test(row)
  }
  if (node.kind === 'leaf') return compileLeaf(env, model, node)
  const tests = node.nodes.map((child) => compileNode(env, model, child))
  return node.kind === 'and' ? (row) => tests.every((test) => test(row)) : (row) => tests.some((test) => test(row))
}

function compileLeaf(env: Environment, model: string, leaf: Leaf): RowTest {
  const [name = '', ...rest] = leaf.path.split('.')
  const field = fieldOf(env, model, name)
  if (!field) throw conditionError(`Invalid field ${model}.${name}`, leaf.path, leaf.operator, leaf.value)
  if (leaf.operator === '=?') {
    return leaf.value ? compileLeaf(env, model, { ...leaf, operator: '=' }) : () => true
  }
  if (rest.length > 0) return anyTest(env, name, field, [[rest.join('.'), leaf.operator, leaf.value]], true)
  if (leaf.operator === 'any' || leaf.operator === 'not any') {
    return anyTest(env, name, field, leaf.value, leaf.operator === 'any')
  }
  if (leaf.operator === 'child_of' || leaf.operator === 'parent_of') return hierarchyTest(env, model, name, field, leaf)
  if (name === 'display_name') return displayNameTest(env, model, leaf)
  const test = field.relation ? relationTest(env, field, leaf) : cellTest(field, leaf)
  return (row) => test(row[name] ?? null)
}

function cellTest(field: FieldDefinition, leaf: Leaf): CellTest {
  const { operator, value } = leaf
  if (operator.endsWith('like')) {
    if (isTruthy(value)) return likeTest(field, operator, String(value))
    return emptyLikeTest(field, operator)
  }
  if (operator === '=' || operator === '!=' || operator === 'in' || operator === 'not in') {
    const values = Array.isArray(value) ? (value as unknown[]) : [value]
    const isEmptyEquality = values.length === 0 && (operator === '=' || operator === '!=')
    const positive = operator === '=' || operator === 'in' ? 'in' : 'not in'
    return equalityTest(field, positive, isEmptyEquality ? [false] : values)
  }
  return inequalityTest(field, operator as Inequality, value)
}

/** `ilike ''` matches everything, `=ilike ''` only what is empty. */
function emptyLikeTest(field: FieldDefinition, operator: string): CellTest {
  const result = operator.startsWith('not ') === operator.includes('=')
  if (!field.relation && !operator.includes('=')) return () => result
  return equalityTest(field, result ? 'not in' : 'in', [false])
}

function displayNameTest(env: Environment, model: string, leaf: Leaf): RowTest {
  const test = cellTest({ type: 'char', string: 'Display Name' }, leaf)
  return (row) => test(displayName(env, model, Number(row.id)))
}

/** A relation compared with ids, or by the display name of what it refers to. */
function relationTest(env: Environment, field: FieldDefinition, leaf: Leaf): CellTest {
  const values = Array.isArray(leaf.value) ? (leaf.value as unknown[]) : [leaf.value]
  const byName = leaf.operator.endsWith('like') || values.some((value) => typeof value === 'string')
  const isNegative = leaf.operator === '!=' || leaf.operator.startsWith('not ')
  if (leaf.operator.endsWith('like') && !isTruthy(leaf.value)) return relatedTest(field, [false], !isNegative)
  if (!byName && !'=!i n'.includes(leaf.operator[0] ?? ''))
    return inequalityTest(field, leaf.operator as Inequality, leaf.value)
  if (!byName)
    return relatedTest(field, values.length === 0 && leaf.operator.endsWith('=') ? [false] : values, isNegative)
  const positive = leaf.operator.replace('not ', '').replace('!=', '=')
  const names = values.filter((value) => typeof value === 'string' || leaf.operator.endsWith('like'))
  const nodes = names.map((value) => ['display_name', positive === 'in' ? '=' : positive, value])
  const domain = [...nodes.slice(1).map(() => '|'), ...nodes]
  const ids: unknown[] = search(withArchived(env), field.relation ?? '', domain, { order: 'id' })
  return relatedTest(
    field,
    [...ids, ...values.filter((value) => typeof value === 'number' || value === false)],
    isNegative,
  )
}

function relatedTest(field: FieldDefinition, values: readonly unknown[], isNegative: boolean): CellTest {
  const wanted = new Set(values.filter((value) => value !== false).map(Number))
  const matchesEmpty = values.includes(false)
  if (field.type === 'many2one') {
    return (cell) => (cell === null ? matchesEmpty : wanted.has(Number(cell))) !== isNegative
  }
  return (cell) => {
    const ids = Array.isArray(cell) ? (cell as readonly number[]) : []
    return (ids.length === 0 ? matchesEmpty : ids.some((id) => wanted.has(id))) !== isNegative
  }
}

function anyTest(
  env: Environment,
  name: string,
  field: FieldDefinition,
  domain: unknown,
  isPositive: boolean,
): RowTest {
  if (!field.relation) throw conditionError('Cannot determine the relation', name, 'any', domain)
  const found = new Set(search(withArchived(env), field.relation, domain, { order: 'id' }))
  return (row) => {
    const cell = row[name] ?? null
    const ids = Array.isArray(cell) ? (cell as readonly number[]) : typeof cell === 'number' ? [cell] : []
    return ids.some((id) => found.has(id)) === isPositive
  }
}

function hierarchyTest(env: Environment, model: string, name: string, field: FieldDefinition, leaf: Leaf): RowTest {
  const comodel = field.relation ?? model
  const given = Array.isArray(leaf.value) ? (leaf.value as unknown[]) : [leaf.value]
  const start = given.flatMap((value) => {
    if (typeof value !== 'string') return typeof value === 'number' ? [value] : []
    return search(withArchived(env), comodel, [['display_name', '=', value]], { order: 'id' })
  })
  const reached = new Set<number>()
  for (let level = start; level.length > 0; ) {
    const fresh = level.filter((id) => !reached.has(id))
    for (const id of fresh) reached.add(id)
    level = fresh.flatMap((id) =>
      leaf.operator === 'child_of' ? childIds(env.transaction, comodel, id) : parentIds(env, comodel, id),
    )
  }
  // Over a model's own parent field, the hierarchy is about the record itself.
  const own = name === 'id' || (comodel === model && field.type === 'many2one')
  return (row) => {
    const cell = own ? Number(row.id) : (row[name] ?? null)
    return Array.isArray(cell) ? cell.some((id) => reached.has(Number(id))) : reached.has(Number(cell))
  }
}

function parentIds(env: Environment, model: string, id: number): number[] {
  const parent = rowOf(env, model, id)?.parent_id
  return typeof parent === 'number' ? [parent] : []
}
