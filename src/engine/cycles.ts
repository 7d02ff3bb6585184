import type { RecordRef } from '../mapping/mapping.ts'

export interface Wait {
  readonly change: RecordRef
  readonly waitsFor: readonly RecordRef[]
}

/**
 * The waiting changes that wait for each other in a circle, and so would wait for ever. Pure: strongly connected
 * components by Tarjan's algorithm, without recursion, so that a chain of 100,000 does not overflow the stack.
 */
export function findCycles(waits: readonly Wait[]): readonly RecordRef[] {
  const nodes = new Map(waits.map((wait) => [nameOf(wait.change), wait] as const))
  const edges = (name: string): readonly string[] =>
    (nodes.get(name)?.waitsFor ?? []).map(nameOf).filter((target) => nodes.has(target))
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const onStack = new Set<string>()
  const stack: string[] = []
  const found: RecordRef[] = []

  const enter = (name: string, path: { name: string; next: number }[]): void => {
    index.set(name, index.size)
    low.set(name, index.get(name) ?? 0)
    stack.push(name)
    onStack.add(name)
    path.push({ name, next: 0 })
  }
  const leave = (name: string): void => {
    if (low.get(name) !== index.get(name)) return
    const component: string[] = []
    let member: string | undefined
    do {
      member = stack.pop()
      if (member === undefined) break
      onStack.delete(member)
      component.push(member)
    } while (member !== name)
    const isCycle = component.length > 1 || edges(name).includes(name)
    if (isCycle) for (const each of component) found.push(nodes.get(each)?.change as RecordRef)
  }
  const lower = (name: string, value: number): void => {
    low.set(name, Math.min(low.get(name) ?? value, value))
  }

  for (const root of nodes.keys()) {
    if (index.has(root)) continue
    const path: { name: string; next: number }[] = []
    enter(root, path)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const target = edges(top.name)[top.next]
      if (target === undefined) {
        path.pop()
        leave(top.name)
        const parent = path.at(-1)
        if (parent) lower(parent.name, low.get(top.name) ?? 0)
      } else {
        top.next += 1
        if (!index.has(target)) enter(target, path)
        else if (onStack.has(target)) lower(top.name, index.get(target) ?? 0)
      }
    }
  }
  return found
}

function nameOf({ mapping, side, id }: RecordRef): string {
  return `${mapping} ${side} ${id}`
}
