import { type Environment, fieldOf, modelOf, rowOf } from './environment.ts'
import { completeName } from './names.ts'
import { pythonError, pythonRepr, userError } from './odoo-error.ts'
import type { Cell } from './schema.ts'

interface OrderTerm {
  readonly field: string
  readonly isDescending: boolean
  readonly nullsFirst: boolean
}

export type Order = readonly OrderTerm[]

/** `name desc, id`: nulls come last going up and first going down, unless the term says otherwise. */
export function parseOrder(env: Environment, model: string, order: string): Order {
  return order.split(',').map((part) => {
    const match = /^\s*([a-z_][a-z0-9_]*)(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*$/i.exec(part)
    if (!match) {
      throw userError(
        `Invalid "order" specified (${pythonRepr(order).slice(1, -1)}). A valid "order" specification is a comma-separated list of valid field names (optionally followed by asc/desc for the direction)`,
      )
    }
    const [, field = '', direction, nulls] = match
    if (!fieldOf(env, model, field))
      throw pythonError('ValueError', `Invalid field ${pythonRepr(field)} on model ${pythonRepr(model)}`)
    const isDescending = direction?.toLowerCase() === 'desc'
    return { field, isDescending, nullsFirst: nulls ? nulls.toLowerCase() === 'first' : isDescending }
  })
}

/** True where walking the ids upwards already gives the order, so that a page can stop at its limit. */
export function isOrderedById(order: Order): boolean {
  return order[0]?.field === 'id' && !order[0].isDescending
}

export function compareBy(env: Environment, model: string, order: Order): (left: number, right: number) => number {
  const compares = order.map((term) => termComparison(env, model, term))
  return (left, right) => {
    for (const compare of compares) {
      const result = compare(left, right)
      if (result !== 0) return result
    }
    return 0
  }
}

function termComparison(env: Environment, model: string, term: OrderTerm): (left: number, right: number) => number {
  const sign = term.isDescending ? -1 : 1
  const field = fieldOf(env, model, term.field)
  const cells = new Map<number, Cell>()
  const cellOf = (id: number): Cell => {
    let cell = cells.get(id)
    if (cell === undefined) {
      const row = rowOf(env, model, id)
      cell = (row && term.field === 'complete_name' ? completeName(env, row) : row?.[term.field]) ?? null
      if (cell === null && field?.type === 'boolean') cell = false
      cells.set(id, cell)
    }
    return cell
  }
  const relation = field?.type === 'many2one' ? field.relation : undefined
  const compareRelated =
    relation && relation !== model
      ? compareBy(env, relation, parseOrder(env, relation, modelOf(env, relation).order))
      : null
  return (left, right) => {
    const [a, b] = [cellOf(left), cellOf(right)]
    if (a === null || b === null) return a === b ? 0 : (a === null) === term.nullsFirst ? -1 : 1
    if (compareRelated) return sign * compareRelated(Number(a), Number(b))
    return a === b ? 0 : a < b ? -sign : sign
  }
}
