import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml'
import type { Path } from '../mapping/problem.ts'
import { type DocumentOptions, pathKey } from './document.ts'
import { isSecretName, secretsInUrl } from './redact.ts'
import { hasPlaceholder, substitute } from './substitute.ts'

const MAX_ALIASES = 100
const MAX_NODES = 100_000

export interface TreeOptions extends DocumentOptions {
  /** A path in `${file:…}` as it is opened. */
  readonly resolvePath: (path: string) => string
}

interface TreeProblem {
  readonly path: Path
  readonly message: string
  readonly at?: 'value' | 'key'
}

/** The document's plain data. Offsets are those of the text. */
export interface Tree {
  readonly data: unknown
  /** Where each key begins, by `pathKey`. */
  readonly keys: ReadonlyMap<string, number>
  /** Where each value begins, by `pathKey`. */
  readonly values: ReadonlyMap<string, number>
  readonly substituted: ReadonlySet<string>
  readonly problems: readonly TreeProblem[]
}

interface Reading {
  readonly document: Document
  readonly options: TreeOptions
  readonly keys: Map<string, number>
  readonly values: Map<string, number>
  readonly substituted: Set<string>
  readonly problems: TreeProblem[]
  nodes: number
  aliases: number
}

/** Walks the parsed document: fills in placeholders, remembers positions and secrets, refuses what would surprise. */
export function readTree(document: Document, options: TreeOptions): Tree {
  const reading: Reading = {
    document,
    options,
    keys: new Map(),
    values: new Map(),
    substituted: new Set(),
    problems: [],
    nodes: 0,
    aliases: 0,
  }
  const data = readNode(reading, document.contents, [])
  const { keys, values, substituted, problems } = reading
  return { data, keys, values, substituted, problems }
}

function readNode(reading: Reading, node: Node | null, path: Path): unknown {
  reading.nodes += 1
  if (reading.nodes > MAX_NODES) {
    if (reading.nodes === MAX_NODES + 1)
      reading.problems.push({ path, message: 'the file holds too much, or repeats it by aliases' })
    return null
  }
  if (node?.range) reading.values.set(pathKey(path), node.range[0])
  if (isAlias(node)) {
    reading.aliases += 1
    const target = node.resolve(reading.document)
    if (target === undefined || reading.aliases > MAX_ALIASES) {
      const message = target === undefined ? `no anchor &${node.source} comes before this` : 'too many aliases'
      reading.problems.push({ path, message })
      return null
    }
    const position = reading.values.get(pathKey(path))
    const data = readNode(reading, target, path)
    if (position !== undefined) reading.values.set(pathKey(path), position)
    return data
  }
  if (isSeq(node)) return node.items.map((item, index) => readNode(reading, item as Node | null, [...path, index]))
  if (isMap(node)) return readMap(reading, node.items as Pair<Node, Node | null>[], path)
  return isScalar(node) ? readScalar(reading, node, path) : null
}

function readMap(reading: Reading, pairs: readonly Pair<Node, Node | null>[], path: Path): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const { key, value } of pairs) {
    const name = isScalar(key) ? String(key.value) : ''
    const here = [...path, name]
    if (key.range) reading.keys.set(pathKey(here), key.range[0])
    const message = keyFault(key)
    if (message !== null) reading.problems.push({ path: here, message, at: 'key' })
    if (name === '__proto__') continue
    // A key without a value ends where the key does: that is where the value is missing.
    if (value === null && key.range) reading.values.set(pathKey(here), key.range[0])
    data[name] = readNode(reading, value, here)
  }
  return data
}

/** Keys are text. One that YAML reads as something else might not be what was written: 007 is 7. */
function keyFault(key: Node): string | null {
  if (!isScalar(key)) return 'a key has to be a name'
  if (key.value === '__proto__') return 'this key is not allowed'
  if (key.value === '<<') return 'merging with << is not supported: repeat the values'
  if (typeof key.value === 'string') return null
  return `a key has to be a text: write "${key.source ?? String(key.value)}" in quotes`
}

function readScalar(reading: Reading, node: Scalar, path: Path): unknown {
  const { value } = node
  if (typeof value === 'number') {
    const isExact = !Number.isInteger(value) || Number.isSafeInteger(value)
    if (isExact && Number.isFinite(value)) return value
    reading.problems.push({ path, message: 'this number cannot be kept exactly: write it in quotes' })
    return value
  }
  if (typeof value !== 'string') return value
  return readText(reading, value, path)
}

function readText(reading: Reading, text: string, path: Path): string {
  const { redactor, sources, resolvePath } = reading.options
  const name = String(path.findLast((part) => typeof part === 'string') ?? '')
  let result = text
  if (hasPlaceholder(text)) {
    const filled = substitute(text, sources, resolvePath)
    result = filled.text
    reading.substituted.add(pathKey(path))
    for (const secret of filled.secrets) redactor.add(secret)
    for (const variable of filled.variables) if (isSecretName(variable.name)) redactor.add(variable.value)
    for (const message of filled.problems) reading.problems.push({ path, message })
  }
  if (isSecretName(name)) redactor.add(result)
  for (const secret of secretsInUrl(result)) redactor.add(secret)
  return result
}
