import { asSyncError, SyncError } from '../../contract/error.ts'
import type { Fields, Value } from '../../contract/value.ts'
import { translationOf } from './field-name.ts'
import type { OdooModel } from './model.ts'
import { toOdooIds } from './records.ts'
import type { Update } from './update-records.ts'

/** An update's values: what is written as it is, and what is written in a language. */
export interface SplitUpdate {
  readonly plain: Update
  readonly byLanguage: ReadonlyMap<string, Fields>
}

export function splitByLanguage({ id, vals }: Update): SplitUpdate {
  const plain: Record<string, Value> = {}
  const byLanguage = new Map<string, Record<string, Value>>()
  for (const [name, value] of Object.entries(vals)) {
    const translation = translationOf(name)
    if (translation === null) {
      plain[name] = value
      continue
    }
    const ofLanguage = byLanguage.get(translation.language) ?? {}
    ofLanguage[translation.field] = value
    byLanguage.set(translation.language, ofLanguage)
  }
  return { plain: { id, vals: plain }, byLanguage }
}

/**
 * Writes values in their languages, each language in calls of its own. An empty one takes the translation away, so that
 * Odoo shows the source text again: a `write` of nothing would empty the field in every language.
 * @param isBegun something of these updates was written before: then no failure may say that nothing was done.
 */
export async function writeTranslations(
  model: OdooModel,
  updates: readonly SplitUpdate[],
  isBegun: boolean,
  signal: AbortSignal,
): Promise<void> {
  let isDone = isBegun
  const send = async (method: string, args: Fields): Promise<void> => {
    try {
      await model.connection.change(model.name, method, args, signal)
      isDone = true
    } catch (thrown) {
      const error = asSyncError(thrown)
      if (!isDone || error.inDoubt) throw error
      throw new SyncError(error.code, error.message, { cause: error.cause, inDoubt: true })
    }
  }
  for (const { language, ids, vals } of groupsOf(updates)) {
    const context = { ...model.context, lang: language }
    const full = Object.entries(vals).filter(([, value]) => value !== false)
    const empty = Object.keys(vals).filter((name) => vals[name] === false)
    const isRemovable = empty.length > 0 && (await model.connection.capabilities.canRemoveTranslations(signal))
    if (!isRemovable) full.push(...empty.map((name): [string, Value] => [name, '']))
    if (full.length > 0) await send('write', { ids, vals: Object.fromEntries(full), context })
    for (const field of isRemovable ? empty : []) {
      for (const id of ids) {
        const args = { ids: [id], field_name: field, translations: { [language]: false }, context: model.context }
        await send('update_field_translations', args)
      }
    }
  }
}

/** Records that get the same values in a language. */
function groupsOf(
  updates: readonly SplitUpdate[],
): readonly { readonly language: string; readonly ids: number[]; readonly vals: Fields }[] {
  const all = updates.flatMap(({ plain, byLanguage }) =>
    [...byLanguage].map(([language, vals]) => ({ language, id: plain.id, vals })),
  )
  const groups = Map.groupBy(all, ({ language, vals }) => JSON.stringify([language, vals]))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    return first ? [{ language: first.language, vals: first.vals, ids: toOdooIds(group.map(({ id }) => id)) }] : []
  })
}
