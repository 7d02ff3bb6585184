import { pythonError, pythonRepr } from './odoo-error.ts'

/** A domain as a tree. Odoo writes it in prefix notation, with an implicit `&` between what stands side by side. */
export type DomainNode =
  | { readonly kind: 'and' | 'or'; readonly nodes: readonly DomainNode[] }
  | { readonly kind: 'not'; readonly node: DomainNode }
  | { readonly kind: 'constant'; readonly value: boolean }
  | Leaf

export interface Leaf {
  readonly kind: 'leaf'
  readonly path: string
  readonly operator: string
  readonly value: unknown
}

const OPERATORS = new Set([
  ...['=', '!=', '>', '>=', '<', '<=', 'in', 'not in', '=?', 'any', 'not any', 'child_of', 'parent_of'],
  ...['like', 'not like', 'ilike', 'not ilike', '=like', 'not =like', '=ilike', 'not =ilike', '==', '<>'],
])

export function parseDomain(domain: unknown): DomainNode {
  if (!Array.isArray(domain)) {
    throw pythonError('TypeError', `Domain() invalid argument type for domain: ${pythonRepr(domain)}`)
  }
  const stack: DomainNode[] = []
  for (const item of [...(domain as unknown[])].reverse()) {
    if (item === '&' || item === '|') {
      const left = stack.pop()
      const right = stack.pop()
      if (!left || !right) throw malformed(domain)
      stack.push({ kind: item === '&' ? 'and' : 'or', nodes: [left, right] })
    } else if (item === '!') {
      const node = stack.pop()
      if (!node) throw malformed(domain)
      stack.push({ kind: 'not', node })
    } else {
      stack.push(parseLeaf(item))
    }
  }
  if (stack.length === 1 && stack[0]) return stack[0]
  return { kind: 'and', nodes: stack.reverse() }
}

function parseLeaf(item: unknown): DomainNode {
  if (!Array.isArray(item) || item.length !== 3) {
    throw pythonError('ValueError', `Domain() invalid item in domain: ${pythonRepr(item)}`)
  }
  const [path, operator, value] = item as unknown[]
  if (operator === '=' && value === 1 && (path === 1 || path === 0)) return { kind: 'constant', value: path === 1 }
  if (typeof path !== 'string' || path === '')
    throw conditionError('Empty field name', path, operator, value, 'TypeError')
  const lower = String(operator).toLowerCase()
  if (!OPERATORS.has(lower)) throw conditionError('Invalid operator', path, operator, value)
  const plain = lower === '==' ? '=' : lower === '<>' ? '!=' : lower
  return { kind: 'leaf', path, operator: plain, value: value ?? false }
}

function malformed(domain: unknown): Error {
  return pythonError('ValueError', `Domain() malformed domain ${pythonRepr(domain)}`)
}

export function conditionError(
  message: string,
  path: unknown,
  operator: unknown,
  value: unknown,
  name: 'ValueError' | 'TypeError' = 'ValueError',
): Error {
  return pythonError(name, `${message} in condition (${[path, operator, value].map(pythonRepr).join(', ')})`)
}

/** True where the domain speaks about a field itself: a search then leaves archived records to the domain. */
export function mentions(node: DomainNode, field: string): boolean {
  if (node.kind === 'leaf') return node.path === field
  if (node.kind === 'not') return mentions(node.node, field)
  return node.kind !== 'constant' && node.nodes.some((child) => mentions(child, field))
}

/** The conditions that every match must fulfil: what an index may be used for. */
export function requiredLeaves(node: DomainNode): readonly Leaf[] {
  if (node.kind === 'leaf') return [node]
  return node.kind === 'and' ? node.nodes.flatMap(requiredLeaves) : []
}
