import type { FieldSchema, Schema } from '../../contract/connector.ts'
import { SyncError } from '../../contract/error.ts'
import { quoteIdentifier, quoteTableName } from '../sql/identifier.ts'
import type { TableSpec } from '../sql/spec.ts'
import { compositeColumn } from './id.ts'
import type { Query } from './pool.ts'
import { fieldType, type PostgresType } from './values.ts'

export interface PostgresColumn {
  readonly field: FieldSchema
  /** Quoted, without the table. */
  readonly sql: string
  readonly type: PostgresType
  /** An expression that gives the value of a new row, different each time: a sequence, a random uuid. */
  readonly source: string | null
  readonly isIdentityAlways: boolean
}

/** A table, partitioned table, view or foreign table as the catalogue describes it. */
export interface PostgresTable {
  readonly oid: number
  /** For messages, and as the name of its changes: "public.customers". */
  readonly name: string
  /** Quoted and qualified. */
  readonly sql: string
  /** The table's own name, quoted: its alias in every statement, so that a `where` may use it. */
  readonly alias: string
  readonly kind: 'table' | 'partitioned' | 'view' | 'foreign'
  /** Rows may be written past it, to its children or its parent: only triggers for each row see them all. */
  readonly isInherited: boolean
  /** Triggers may change a row after RETURNING has shown it. */
  readonly hasAfterTriggers: boolean
  /** Triggers or policies may let a write do nothing. */
  readonly maySwallow: boolean
  /** What names a record: a column, or what stands for several of them (see id.ts). */
  readonly id: PostgresColumn
  /** The columns that it is made of. */
  readonly ids: readonly PostgresColumn[]
  readonly columns: ReadonlyMap<string, PostgresColumn>
  /** The columns of each unique index that holds for the whole table. */
  readonly uniques: readonly (readonly string[])[]
  /** The columns of the primary key; empty where there is none. */
  readonly primary: readonly string[]
}

interface TableRow {
  oid: number
  schema: string
  table: string
  kind: string
  inherited: boolean
  after: boolean
  before: boolean
  columns: ColumnRow[]
  uniques: string[][] | null
  primary: string[] | null
}

interface ColumnRow {
  name: string
  notnull: boolean
  identity: string
  generated: string
  default: string | null
  serial: string | null
  typname: string
  typsql: string
  typtype: string
  category: string
  typmod: number
  options: string[] | null
  relation: string | null
}

const TABLE_QUERY = `
select json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'table', c.relname, 'kind', c.relkind,
  'inherited', c.relispartition or exists (select from pg_inherits i where c.oid in (i.inhparent, i.inhrelid)),
  'after', exists (select from pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal and g.tgtype & 66 = 0
    and g.tgname not like 'tandem\\_%'),
  'before', c.relrowsecurity or exists (select from pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal and g.tgtype & 66 <> 0
    and g.tgname not like 'tandem\\_%'),
  'primary', (select json_agg(a.attname order by k.n) from pg_index x, unnest(x.indkey) with ordinality k(num, n), pg_attribute a
    where x.indrelid = c.oid and x.indisprimary and a.attrelid = c.oid and a.attnum = k.num),
  'uniques', (select json_agg(u.columns) from (
    select json_agg(a.attname order by k.n) as columns from pg_index x, unnest(x.indkey) with ordinality k(num, n), pg_attribute a
    where x.indrelid = c.oid and x.indisunique and x.indpred is null and x.indexprs is null and k.n <= x.indnkeyatts
      and a.attrelid = c.oid and a.attnum = k.num group by x.indexrelid) u),
  'columns', (select json_agg(json_build_object(
      'name', a.attname, 'notnull', a.attnotnull, 'identity', a.attidentity, 'generated', a.attgenerated,
      'default', pg_get_expr(d.adbin, d.adrelid),
      'serial', case when a.attidentity <> '' then pg_get_serial_sequence(c.oid::regclass::text, a.attname) end,
      'typname', t.typname, 'typsql', format_type(t.oid, -1), 'typtype', t.typtype, 'category', t.typcategory,
      'typmod', case when o.typtype = 'd' then o.typtypmod else a.atttypmod end,
      'options', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
      'relation', (select f.confrelid::regclass::text from pg_constraint f
        where f.contype = 'f' and f.conrelid = c.oid and f.conkey = array[a.attnum] limit 1)) order by a.attnum)
    from pg_attribute a join pg_type o on o.oid = a.atttypid
    join pg_type t on t.oid = case when o.typtype = 'd' then o.typbasetype else o.oid end
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped))
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`

