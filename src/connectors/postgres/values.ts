import type { CustomTypesConfig } from 'pg'
import type { FieldType } from '../../contract/connector.ts'
import type { Value } from '../../contract/value.ts'
import { datetimeValue } from '../sql/datetime.ts'
import { decimalValue } from '../sql/decimal.ts'
import { parseJsonText } from '../sql/json-text.ts'

type Parse = (text: string) => Value

const float: Parse = (text) => {
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}

/** By the type's oid, which is fixed for what PostgreSQL itself brings. Every other type comes as its text. */
const PARSERS: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [16, (text) => text === 't'],
  [17, (text) => Buffer.from(text.slice(2), 'hex').toString('base64')],
  [20, decimalValue],
  [21, Number],
  [23, Number],
  [26, Number],
  [114, parseJsonText],
  [700, float],
  [701, float],
  [1114, datetimeValue],
  [1184, datetimeValue],
  [1700, decimalValue],
  [3802, parseJsonText],
])

const asText: Parse = (text) => text

/** For the driver's clients of this connector only. The session's settings (UTC, ISO, hex) are pool.ts's. */
export const typeParsers: CustomTypesConfig = {
  getTypeParser: (oid: number) => PARSERS.get(oid) ?? asText,
}

const FIELD_TYPES: Readonly<Record<string, FieldType>> = {
  bool: 'boolean',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  oid: 'integer',
  numeric: 'decimal',
  float4: 'decimal',
  float8: 'decimal',
  date: 'date',
  timestamp: 'datetime',
  timestamptz: 'datetime',
  json: 'json',
  jsonb: 'json',
  bytea: 'binary',
}

/** What a column is, as far as its values are concerned; a domain counts as the type under it. */
export interface PostgresType {
  /** `int4`, `varchar`, `_text`, an enum's name. */
  readonly name: string
  /** For casts, without a length: `character varying`, `shop.mood`. */
  readonly sql: string
  /** `b`ase, `c`omposite, `e`num, `r`ange … as in the catalogue. */
  readonly kind: string
  /** `A`rray, `S`tring … as in the catalogue. */
  readonly category: string
}

export function fieldType(type: PostgresType): FieldType {
  if (type.kind === 'e') return 'selection'
  if (isStructured(type)) return 'json'
  return FIELD_TYPES[type.name] ?? 'text'
}

/** Arrays and rows go both ways as JSON. */
function isStructured(type: PostgresType): boolean {
  return type.category === 'A' || type.kind === 'c'
}

/** The expression that reads a column in a form that the parsers understand. */
export function readExpression(type: PostgresType, column: string, takesContents: boolean): string {
  if (takesContents && type.name === 'bytea') return contentExpression(column)
  return isStructured(type) ? `to_json(${column})` : column
}

/** A bytea column as a reference to its content. The server has SHA-256 from version 11 on, and SHA-1 only by extension. */
function contentExpression(column: string): string {
  const content = `json_build_object('checksum', 'sha256:' || encode(sha256(${column}), 'hex'), 'size', octet_length(${column}))`
  return `case when ${column} is not null then ${content} end`
}

/** The type under which `json_to_recordset` takes a value for the column. */
export function inputType(type: PostgresType): string {
  return type.name === 'bytea' ? 'text' : type.sql
}

/** Turns what was taken as `inputType` into what the column stores. */
export function inputExpression(type: PostgresType, input: string, hasStaged: boolean): string {
  if (type.name !== 'bytea') return input
  const decoded = `decode(${input}, 'base64')`
  return hasStaged ? `case when ${input} like ':%' then ${stagedContent(input)} else ${decoded} end` : decoded
}

/** What was streamed into the transaction's own table before; `:7` names it, and base64 has no colon. */
function stagedContent(input: string): string {
  return `(select string_agg(s.piece, ''::bytea order by s.n) from pg_temp.${STAGED} s where s.content = substr(${input}, 2)::int4)`
}

/** Types without an equals sign are compared by their text. */
const WITHOUT_EQUALITY = new Set(['xml', 'point', 'polygon', 'path', 'box', 'line', 'lseg', 'circle'])

/** A condition that a column holds what was expected, compared in the column's type. */
export function sameCondition(type: PostgresType, column: string, input: string): string {
  const expected = inputExpression(type, input, false)
  let cast = ''
  if (type.name === 'json') cast = '::jsonb'
  else if (WITHOUT_EQUALITY.has(type.name)) cast = '::text'
  const same = `${column}${cast} is not distinct from ${expected}${cast}`
  if (type.name !== 'bytea') return same
  // A reference to content comes as JSON, which base64 never is.
  const hasChecksum = `coalesce('sha256:' || encode(sha256(${column}), 'hex') = ${input}::json ->> 'checksum', false)`
  return `case when ${input} like '{%' then ${hasChecksum} else ${same} end`
}

/** The temporary table of contents.ts. */
export const STAGED = 'tandem_content'

const INTEGER_BITS: Readonly<Record<string, number>> = { int2: 16, int4: 32, int8: 64 }

/** Whether the text can be cast to the type; where it cannot, no row holds it. null: cannot be told here. */
export function isCastable(type: PostgresType, text: string): boolean | null {
  // Neither a text nor JSON can hold the character zero.
  if (text.includes('\0')) return false
  const bits = INTEGER_BITS[type.name]
  if (bits !== undefined) {
    return (
      /^\s*[+-]?\d{1,25}\s*$/.test(text) &&
      BigInt.asIntN(bits, BigInt(text.trim().replace(/^\+/, ''))) === BigInt(text.trim().replace(/^\+/, ''))
    )
  }
  if (type.category === 'S') return true
  switch (type.name) {
    case 'uuid':
      return /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text)
    case 'numeric':
    case 'float4':
    case 'float8':
      return /^-?\d{1,300}(\.\d{1,300})?(e[+-]?\d{1,2})?$/i.test(text)
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))
    case 'bool':
      return /^(true|false|t|f)$/.test(text)
    default:
      return null
  }
}
