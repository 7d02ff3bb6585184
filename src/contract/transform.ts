import type { Value } from './value.ts'

/** What a value that is not empty is in JavaScript, by the type of its field; value.ts says how each is written. */
export interface TypedValues {
  readonly text: string
  readonly html: string
  readonly selection: string
  readonly binary: string
  readonly date: string
  readonly datetime: string
  readonly boolean: boolean
  /** A string of digits where it is beyond 2^53. */
  readonly integer: number | string
  /** A string of digits where a double cannot hold it. */
  readonly decimal: number | string
  readonly json: Value
}
export type TransformType = keyof TypedValues

/**
 * How a value of one field becomes the value of the field that it is mapped to, in the user's own code
 * (`transform: { code: ./transforms/sku.ts }`). Both functions are pure: the same value gives the same result, at any
 * time, and they are called often. An empty value passes by without them. What they throw makes the one record a dead
 * letter, with the error's message.
 *
 * With both, each has to undo the other: what Odoo's value becomes there and back is compared with what it was. With one,
 * the pair flows in that direction only.
 */
export interface Transform<Odoo extends TransformType = TransformType, External extends TransformType = TransformType> {
  /** What `toExternal` takes. A field of another type is converted where that loses nothing, or the mapping is refused. */
  readonly odoo: Odoo
  /** What `toExternal` gives. */
  readonly external: External
  toExternal?(value: TypedValues[Odoo]): TypedValues[External] | null
  toOdoo?(value: TypedValues[External]): TypedValues[Odoo] | null
}

/** Lets the compiler check a transform's functions against its types. Gives it back as it is. */
export function defineTransform<Odoo extends TransformType, External extends TransformType>(
  transform: Transform<Odoo, External>,
): Transform<Odoo, External> {
  return transform
}
