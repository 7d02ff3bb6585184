import { keyText } from '../mapping/key.ts'
import type { Side } from '../mapping/mapping.ts'
import type { DeadLetter } from '../operations/dead-letters.ts'
import type { ServerSite } from './site.ts'

/**
 * Dead letters with the keys that their own values hold, where they have no link to be named by: "C-17" says more to a
 * person than an id.
 */
export async function withKeys<Letter extends DeadLetter>(
  site: ServerSite,
  letters: readonly Letter[],
): Promise<readonly Letter[]> {
  const keys = new Map<DeadLetter, string>()
  const nameless = letters.filter(({ key }) => key === null)
  for (const [place, same] of Map.groupBy(nameless, ({ mapping, side }) => `${side} ${mapping}`)) {
    const [side, mapping = ''] = place.split(' ') as [Side, string]
    const field = site.files.find(({ name }) => name === mapping)?.definition[side].key ?? ''
    const known = await site.ledger.known(
      mapping,
      side,
      same.map(({ id }) => id),
    )
    for (const letter of same) {
      const key = keyText(known.get(letter.id)?.change?.fields[field] ?? null)
      if (key !== null) keys.set(letter, key)
    }
  }
  return letters.map((letter) => ({ ...letter, key: keys.get(letter) ?? letter.key }))
}
