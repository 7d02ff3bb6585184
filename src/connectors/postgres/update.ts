import type { Outcome } from '../../contract/sink.ts'
import type { OperationGroup, Placed } from '../sql/group-operations.ts'
import { type Placements, swallowed } from './create.ts'
import { isId, isPossibleId } from './id.ts'
import type { Query } from './pool.ts'
import { type InputColumn, inputColumns, recordset, recordsetText } from './recordset.ts'
import { type PostgresRows, recordOf } from './rows.ts'
import { columnNamed } from './schema.ts'
import { inputExpression, sameCondition } from './values.ts'

/**
 * Updates a group with one statement that also compares what was expected. A row that somebody else holds is waited for
 * and compared again as they left it.
 */
export async function updateGroup(
  query: Query,
  rows: PostgresRows,
  group: OperationGroup & { kind: 'update' },
): Promise<Placements> {
  const { table } = rows
  const fields = inputColumns(
    'f',
    group.names.map((name) => columnNamed(table, name)),
  )
  const guards = inputColumns(
    'e',
    group.expected.map((name) => columnNamed(table, name)),
  )
  const inputs: InputColumn[] = [{ name: 'id', column: table.id }, ...fields, ...guards]
  const [members, unknown] = partition(group.members, rows)
  const text = recordsetText(
    inputs.map(({ name }) => name),
    members.map(({ place, operation }) => ({
      place,
      values: [
        operation.id,
        ...group.names.map((name) => operation.fields[name] ?? null),
        ...group.expected.map((name) => operation.expected?.[name] ?? null),
      ],
    })),
  )
  // Nothing to set: a column stays what it is, and the guard still holds.
  const set = fields.map(
    ({ name, column }) => `${column.sql} = ${inputExpression(column.type, `tandem_x.${name}`, rows.hasStaged)}`,
  )
  if (set.length === 0) {
    const { sql } = [table.id, ...table.columns.values()].find(({ field }) => !field.isReadOnly) ?? table.id
    set.push(`${sql} = ${table.alias}.${sql}`)
  }
  const guard = guards.map(({ name, column }) =>
    sameCondition(column.type, `${table.alias}.${column.sql}`, `tandem_x.${name}`),
  )
  const source = recordset('$1', 'tandem_x', inputs)
  const found = await query(
    `update ${table.sql} as ${table.alias} set ${set.join(', ')} from ${source}
     where ${[isId(table, 'tandem_x.id'), ...guard].join(' and ')} returning tandem_x.place, ${rows.returning()}`,
    [text],
  )
  const done: Placements = found.map((row) => [
    Number(row[0]),
    { kind: 'done', record: recordOf(rows, row, { byUs: true }, 1), isOurs: true },
  ])
  const left = await explainLeft(query, rows, source, text, guard, members, new Set(done.map(([place]) => place)))
  return [...done, ...left, ...unknown.map(({ place }): Placements[number] => [place, { kind: 'gone' }])]
}

/** Why a row was not updated. Asked after the update, so that it speaks of a state that the update could have seen. */
async function explainLeft(
  query: Query,
  rows: PostgresRows,
  source: string,
  text: string,
  guard: readonly string[],
  members: readonly Placed<'update'>[],
  done: ReadonlySet<number>,
): Promise<Placements> {
  if (members.every(({ place }) => done.has(place))) return []
  const { table } = rows
  const found = await query(
    `select tandem_x.place, ${rows.id} is not null, ${guard.length === 0 ? 'true' : guard.join(' and ')}
     from ${source} left join ${rows.from} on ${isId(table, 'tandem_x.id')}`,
    [text],
  )
  return found
    .filter(([place]) => !done.has(Number(place)))
    .map(([place, isThere, isExpected]) => {
      let outcome: Outcome = { kind: 'stale' }
      if (isThere !== true) outcome = { kind: 'gone' }
      else if (isExpected === true && table.maySwallow) outcome = { kind: 'rejected', error: swallowed(table.name) }
      return [Number(place), outcome]
    })
}

/** Deletes a group with one statement. */
export async function removeGroup(
  query: Query,
  rows: PostgresRows,
  group: OperationGroup & { kind: 'remove' },
): Promise<Placements> {
  const { table } = rows
  const [members, unknown] = partition(group.members, rows)
  const source = recordset('$1', 'tandem_x', [{ name: 'id', column: table.id }])
  const text = recordsetText(
    ['id'],
    members.map(({ place, operation }) => ({ place, values: [operation.id] })),
  )
  const found = await query(
    `delete from ${table.sql} as ${table.alias} using ${source} where ${isId(table, 'tandem_x.id')} returning tandem_x.place`,
    [text],
  )
  const done = new Set(found.map(([place]) => Number(place)))
  const outcomes: Placements = [...done].map((place) => [place, { kind: 'done', record: null, isOurs: true }])
  outcomes.push(...unknown.map(({ place }): Placements[number] => [place, { kind: 'gone' }]))
  if (done.size === members.length) return outcomes
  const left = await query(
    `select tandem_x.place, ${rows.id} is not null from ${source} left join ${rows.from} on ${isId(table, 'tandem_x.id')}`,
    [text],
  )
  for (const [place, isThere] of left) {
    if (done.has(Number(place))) continue
    outcomes.push([
      Number(place),
      isThere === true ? { kind: 'rejected', error: swallowed(table.name) } : { kind: 'gone' },
    ])
  }
  return outcomes
}

/** Members whose id the table can have, and the others. */
function partition<M extends { readonly operation: { readonly id: string } }>(
  members: readonly M[],
  rows: PostgresRows,
): [M[], M[]] {
  const isKnown = ({ operation }: M): boolean => isPossibleId(rows.table, operation.id)
  return [members.filter(isKnown), members.filter((member) => !isKnown(member))]
}
