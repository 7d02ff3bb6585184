import type { Outcome } from '../../contract/sink.ts'
import type { OdooModel } from './model.ts'
import { readById } from './read-by-id.ts'
import { mayBeMissing } from './transport/odoo-fault.ts'

/**
 * Runs a call on many records. One that does not exist makes Odoo refuse the whole call without saying which (its text
 * does, in the user's language): then the records are looked up, the missing ones are answered `gone`, and the call is
 * made once more with the others.
 * @throws what `run` throws, also when every record exists: then it is a record that one of them refers to.
 */
export async function answerMissing<T extends { readonly id: string }>(
  model: OdooModel,
  items: readonly T[],
  signal: AbortSignal,
  run: (items: readonly T[]) => Promise<Outcome[]>,
): Promise<Outcome[]> {
  const possible = items.filter((item) => /^[1-9]\d*$/.test(item.id))
  try {
    if (possible.length === items.length) return await run(items)
  } catch (error) {
    if (!mayBeMissing(error)) throw error
    const existing = await readById(model, ids(items), signal)
    if (existing.size === items.length) throw error
    return runPresent(items, existing, run)
  }
  return runPresent(items, await readById(model, ids(possible), signal), run)
}

async function runPresent<T extends { readonly id: string }>(
  items: readonly T[],
  existing: ReadonlyMap<string, unknown>,
  run: (items: readonly T[]) => Promise<Outcome[]>,
): Promise<Outcome[]> {
  const present = items.filter((item) => existing.has(item.id))
  const results = present.length === 0 ? [] : await run(present)
  const byId = new Map(present.map((item, index) => [item.id, results[index]]))
  return items.map((item) => byId.get(item.id) ?? { kind: 'gone' })
}

function ids(items: readonly { readonly id: string }[]): string[] {
  return items.map((item) => item.id)
}