const KINDS: Readonly<Record<string, PostgresTable['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'view',
  f: 'foreign',
}

/** Reads the table's catalogue. @throws SyncError `schema` without the table, `config` without a usable id. */
export async function readTable(query: Query, spec: TableSpec): Promise<PostgresTable> {
  const wanted = quoteTableName(spec.name)
  const [[found = null] = []] = await query(TABLE_QUERY, [wanted])
  const row = found as unknown as TableRow | null
  const kind = row === null ? undefined : KINDS[row.kind]
  if (row === null || kind === undefined) {
    throw new SyncError(
      'schema',
      `there is no table ${wanted.replaceAll('"', '')} that the user of the connection sees`,
      {
        hint: 'Check the table in the mapping: its schema, and its letters, as capitals count.',
      },
    )
  }
  const name = `${row.schema}.${row.table}`
  const columns = new Map(row.columns.map((column) => [column.name, columnOf(column)]))
  const ids = idColumns(spec, name, row.primary ?? [], columns)
  return {
    oid: row.oid,
    name,
    sql: quoteTableName(row),
    alias: quoteIdentifier(row.table),
    kind,
    isInherited: row.inherited || kind === 'partitioned',
    hasAfterTriggers: row.after,
    maySwallow: row.before,
    id: ids.length === 1 && ids[0] !== undefined ? ids[0] : compositeColumn(ids),
    ids,
    columns,
    uniques: row.uniques ?? [],
    primary: row.primary ?? [],
  }
}

export function describeTable(table: PostgresTable): Schema {
  return { name: table.name, fields: new Map([...table.columns].map(([name, column]) => [name, column.field])) }
}

/** The column of that name. @throws SyncError `schema`. */
export function columnNamed(table: PostgresTable, name: string): PostgresColumn {
  const column = table.columns.get(name)
  if (column !== undefined) return column
  throw new SyncError('schema', `table ${table.name} has no column ${name}`, {
    hint: `Check the mapping; the table has ${[...table.columns.keys()].join(', ')}.`,
  })
}

function idColumns(
  spec: TableSpec,
  name: string,
  primary: readonly string[],
  columns: ReadonlyMap<string, PostgresColumn>,
): readonly PostgresColumn[] {
  const names = spec.id ?? primary
  const missing = names.find((each) => !columns.has(each))
  if (names.length > 0 && missing === undefined) {
    return names.map((each) => columns.get(each)).filter((column) => column !== undefined)
  }
  const reason = missing === undefined ? 'has no primary key' : `has no column ${missing}`
  throw new SyncError('config', `table ${name} ${reason}, so its records cannot be told apart`, {
    hint: 'Name the columns that are unique and never change as id of the collection.',
  })
}

function columnOf(row: ColumnRow): PostgresColumn {
  const type = { name: row.typname, sql: row.typsql, kind: row.typtype, category: row.category }
  const isAssigned = row.default !== null || row.identity !== '' || row.generated !== ''
  return {
    sql: quoteIdentifier(row.name),
    type,
    source: sourceOf(row),
    isIdentityAlways: row.identity === 'a',
    field: {
      name: row.name,
      type: fieldType(type),
      isRequired: row.notnull && !isAssigned,
      isReadOnly: row.generated !== '' || row.identity === 'a',
      isAssigned,
      relation: row.relation,
      // A type's modifier counts its own four bytes; that of numeric holds precision and scale.
      maxLength: /^(varchar|bpchar)$/.test(row.typname) && row.typmod > 4 ? row.typmod - 4 : null,
      scale: row.typname === 'numeric' && row.typmod >= 4 ? (row.typmod - 4) & 0x3ff : null,
      options: row.options,
    },
  }
}

function sourceOf(row: ColumnRow): string | null {
  if (row.serial !== null) return `nextval('${row.serial.replaceAll("'", "''")}'::regclass)`
  const isFresh = /^(\w+\.)?(nextval|gen_random_uuid|uuid_generate_v[14]|uuidv[47])\(/.test(row.default ?? '')
  return isFresh && row.generated === '' ? row.default : null
}
