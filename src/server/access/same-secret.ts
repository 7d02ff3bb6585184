import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether two secrets are equal. Takes the same time whatever they have in common, and however long they are. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
