import { parseDomainDatetime, roundTo } from './field-value.ts'
import { type Cell, type FieldDefinition, falsyValue, isText } from './schema.ts'

/** Tests of one stored value, as Odoo 19 turns a condition into SQL: what null matches is the whole difficulty. */
export type CellTest = (cell: Cell) => boolean

const SECOND_US = 1_000_000
const DAY_US = 86_400 * SECOND_US

/** `=`, `!=`, `in` and `not in`: `values` is always a list. */
export function equalityTest(field: FieldDefinition, operator: 'in' | 'not in', values: readonly unknown[]): CellTest {
  const wanted = new Set<Cell>()
  let matchesNull = false
  const falsy = falsyValue(field.type)
  for (const value of values) {
    if (value === false || value === null) matchesNull = true
    else wanted.add(toComparable(field, value))
  }
  if (falsy !== null) {
    if (wanted.has(falsy)) matchesNull = true
    else if (matchesNull) wanted.add(falsy)
  }
  const isIn = (cell: Cell): boolean => (cell === null ? matchesNull : wanted.has(wholeSecond(field, cell)))
  return operator === 'in' ? isIn : (cell) => !isIn(cell)
}

/** Equality of a datetime takes in the whole second. */
function wholeSecond(field: FieldDefinition, cell: Cell): Cell {
  return field.type === 'datetime' ? Math.floor(Number(cell) / SECOND_US) * SECOND_US : cell
}

function toComparable(field: FieldDefinition, value: unknown): Cell {
  if (field.type === 'datetime') return parseDomainDatetime(value).us
  if (field.type === 'boolean') return typeof value === 'string' ? value.toLowerCase() === 'true' : Boolean(value)
  if (field.type === 'integer' || field.type === 'many2one_reference') return Number(value)
  if (field.type === 'many2one') return Number(value)
  if (field.type === 'float') return field.digits ? roundTo(Number(value), field.digits[1]) : Number(value)
  if (field.type === 'monetary') return Number(value)
  return String(value)
}

export type Inequality = '>' | '>=' | '<' | '<='

export function inequalityTest(field: FieldDefinition, operator: Inequality, value: unknown): CellTest {
  if (field.type === 'datetime') return datetimeInequalityTest(operator, value)
  const falsy = falsyValue(field.type)
  if (falsy === null && value === false) return () => false
  const bound = value === false || value === '' ? falsy : toComparable(field, value)
  if (bound === null) return () => false
  return (cell) => {
    const left = cell ?? falsy
    return left !== null && holds(left as string | number, operator, bound as string | number)
  }
}

/** 19 compares in whole seconds: `>` skips the second, `<=` takes it in. A bare date stands for its day. */
function datetimeInequalityTest(operator: Inequality, value: unknown): CellTest {
  if (value === false) return () => false
  const { us, isDay } = parseDomainDatetime(value)
  const step = isDay ? DAY_US : SECOND_US
  if (operator === '>') return (cell) => cell !== null && Number(cell) >= us + step
  if (operator === '<=') return (cell) => cell !== null && Number(cell) < us + step
  return (cell) => cell !== null && holds(Number(cell), operator, us)
}

function holds(left: string | number, operator: Inequality, right: string | number): boolean {
  if (operator === '>') return left > right
  if (operator === '>=') return left >= right
  return operator === '<' ? left < right : left <= right
}

/** `like` and its kin; the value is never empty here. A negated one matches null. */
export function likeTest(field: FieldDefinition, operator: string, value: string): CellTest {
  const isNegative = operator.startsWith('not ')
  const isExact = operator.includes('=')
  const pattern = likePattern(value, isExact, operator.endsWith('ilike'))
  return (cell) => {
    if (cell === null) return isNegative
    const text = isText(field.type) || typeof cell === 'string' ? String(cell) : JSON.stringify(cell)
    return pattern.test(text) !== isNegative
  }
}

/** SQL's pattern as a regular expression: `%` any text, `_` one character, a backslash takes the next one literally. */
function likePattern(value: string, isExact: boolean, ignoresCase: boolean): RegExp {
  let source = ''
  let isEscaped = false
  for (const character of value) {
    if (!isEscaped && character === '\\') {
      isEscaped = true
      continue
    }
    if (!isEscaped && character === '%') source += '.*'
    else if (!isEscaped && character === '_') source += '.'
    else source += character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
    isEscaped = false
  }
  return new RegExp(isExact ? `^${source}$` : source, ignoresCase ? 'isu' : 'su')
}
