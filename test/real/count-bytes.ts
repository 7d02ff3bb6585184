import type { Context } from '../../src/engine/context.ts'
import { SIDES, type Side } from '../../src/mapping/mapping.ts'

export interface ByteCounter {
  /** The context with sinks that are counted. */
  readonly observe: (context: Context) => Context
  /** The bytes of files that were transferred from each side since this was last asked. */
  take(): Record<Side, number>
}

export function countBytes(): ByteCounter {
  const bytes: Record<Side, number> = { odoo: 0, external: 0 }

  const observe = (context: Context): Context => {
    bytes.odoo = 0
    bytes.external = 0
    const sides = { ...context.sides }
    for (const side of SIDES) {
      const { sink } = sides[side].collection
      const open = sink?.openContent
      if (!sink || !open) throw new Error(`${side} does not stream.`)
      async function* openContent(...request: Parameters<NonNullable<typeof open>>): AsyncGenerator<Uint8Array> {
        for await (const piece of open?.(...request) ?? []) {
          bytes[side] += piece.length
          yield piece
        }
      }
      sides[side] = { ...sides[side], collection: { ...sides[side].collection, sink: { ...sink, openContent } } }
    }
    return { ...context, sides }
  }

  return {
    observe,
    take() {
      const read = { ...bytes }
      bytes.odoo = 0
      bytes.external = 0
      return read
    },
  }
}
