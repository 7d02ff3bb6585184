import { createHash } from 'node:crypto'
import { algorithmOf, type ContentRef, contentOf } from '../contract/content.ts'
import type { Value } from '../contract/value.ts'

/**
 * Whether two binary values surely hold the same bytes: references with one digest, or base64 that has the digest of the
 * reference beside it. References with different digests say nothing here.
 */
export function isSameContent(a: Value, b: Value): boolean {
  const [left, right] = [contentOf(a), contentOf(b)]
  if (left !== null && right !== null) return left.checksum === right.checksum && left.size === right.size
  if (left !== null) return hasContent(b, left)
  return right !== null && hasContent(a, right)
}

function hasContent(base64: Value, content: ContentRef): boolean {
  if (typeof base64 !== 'string') return false
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== content.size) return false
  const algorithm = algorithmOf(content)
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` === content.checksum
}
