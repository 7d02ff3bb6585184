import type { RecordId } from '../contract/change.ts'
import { algorithmOf, type ContentRef, contentOf } from '../contract/content.ts'
import { SyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import { fieldOn, type References, SIDES, type Side } from '../mapping/mapping.ts'
import { checksumOf } from './content-stream.ts'
import type { Context } from './context.ts'

/** A pair of records of which both sides are known. */
export interface ComparedPair {
  readonly ids: Readonly<Record<Side, RecordId>>
  readonly fields: Readonly<Record<Side, Fields>>
}

/**
 * Looks at files of which the two sides know different digests: one of them is read, and digested as the other side does
 * it. Files of different sizes are different without that. `isWanted` says of which fields it matters. The answer is
 * `references` with what was found. @throws SyncError when a side cannot be read.
 */
export async function compareContents(
  context: Context,
  pairs: readonly ComparedPair[],
  references: References,
  isWanted: (pair: ComparedPair, rule: number) => boolean,
  signal: AbortSignal,
): Promise<References> {
  const rules = context.mapping.fields
  const files = rules.flatMap((rule, index) =>
    SIDES.every((side) => context.sides[side].schema.fields.get(fieldOn(rule, side))?.type === 'binary') ? [index] : [],
  )
  if (files.length === 0 || pairs.length === 0) return references
  const found = new Map<string, boolean>()
  for (const pair of pairs) {
    for (const index of files) {
      const rule = rules[index]
      if (rule === undefined) continue
      const odoo = contentOf(pair.fields.odoo[rule.odoo])
      const external = contentOf(pair.fields.external[rule.external])
      if (odoo === null || external === null || algorithmOf(odoo) === algorithmOf(external)) continue
      const name = nameOf(odoo, external)
      if (odoo.size !== external.size) found.set(name, false)
      else if (!found.has(name) && isWanted(pair, index)) {
        const isSame = await isSameFile(
          context,
          pair,
          { odoo: rule.odoo, external: rule.external },
          { odoo, external },
          signal,
        )
        if (isSame !== null) found.set(name, isSame)
      }
    }
  }
  return { ...references, isSameContent: (a, b) => lookUp(found, a, b) }
}

function lookUp(found: ReadonlyMap<string, boolean>, a: Value, b: Value): boolean | undefined {
  const [odoo, external] = [contentOf(a), contentOf(b)]
  return odoo === null || external === null ? undefined : found.get(nameOf(odoo, external))
}

function nameOf(odoo: ContentRef, external: ContentRef): string {
  return `${odoo.checksum} ${odoo.size} ${external.checksum} ${external.size}`
}

/** The external side is read where it can be: a database gives its bytes for less than Odoo does. null: it changed. */
async function isSameFile(
  context: Context,
  { ids }: ComparedPair,
  field: Readonly<Record<Side, string>>,
  content: Readonly<Record<Side, ContentRef>>,
  signal: AbortSignal,
): Promise<boolean | null> {
  for (const side of ['external', 'odoo'] as const) {
    const { sink } = context.sides[side].collection
    if (!sink?.openContent) continue
    const other = content[side === 'odoo' ? 'external' : 'odoo']
    try {
      return (await checksumOf(sink.openContent(ids[side], field[side], signal), algorithmOf(other))) === other.checksum
    } catch (error) {
      if (error instanceof SyncError && error.code === 'changed') return null
      throw error
    }
  }
  return null
}
