import type { Value } from './value.ts'

/**
 * What a binary field holds, named without its bytes, so that a file can be compared, staged and kept in an intent without
 * being held. A value like any other: JSON, and equal where the content is equal. Two systems may know different digests
 * of one file: then only equal digests say something, and different sizes.
 */
export type ContentRef = {
  /** The algorithm, a colon, and the digest in lower-case hex: "sha1:2fd4e1c67a2d28fced849ee1bb76e7391b93eb12". */
  readonly checksum: string
  /** In bytes. */
  readonly size: number
}

/** The digests that a `checksum` may name, as `node:crypto` knows them. */
const CHECKSUM = /^(?:sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64})$/

/** `value` where it is a reference to content; null: anything else. */
export function contentOf(value: Value | undefined): ContentRef | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const { checksum, size } = value as { readonly [name: string]: Value }
  const isRef = typeof checksum === 'string' && typeof size === 'number' && CHECKSUM.test(checksum)
  return isRef && Object.keys(value).length === 2 ? (value as ContentRef) : null
}

/** "sha1" of "sha1:2fd4…". */
export function algorithmOf(content: ContentRef): string {
  return content.checksum.slice(0, content.checksum.indexOf(':'))
}

/**
 * The bytes of a field that holds a reference, from their beginning, in pieces of at most a few megabytes. May be called
 * again for another attempt. Ending the iteration early frees what it holds. @throws SyncError while it is read:
 * `changed` where the bytes are not (any more) those that the reference names; then nothing of them may be kept.
 */
export type OpenContent = (field: string, signal: AbortSignal) => AsyncIterable<Uint8Array>
