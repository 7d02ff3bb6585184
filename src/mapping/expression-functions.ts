import type { Environment } from '@marcbachmann/cel-js'

/** A function that expressions have besides CEL's own, with an example that is true of it: the documentation's table. */
export interface ExpressionFunction {
  /** As cel-js takes it, one for each combination of types. */
  readonly signatures: readonly string[]
  readonly says: string
  readonly example: string
  /** What the example gives, as JSON. */
  readonly gives: string
}

type Handler = (...args: never[]) => unknown

const TIMESTAMP = 'google.protobuf.Timestamp'
const SCALARS = ['string', 'int', 'double', 'bool', TIMESTAMP] as const

interface Definition extends ExpressionFunction {
  readonly handler: Handler
  /** Instead of `signatures` when it runs: a field that is empty has no type then. */
  readonly runsAs?: string
}

const DEFINITIONS: readonly Definition[] = [
  {
    signatures: SCALARS.map((type) => `or(${type}, ${type}): ${type}`),
    runsAs: 'or(dyn, dyn): dyn',
    says: 'the first value, or the second where the first is empty (null)',
    example: "or(odoo.ref, 'none')",
    gives: '"none"',
    handler: (value: unknown, otherwise: unknown) => (value === null ? otherwise : value),
  },
  {
    signatures: ['string.replace(string, string): string'],
    says: 'every occurrence of a text replaced by another',
    example: "'a-b-c'.replace('-', '/')",
    gives: '"a/b/c"',
    handler: (text: string, from: string, to: string) => text.replaceAll(from, to),
  },
  {
    signatures: ['string.upper(): string'],
    says: 'in upper case, of every alphabet',
    example: "'straße'.upper()",
    gives: '"STRASSE"',
    handler: (text: string) => text.toUpperCase(),
  },
  {
    signatures: ['string.lower(): string'],
    says: 'in lower case, of every alphabet',
    example: "'ÉTÉ'.lower()",
    gives: '"été"',
    handler: (text: string) => text.toLowerCase(),
  },
  {
    signatures: ['string.padStart(int, string): string'],
    says: 'filled up at the front to so many characters',
    example: "string(42).padStart(6, '0')",
    gives: '"000042"',
    handler: (text: string, length: bigint, fill: string) => text.padStart(Math.min(Number(length), 10_000), fill),
  },
  {
    signatures: ['round(double): double', 'round(int): int'],
    says: 'the nearest whole number, halves away from zero',
    example: 'round(-2.5)',
    gives: '-3',
    handler: (value: number | bigint) => (typeof value === 'bigint' ? value : roundAway(value, 0)),
  },
  {
    signatures: ['round(double, int): double', 'round(int, int): int'],
    says: 'rounded to so many digits after the point',
    example: 'round(1.005, 2)',
    gives: '1.01',
    handler: (value: number | bigint, digits: bigint) =>
      typeof value === 'bigint' ? value : roundAway(value, Number(digits)),
  },
  {
    signatures: [`date(${TIMESTAMP}): string`, 'date(string): string'],
    says: 'the day of a moment, in UTC',
    example: "date(timestamp('2026-11-21T23:30:00Z'))",
    gives: '"2026-11-21"',
    handler: (moment: Date | string) => isoOf(moment).slice(0, 10),
  },
  {
    signatures: [`date(${TIMESTAMP}, string): string`],
    says: 'the day of a moment in a time zone',
    example: "date(timestamp('2026-11-21T23:30:00Z'), 'Europe/Berlin')",
    gives: '"2026-11-22"',
    handler: (moment: Date, timeZone: string) => localDay(moment, timeZone),
  },
  {
    signatures: [`addDays(${TIMESTAMP}, int): ${TIMESTAMP}`, 'addDays(string, int): string'],
    says: 'a moment, or a date, so many days later',
    example: "addDays('2026-02-27', 2)",
    gives: '"2026-03-01"',
    handler: (moment: Date | string, days: bigint) => addDays(moment, Number(days)),
  },
  {
    signatures: ['daysBetween(string, string): int', `daysBetween(${TIMESTAMP}, ${TIMESTAMP}): int`],
    says: 'whole days from the first to the second',
    example: "daysBetween('2026-02-27', '2026-03-01')",
    gives: '2',
    handler: (from: Date | string, to: Date | string) => daysBetween(from, to),
  },
  {
    signatures: [`string(${TIMESTAMP}): string`],
    says: 'a moment as text, in UTC',
    example: "string(timestamp('2026-11-21T08:30:00Z'))",
    gives: '"2026-11-21T08:30:00Z"',
    handler: (moment: Date) => isoOf(moment),
  },
]

/** For the documentation and its test. */
export const EXPRESSION_FUNCTIONS: readonly ExpressionFunction[] = DEFINITIONS

/** For checking, where a field is of its type: empty is one of its values. */
export function registerForCheck(environment: Environment): void {
  for (const { signatures, handler } of DEFINITIONS) register(environment, signatures, handler)
  registerMixedNumbers(environment)
  for (const type of SCALARS) environment.registerOperator(`${type} == null`, (a, b) => a === b)
  environment.registerOperator('int == double', (a: bigint, b: number) => Number(a) === b)
}

/** For running, where values tell their type. */
export function registerForRun(environment: Environment): void {
  for (const { signatures, handler, runsAs } of DEFINITIONS) {
    register(environment, runsAs === undefined ? signatures : [runsAs], handler)
  }
  registerMixedNumbers(environment)
}

function register(environment: Environment, signatures: readonly string[], handler: Handler): void {
  for (const signature of signatures)
    environment.registerFunction(signature, handler as (...args: unknown[]) => unknown)
}

/** CEL takes whole numbers and decimals apart; people who write `amount * 2` do not. */
function registerMixedNumbers(environment: Environment): void {
  const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  }
  for (const [operator, compute] of Object.entries(operators)) {
    environment.registerOperator(`int ${operator} double`, (a: bigint, b: number) => compute(Number(a), b))
    environment.registerOperator(`double ${operator} int`, (a: number, b: bigint) => compute(a, Number(b)))
  }
}

/** A double such as 1.005 is a little less than it shows: it is rounded as it is written. */
function roundAway(value: number, digits: number): number {
  const [mantissa = '0', exponent = '0'] = String(Math.abs(value)).split('e')
  const shifted = Math.round(Number(`${mantissa}e${Number(exponent) + digits}`))
  return Math.sign(value) * Number(`${shifted}e${-digits}`)
}

function isoOf(moment: Date | string): string {
  const date = momentOf(moment)
  return date.toISOString().replace('.000Z', 'Z')
}

function momentOf(moment: Date | string): Date {
  const date = typeof moment === 'string' ? new Date(moment) : moment
  if (Number.isNaN(date.getTime())) throw new Error(`${JSON.stringify(moment)} is not a date such as 2026-11-21`)
  return date
}

function localDay(moment: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  return parts.format(moment)
}

const DAY_MS = 86_400_000

function addDays(moment: Date | string, days: number): Date | string {
  const later = new Date(momentOf(moment).getTime() + days * DAY_MS)
  return typeof moment === 'string' ? isoOf(later).slice(0, 10) : later
}

function daysBetween(from: Date | string, to: Date | string): bigint {
  return BigInt(Math.trunc((momentOf(to).getTime() - momentOf(from).getTime()) / DAY_MS))
}
