import { contentOf } from '../contract/content.ts'
import type { Value } from '../contract/value.ts'
import type { FieldRule, Side } from '../mapping/mapping.ts'

/**
 * Whether `stored` may be what a system made of the value that we sent: rounded, trimmed, put into a paragraph. It is asked
 * only while a write is in doubt, where the other answer would be that somebody edited the field in that very moment.
 */
export function isStoredForm(rule: FieldRule, side: Side, sent: Value, stored: Value): boolean {
  if (rule.isSame(side, sent, stored)) return true
  // The side may know another digest of the file that it was sent.
  const [sentFile, storedFile] = [contentOf(sent), contentOf(stored)]
  if (sentFile !== null && storedFile !== null) return sentFile.size === storedFile.size
  if (typeof sent === 'number' && typeof stored === 'number') {
    const decimals = String(stored).split('.')[1]?.length ?? 0
    return Number(sent.toFixed(decimals)) === stored
  }
  return bareText(sent) !== null && bareText(sent) === bareText(stored)
}

/** A text without tags and white space; an empty one is no text. */
function bareText(value: Value): string | null {
  if (value === null || value === '') return ''
  return typeof value === 'string' ? value.replace(/<[^>]*>/g, '').replace(/\s+/g, '') : null
}
