import type { z } from 'zod'
import type { Path } from '../mapping/problem.ts'

type AnySchema = z.core.$ZodType

/** The keys that a schema knows at a path, of all alternatives together. */
export function knownKeys(schema: AnySchema, path: Path): readonly string[] {
  const objects = path.reduce<readonly AnySchema[]>(
    (schemas, part) => schemas.flatMap((candidate) => inside(candidate, part)),
    [schema],
  )
  return objects.flatMap(alternatives).flatMap((candidate) => {
    const definition = (candidate as z.core.$ZodTypes)._zod.def
    return definition.type === 'object' ? Object.keys(definition.shape) : []
  })
}

/** What a schema says of the value under one key or index. */
function inside(schema: AnySchema, part: string | number): readonly AnySchema[] {
  return alternatives(schema).flatMap((candidate) => {
    const definition = (candidate as z.core.$ZodTypes)._zod.def
    if (definition.type === 'object') {
      const property = definition.shape[part]
      return property === undefined ? [] : [property]
    }
    if (definition.type === 'array') return [definition.element]
    return definition.type === 'record' ? [definition.valueType] : []
  })
}

/** The schemas behind defaults, optionals, transforms and unions. */
function alternatives(schema: AnySchema): readonly AnySchema[] {
  const definition = (schema as z.core.$ZodTypes)._zod.def
  if (definition.type === 'pipe') return alternatives(definition.in)
  if (definition.type === 'union') return definition.options.flatMap(alternatives)
  return 'innerType' in definition ? alternatives(definition.innerType) : [schema]
}
