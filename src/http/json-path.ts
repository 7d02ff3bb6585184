import type { Fields, Value } from '../contract/value.ts'

/** Where a value stands inside of JSON: names joined by dots, "customer.addresses.0.city". '' is the whole. */
export type JsonPath = string

/** The value at a path; undefined where a step of it is missing. A number as a step takes an array's element. */
export function valueAt(value: Value | undefined, path: JsonPath): Value | undefined {
  if (path === '') return value
  let found: Value | undefined = value
  for (const step of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined
    found = ownValue(found as Fields, step)
    if (found === undefined) return undefined
  }
  return found
}

/** Fields by path as nested objects: `{ "address.city": "Bern" }` → `{ address: { city: "Bern" } }`. */
export function nest(fields: Fields): Fields {
  if (Object.keys(fields).every((path) => !path.includes('.'))) return fields
  const nested: Record<string, Value> = {}
  for (const [path, value] of Object.entries(fields)) {
    const steps = path.split('.')
    const last = steps.pop() ?? path
    let at = nested
    for (const step of steps) {
      const inner = ownValue(at, step)
      const next = isObject(inner) ? inner : {}
      at[step] = next
      at = next as Record<string, Value>
    }
    at[last] = value
  }
  return nested
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
