import { z } from 'zod'
import type { Change } from '../../../contract/change.ts'
import { GONE } from './parse-hook.ts'
import { BUS_TYPE } from './rules.ts'

const messages = z.array(
  z.looseObject({ id: z.int(), message: z.looseObject({ type: z.string(), payload: z.unknown() }) }),
)
const telling = z.object({ model: z.string(), ids: z.array(z.int()), event: z.string().nullish() })

export interface Heard {
  readonly changes: readonly Change[]
  /** The highest id of a message. */
  readonly position: string
}

/** What messages of the bus say of a model. null: nothing of ours is in them. */
export function readMessages(raw: unknown, model: string): Heard | null {
  const parsed = messages.safeParse(raw)
  if (!parsed.success || parsed.data.length === 0) return null
  const changes = parsed.data.flatMap(({ message }): Change[] => {
    const told = message.type === BUS_TYPE ? telling.safeParse(message.payload) : null
    if (!told?.success || told.data.model !== model) return []
    const isGone = told.data.event === GONE
    return told.data.ids.map(
      (id): Change =>
        isGone ? { kind: 'gone', id: String(id), atMs: null } : { kind: 'hint', id: String(id), version: null },
    )
  })
  if (changes.length === 0) return null
  return { changes, position: String(Math.max(...parsed.data.map(({ id }) => id))) }
}
