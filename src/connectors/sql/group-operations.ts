import type { Operation } from '../../contract/sink.ts'
import type { Fields } from '../../contract/value.ts'

type Kind<K extends Operation['kind']> = Extract<Operation, { kind: K }>

/** An operation and its place in the batch. */
export interface Placed<K extends Operation['kind']> {
  readonly place: number
  readonly operation: Kind<K>
}

/** Operations that one statement can do: of one kind, with the same fields. */
export type OperationGroup =
  | { readonly kind: 'create'; readonly names: readonly string[]; readonly members: readonly Placed<'create'>[] }
  | {
      readonly kind: 'update'
      readonly names: readonly string[]
      readonly expected: readonly string[]
      readonly members: readonly Placed<'update'>[]
    }
  | { readonly kind: 'remove'; readonly members: readonly Placed<'remove'>[] }

/** The batch in as few groups as there are sets of fields, in the order in which they first appear. */
export function groupOperations(operations: readonly Operation[]): OperationGroup[] {
  const groups = new Map<string, Placed<Operation['kind']>[]>()
  let last: Operation | undefined
  let members: Placed<Operation['kind']>[] = []
  operations.forEach((operation, place) => {
    // Most operations look like the one before, which is cheaper to see than to spell out.
    if (last === undefined || !isAlike(last, operation)) {
      const shape = shapeOf(operation)
      members = groups.get(shape) ?? []
      groups.set(shape, members)
    }
    last = operation
    members.push({ place, operation })
  })
  return [...groups.values()].map(groupOf)
}

function isAlike(a: Operation, b: Operation): boolean {
  if (a.kind === 'create') return b.kind === 'create' && hasSameNames(a.fields, b.fields)
  if (a.kind === 'remove' || b.kind !== 'update') return a.kind === b.kind
  return hasSameNames(a.fields, b.fields) && hasSameNames(a.expected ?? {}, b.expected ?? {})
}

/** The same names in the same order. */
function hasSameNames(a: Fields, b: Fields): boolean {
  const names = namesOf(b)
  let at = 0
  for (const name in a) if (names[at++] !== name) return false
  return at === names.length
}

/** Names in another order make a group of their own, which is harmless; sorting them costs more than it saves. */
function shapeOf(operation: Operation): string {
  if (operation.kind === 'remove') return 'remove'
  const expected = operation.kind === 'update' && operation.expected !== null ? namesOf(operation.expected) : []
  return `${operation.kind}\0${namesOf(operation.fields).join('\0')}\0\0${expected.join('\0')}`
}

function groupOf(members: readonly Placed<Operation['kind']>[]): OperationGroup {
  const first = members[0]?.operation
  if (first === undefined || first.kind === 'remove') {
    return { kind: 'remove', members: members as readonly Placed<'remove'>[] }
  }
  const names = namesOf(first.fields)
  if (first.kind === 'create') return { kind: 'create', names, members: members as readonly Placed<'create'>[] }
  const expected = first.expected === null ? [] : namesOf(first.expected)
  return { kind: 'update', names, expected, members: members as readonly Placed<'update'>[] }
}

function namesOf(fields: Fields): string[] {
  return Object.keys(fields)
}
