/** A string of `FINGERPRINT_LENGTH` characters a field, in the order of the mapping's fields. */
export type Seen = string
export const FINGERPRINT_LENGTH = 8
/** Stands for "never seen" in a Seen. */
export const UNKNOWN_FINGERPRINT = '--------'

/**
 * The text of a `Seen`. First the heads, one fingerprint of `FINGERPRINT_LENGTH` characters a field. Then, for each field
 * whose value is more than one thing (a record's lines), `|<index>:<detail>`; what the detail holds is the engine's. A
 * field's *entry* is its head, and `:` with the detail where it has one.
 */
const DETAIL = '|'

/** The head of the field at `index`. */
export function seenAt(seen: Seen, index: number): string {
  return seen.slice(index * FINGERPRINT_LENGTH, (index + 1) * FINGERPRINT_LENGTH)
}

/** The head and the detail of the field at `index`. */
export function entryAt(seen: Seen, index: number): string {
  const detail = detailsOf(seen).get(index)
  return detail === undefined ? seenAt(seen, index) : `${seenAt(seen, index)}:${detail}`
}

/** The detail of an entry; null: it has none. */
export function detailOf(entry: string): string | null {
  return entry.length > FINGERPRINT_LENGTH ? entry.slice(FINGERPRINT_LENGTH + 1) : null
}

export function headOf(entry: string): string {
  return entry.slice(0, FINGERPRINT_LENGTH)
}

/** The entries of all fields, in their order, as one text. */
export function joinEntries(entries: readonly string[]): Seen {
  const plain = entries.join('')
  if (plain.length === entries.length * FINGERPRINT_LENGTH) return plain
  const details = entries.map((entry, index) => {
    const detail = detailOf(entry)
    return detail === null ? '' : `${DETAIL}${index}:${detail}`
  })
  return entries.map(headOf).join('') + details.join('')
}

/** `seen` with some entries replaced, by index. */
export function withSeen(seen: Seen, replaced: ReadonlyMap<number, string>): Seen {
  if (replaced.size === 0) return seen
  const count = headsOf(seen).length / FINGERPRINT_LENGTH
  const details = detailsOf(seen)
  const entries: string[] = []
  for (let index = 0; index < count; index++) {
    const detail = details.get(index)
    const kept = detail === undefined ? seenAt(seen, index) : `${seenAt(seen, index)}:${detail}`
    entries.push(replaced.get(index) ?? kept)
  }
  return joinEntries(entries)
}

/** `seen` with its fields in another order: `places` says where each of them stood, -1 for one that is new. */
export function projectSeen(seen: Seen, places: readonly number[]): Seen {
  const count = headsOf(seen).length / FINGERPRINT_LENGTH
  return joinEntries(places.map((place) => (place >= 0 && place < count ? entryAt(seen, place) : UNKNOWN_FINGERPRINT)))
}

/** Whether some field was never seen. */
export function hasUnseen(seen: Seen): boolean {
  return headsOf(seen).includes(UNKNOWN_FINGERPRINT)
}

function headsOf(seen: Seen): string {
  const end = seen.indexOf(DETAIL)
  return end < 0 ? seen : seen.slice(0, end)
}

function detailsOf(seen: Seen): ReadonlyMap<number, string> {
  const details = new Map<number, string>()
  for (const part of seen.split(DETAIL).slice(1)) {
    const colon = part.indexOf(':')
    details.set(Number(part.slice(0, colon)), part.slice(colon + 1))
  }
  return details
}
