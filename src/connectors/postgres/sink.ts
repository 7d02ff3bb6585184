import type { RecordId, RecordState } from '../../contract/change.ts'
import type { FindRequest, Operation, Outcome, Sink } from '../../contract/sink.ts'
import type { Value } from '../../contract/value.ts'
import { foldText } from '../sql/fold.ts'
import { groupOperations, type OperationGroup } from '../sql/group-operations.ts'
import { withLines } from './children.ts'
import { readSlice, type Staged, slicesOf, stageContents } from './contents.ts'
import { createGroup, type Placements } from './create.ts'
import type { Query } from './pool.ts'
import { forgettingWhenChanged, type PostgresContext, type PostgresRows, recordOf, recordsById } from './rows.ts'
import { columnNamed } from './schema.ts'
import { hasUnknownTriggers } from './stored-as-sent.ts'
import { removeGroup, updateGroup } from './update.ts'
import { fieldType, isCastable } from './values.ts'
import { removeLines, splitOperations, staleLines, writeLines } from './write-children.ts'

export function postgresSink(context: PostgresContext): Sink {
  const run = <T>(signal: AbortSignal, work: (query: Query) => Promise<T>): Promise<T> =>
    forgettingWhenChanged(context, () => context.connection.run(context.subject, signal, work))
  return {
    read: (ids, signal) => run(signal, async (query) => recordsById(query, await context.rows(query), ids)),
    find: (request, signal) => run(signal, async (query) => findRecords(query, await context.rows(query), request)),
    apply: (operations, signal) =>
      forgettingWhenChanged(context, () =>
        context.connection.transact(context.subject, signal, async (query) => {
          const staged = await stageContents(query, operations, signal)
          return applyBatch(context, query, staged)
        }),
      ),
    reserve: (field, count, signal) =>
      run(signal, async (query) => {
        const { source } = columnNamed((await context.rows(query)).table, field)
        if (source === null) return null
        const rows = await query(`select ${source} from generate_series(1, $1::int4)`, [count])
        return rows.map(([value = null]) => value)
      }),
    openContent: (id, field, signal) =>
      slicesOf((from, length) =>
        run(signal, async (query) => readSlice(query, await context.rows(query), id, field, from, length)),
      ),
  }
}

async function findRecords(query: Query, rows: PostgresRows, request: FindRequest): Promise<readonly RecordState[]> {
  const { type } = columnNamed(rows.table, request.field)
  const column = `${rows.table.alias}.${columnNamed(rows.table, request.field).sql}`
  const { fold } = request
  const texts = request.values.filter((value) => value !== null).map(textOf)
  const isFolded = (fold.case || fold.space) && (type.category === 'S' || fieldType(type) === 'text')
  const castable = isFolded ? texts : texts.filter((text) => isCastable(type, text) ?? true)
  const [condition, wanted] = isFolded
    ? [`${foldSql(`${column}::text`, fold)} in (select ${foldSql('v', fold)} from unnest($1::text[]) v)`, texts]
    : [
        isComparable(castable, type)
          ? `${column} = any ($1::text[]::${type.sql}[])`
          : `${column}::text = any ($1::text[])`,
        castable,
      ]
  // What PostgreSQL folds as the locale says and JavaScript as Unicode says is asked for in both spellings.
  const parameter = isFolded ? [...new Set([...wanted, ...wanted.map((text) => foldText(text, fold))])] : wanted
  const inside = request.inFilter ? rows.inside : 'true'
  const found = await query(`select ${rows.list} from ${rows.from} where ${condition} and ${inside}`, [parameter])
  return withLines(
    query,
    rows.children,
    found.map((row) => recordOf(rows, row)),
  )
}

/** Types of which it cannot be told here whether a text can be cast are compared by their text. */
function isComparable(texts: readonly string[], type: Parameters<typeof isCastable>[0]): boolean {
  return texts.every((text) => isCastable(type, text) === true)
}

function textOf(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** White space as Unicode has it; letters as the database's own rules have them. */
function foldSql(text: string, fold: FindRequest['fold']): string {
  const space = String.raw`[\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+`
  // Most texts have nothing to fold, and asking is cheaper than replacing.
  const spaced = fold.space
    ? `case when ${text} ~ '^ | $|  |[^ -~]' then regexp_replace(regexp_replace(${text}, '^${space}|${space}$', '', 'g'), '${space}', ' ', 'g') else ${text} end`
    : text
  return fold.case ? `lower(${spaced})` : spaced
}

/** All groups in one transaction; where the rows may change once more after their statement, they are read at its end. */
async function applyBatch(
  context: PostgresContext,
  query: Query,
  { operations, hasStaged }: Staged,
): Promise<readonly Outcome[]> {
  if (operations.length === 0) return []
  const rows = { ...(await context.rows(query)), hasStaged }
  await query("select set_config('tandem.writer', $1, true)", [context.connection.name])
  const outcomes: Outcome[] = new Array<Outcome>(operations.length)
  const split = splitOperations(rows.children, operations)
  const stale = await staleLines(query, rows, operations, split)
  for (const place of stale) outcomes[place] = { kind: 'stale' }
  const places = operations.flatMap((_, place) => (stale.has(place) ? [] : [place]))
  const open = places.flatMap((place) => split.operations[place] ?? [])
  const removed = open.flatMap((operation) => (operation.kind === 'remove' ? [operation.id] : []))
  await removeLines(query, rows.children, removed)
  for (const group of groupOperations(open)) {
    for (const [at, outcome] of await applyGroup(context, query, rows, group)) outcomes[places[at] ?? at] = outcome
  }
  const written = [...split.lines].flatMap(([place, lines]) => {
    const outcome = outcomes[place]
    return outcome?.kind === 'done' && outcome.record !== null ? [{ id: outcome.record.id, lines }] : []
  })
  refuseHalfRemoved(rows, open, outcomes)
  await writeLines(query, written)
  if (rows.isReadBack || rows.children.length > 0) return readAgain(query, rows, outcomes)
  if (operations[0]?.kind !== 'create' || !(await hasUnknownTriggers(query, rows))) return outcomes
  context.forget()
  return readAgain(query, rows, outcomes)
}

/** @throws SyncError where a record would not go and its lines are gone: then nothing of the batch is done. */
function refuseHalfRemoved(rows: PostgresRows, operations: readonly Operation[], outcomes: readonly Outcome[]): void {
  if (rows.children.length === 0 || !operations.some(({ kind }) => kind === 'remove')) return
  for (const outcome of outcomes) if (outcome?.kind === 'rejected') throw outcome.error
}

async function applyGroup(
  context: PostgresContext,
  query: Query,
  rows: PostgresRows,
  group: OperationGroup,
): Promise<Placements> {
  if (group.kind === 'create') return createGroup(context, query, rows, group)
  return group.kind === 'update' ? updateGroup(query, rows, group) : removeGroup(query, rows, group)
}

async function readAgain(query: Query, rows: PostgresRows, outcomes: readonly Outcome[]): Promise<Outcome[]> {
  const ids = outcomes.flatMap((outcome): RecordId[] =>
    outcome.kind === 'done' && outcome.record !== null ? [outcome.record.id] : [],
  )
  if (ids.length === 0) return [...outcomes]
  const records = await recordsById(query, rows, ids, { byUs: true })
  return outcomes.map((outcome) => {
    if (outcome.kind !== 'done' || outcome.record === null) return outcome
    return { ...outcome, record: records.get(outcome.record.id) ?? null }
  })
}
