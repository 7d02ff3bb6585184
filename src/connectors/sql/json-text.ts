import type { Value } from '../../contract/value.ts'
import { decimalValue } from './decimal.ts'

/** What `JSON.parse` hands its reviver about a number, since ECMAScript 2026. */
interface Source {
  readonly source?: string
}

/** A JSON text as a contract value. A number that a double would round comes back as its digits. */
export function parseJsonText(text: string): Value {
  // Without a run of 16 digits there is nothing to round, and a reviver is ten times slower.
  if (!/\d[\d.]{15}/.test(text)) return JSON.parse(text) as Value
  const parse = JSON.parse as (
    text: string,
    reviver: (key: string, value: unknown, context: Source) => unknown,
  ) => Value
  return parse(text, (_key, value, context) =>
    typeof value === 'number' && context.source !== undefined ? decimalOf(value, context.source) : value,
  )
}

function decimalOf(value: number, source: string): number | string {
  return /^-?\d+(?:\.\d+)?$/.test(source) ? decimalValue(source) : value
}
