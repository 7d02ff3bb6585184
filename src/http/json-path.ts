import type { Fields, Value } from '../contract/value.ts'

/**
 * Where a value stands inside of JSON: names joined by dots, "customer.addresses.0.city". '' is the whole. A step such as
 * "[currency=eur]" is the first element of a list in which that property has that value: "prices.[currency=eur].amount".
 */
export type JsonPath = string

const CHOICE = /^\[([^=\]]+)=([^\]]*)\]$/

/** The value at a path; undefined where a step of it is missing. A number as a step takes an array's element. */
export function valueAt(value: Value | undefined, path: JsonPath): Value | undefined {
  if (path === '') return value
  let found: Value | undefined = value
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined
    found = Array.isArray(found) ? elementAt(found, step) : ownValue(found as Fields, step)
    if (found === undefined) return undefined
  }
  return found
}

function elementAt(list: readonly Value[], step: string): Value | undefined {
  const choice = CHOICE.exec(step)
  if (choice === null) return ownValue(list as unknown as Fields, step)
  const [, name = '', value = ''] = choice
  return list.find((element) => isObject(element) && textAt(element, name) === value)
}

/**
 * Fields by path as nested objects: `{ "address.city": "Bern" }` → `{ address: { city: "Bern" } }`. A chosen element becomes
 * one of a list, with what it is chosen by: `{ "prices.[currency=eur].amount": 5 }` →
 * `{ prices: [{ currency: "eur", amount: 5 }] }`.
 */
export function nest(fields: Fields): Fields {
  if (Object.keys(fields).every((path) => !path.includes('.'))) return fields
  const nested: Record<string, Value> = {}
  for (const [path, value] of Object.entries(fields)) {
    const steps = path.split('.')
    let at: Record<string, Value> | Value[] = nested
    steps.forEach((step, index) => {
      const next = steps[index + 1]
      const inner = next === undefined ? value : container(at, step, next)
      put(at, step, inner)
      at = inner as Record<string, Value> | Value[]
    })
  }
  return nested
}

/** What stands at `step` and holds `next`: what is there already, where that fits. */
function container(at: Fields | Value[], step: string, next: string): Value {
  const found = valueAt(at as Value, step)
  if (CHOICE.test(next)) return Array.isArray(found) ? (found as Value) : []
  if (isObject(found)) return found
  const [, name, wanted = ''] = CHOICE.exec(step) ?? []
  return name === undefined ? {} : { [name]: wanted }
}

function put(into: Record<string, Value> | Value[], step: string, value: Value): void {
  if (!Array.isArray(into)) into[step] = value
  else if (!into.includes(value)) into.push(value)
}

/** What a path leads to, as a list: an array as it is, anything else that exists as its only element. */
export function listAt(value: Value | undefined, path: JsonPath): readonly Value[] | null {
  const found = valueAt(value, path)
  return Array.isArray(found) ? found : null
}

/** A number or text as text, anything else null. */
export function textAt(value: Value | undefined, path: JsonPath): string | null {
  const found = valueAt(value, path)
  return typeof found === 'string' || typeof found === 'number' ? String(found) : null
}

export function isObject(value: Value | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function ownValue(object: Fields, name: string): Value | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
