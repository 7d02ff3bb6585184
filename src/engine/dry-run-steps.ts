import { asSyncError } from '../contract/error.ts'
import type { Fields, Value } from '../contract/value.ts'
import type { Link } from '../ledger/link.ts'
import type { StepTask } from '../ledger/step.ts'
import type { Side, StepRule } from '../mapping/mapping.ts'
import type { Context } from './context.ts'
import type { PlannedStep } from './dry-run-newcomers.ts'
import { fingerprint } from './fingerprint.ts'
import { holds, type Records, readBoth, readsOf, scopeOf, withRelated } from './step-records.ts'

/** Records that are read together. */
const AT_ONCE = 200
/** Tasks of the ledger that are looked at. */
const MOST_TASKS = 10_000

/**
 * The steps that a sync would call for these records, and for those whose steps are due, with what it writes before. What a
 * step does is not known before, so that those which only follow from it are not among them; nor are those of records that
 * are created first. Calls nothing.
 * @param planned what is to be written to each side, by the link's id.
 */
export async function* planSteps(
  context: Context,
  changed: readonly Link[],
  planned: ReadonlyMap<number, Readonly<Record<Side, Fields>>>,
  signal: AbortSignal,
): AsyncGenerator<PlannedStep> {
  const { mapping, ledger } = context
  if (mapping.steps.length === 0) return
  const links = new Map(changed.filter(({ state }) => state === 'live').map((link) => [link.id, link]))
  const marks = new Map<number, StepTask['marks']>()
  const known = (await ledger.mappings()).includes(mapping.name)
  for (const task of known ? await ledger.steps(mapping.name, { limit: MOST_TASKS }) : []) {
    marks.set(task.link.id, task.marks)
    if (task.state === 'pending' && task.link.state === 'live') links.set(task.link.id, task.link)
  }
  const all = [...links.values()]
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const some = all.slice(start, start + AT_ONCE)
    const found = await readBoth(context, some, signal)
    for (const link of some) {
      const records = found.get(link.id)
      if (!records) continue
      const expected = withPlanned(records, planned.get(link.id))
      for (const rule of mapping.steps) {
        const step = await planStep(context, rule, link, expected, marks.get(link.id)?.[rule.name], signal)
        if (step) yield step
      }
    }
  }
}

function withPlanned(records: Records, planned: Readonly<Record<Side, Fields>> | undefined): Records {
  const on = (side: Side) => ({ ...records[side], fields: { ...records[side].fields, ...planned?.[side] } })
  return { odoo: on('odoo'), external: on('external') }
}

async function planStep(
  context: Context,
  rule: StepRule,
  link: Link,
  records: Records,
  mark: string | undefined,
  signal: AbortSignal,
): Promise<PlannedStep | null> {
  const base = { side: rule.side, odooId: link.odooId, externalId: link.externalId, key: link.key, before: {} }
  try {
    const scope = scopeOf(records)
    if (!holds(rule.when.evaluate(scope))) return null
    const whole = await withRelated(context, rule, records, signal)
    if (rule.unless && holds(rule.unless.evaluate(whole))) return null
    const call = rule.call(whole)
    if (!rule.unless && mark === fingerprint([...readsOf(rule, scope), call])) return null
    return { action: 'step', ...base, after: asFields(call), message: rule.name }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = asSyncError(thrown)
    if (error.disposition !== 'park') throw error
    return { action: 'error', ...base, after: {}, message: `step ${rule.name}: ${error.message}` }
  }
}

function asFields(call: Value): Fields {
  return typeof call === 'object' && call !== null && !Array.isArray(call) ? (call as Fields) : {}
}
