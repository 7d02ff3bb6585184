import { FIELD_TYPES } from '../contract/connector.ts'
import { SyncError } from '../contract/error.ts'
import type { Transform, TransformType } from '../contract/transform.ts'
import type { Value } from '../contract/value.ts'
import { invalid, preview } from './coerce.ts'
import type { BadTransform, Step } from './transform.ts'

/** Where a user's transform is: a file or package, and the name that it exports; `default` if absent. */
export interface OwnTransform {
  readonly code: string
  readonly name?: string | undefined
}
/** A user's transform, or why it cannot be had. */
export type LoadedTransform = Transform | BadTransform
/** The transforms of a mapping that are a user's own code, by `transformName`. */
export type OwnTransforms = ReadonlyMap<string, LoadedTransform>

const NOT_TRANSFORMED = new Set(['reference', 'references', 'lines'])
const TYPES = FIELD_TYPES.filter((type): type is TransformType => !NOT_TRANSFORMED.has(type))

/** "./transforms/sku.ts", or "sku of ./transforms.ts". */
export function transformName({ code, name }: OwnTransform): string {
  return name === undefined ? code : `${name} of ${code}`
}

/** The step that runs a user's transform. Whatever that gives is checked: nobody else can know what it is. */
export function ownStep(settings: OwnTransform, transforms: OwnTransforms): Step | BadTransform {
  const name = transformName(settings)
  const loaded = transforms.get(name)
  if (loaded === undefined) return { error: `${name} was not loaded` }
  if ('error' in loaded) return loaded
  const { toExternal, toOdoo } = loaded as Transform<'json', 'json'>
  return {
    odooType: loaded.odoo,
    externalType: loaded.external,
    isReversible: toExternal !== undefined && toOdoo !== undefined,
    takesEmpty: false,
    ...(toOdoo === undefined ? { only: 'from-odoo' } : toExternal === undefined ? { only: 'to-odoo' } : {}),
    toExternal: (value) => run(name, 'toExternal', toExternal, value),
    toOdoo: (value) => run(name, 'toOdoo', toOdoo, value),
  }
}

/** What `exported` is missing to be a transform, as a sentence; null: nothing. */
export function transformProblem(exported: unknown): string | null {
  if (typeof exported !== 'object' || exported === null) return 'is not an object: export what defineTransform gives'
  const { odoo, external, toExternal, toOdoo } = exported as Record<string, unknown>
  for (const [side, type] of Object.entries({ odoo, external })) {
    if (!TYPES.some((known) => known === type)) {
      return `has ${side}: ${preview((type ?? null) as Value)}, which is none of ${TYPES.join(', ')}`
    }
  }
  const functions = { toExternal, toOdoo }
  for (const [name, value] of Object.entries(functions)) {
    if (value !== undefined && typeof value !== 'function') return `has a ${name} that is not a function`
  }
  return toExternal === undefined && toOdoo === undefined ? 'has neither toExternal nor toOdoo' : null
}

type Way = 'toExternal' | 'toOdoo'

/** @throws SyncError `invalid`. */
function run(name: string, way: Way, transform: ((value: Value) => Value) | undefined, value: Value): Value {
  if (transform === undefined) throw invalid(`${name} has no ${way}`)
  let result: unknown
  try {
    result = transform(value)
  } catch (error) {
    if (error instanceof SyncError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw invalid(`${name} cannot transform ${preview(value)}: ${reason}`)
  }
  if (isValue(result)) return result
  throw invalid(`${name} made of ${preview(value)} what is no value: ${describe(result)}`)
}

/** Whether it is JSON through and through, as value.ts has it. */
function isValue(value: unknown): value is Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isValue)
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false
  return Object.values(value).every(isValue)
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'strange object'}`
  return typeof value === 'number' ? String(value) : `a ${typeof value}`
}
