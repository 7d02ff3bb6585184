import { createHash } from 'node:crypto'
import { algorithmOf, type ContentRef } from '../contract/content.ts'
import { SyncError } from '../contract/error.ts'

/**
 * The pieces of `source`, which must turn out to be `content`: its size and its digest. The last piece is held back until
 * that is known, so that whoever writes never has the whole of something wrong. `what` names it in messages.
 * @throws SyncError `changed`, and what `source` throws.
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  content: ContentRef,
  what: string,
): AsyncGenerator<Uint8Array> {
  const algorithm = algorithmOf(content)
  const hash = createHash(algorithm)
  let size = 0
  let held: Uint8Array | null = null
  for await (const piece of source) {
    size += piece.length
    if (size > content.size) break
    hash.update(piece)
    if (held !== null) yield held
    held = piece
  }
  if (size !== content.size || `${algorithm}:${hash.digest('hex')}` !== content.checksum) {
    const found = size > content.size ? 'more' : `${size}`
    throw new SyncError('changed', `${what} is not what it was: ${found} bytes came instead of ${content.size}`, {
      hint: 'It changed while it was read, or its stored checksum is wrong.',
    })
  }
  if (held !== null) yield held
}

/** The digest of what `source` gives, as a reference names it. Holds no more than a piece. */
export async function checksumOf(source: AsyncIterable<Uint8Array>, algorithm: string): Promise<string> {
  const hash = createHash(algorithm)
  for await (const piece of source) hash.update(piece)
  return `${algorithm}:${hash.digest('hex')}`
}
