import { SyncError } from '../contract/error.ts'
import type { Value } from '../contract/value.ts'
import type { HistoryEntry } from '../ledger/history.ts'
import type { StepOutcome, StepTask } from '../ledger/step.ts'
import { SIDES, type Side, type StepRule } from '../mapping/mapping.ts'
import { backoffMs } from './backoff.ts'
import { capture } from './capture.ts'
import type { Context } from './context.ts'
import { faultOf } from './draft.ts'
import { fingerprint } from './fingerprint.ts'
import { idOn } from './job.ts'
import { readRecords } from './pull.ts'
import type { RunMemory } from './run-memory.ts'
import { holds, type Records, readBoth, readsOf, scopeOf, withRelated } from './step-records.ts'

/** How many records' steps are looked at together: they are read in one call for each side. */
const TAKE = 200
/** A call in doubt is looked at again so soon. */
const LOOK_AGAIN_MS = 1000

/**
 * Works off the steps that are due: of each record in order, once its fields are settled. The answer is how many calls
 * were made: what they changed is captured already, and may make fields and further steps due.
 *
 * A step is called when `when` holds and `unless` does not, on a reading made just before. That it may have been called is
 * stored before the call; after a crash or a lost answer `unless` is asked again, and where it does not hold, the call is
 * given `doubtGraceMs` to arrive late before it is made again.
 * @throws SyncError when the run has to stop: a side does not answer, or a person is needed. Everything is stored.
 */
export async function workSteps(context: Context, memory: RunMemory, signal: AbortSignal): Promise<number> {
  const { ledger, mapping, clock } = context
  if (mapping.steps.length === 0) return 0
  let calls = 0
  for (;;) {
    const tasks = await ledger.takeSteps(mapping.name, clock.nowMs(), TAKE)
    if (tasks.length === 0) return calls
    calls += await workTasks(context, tasks, memory, signal)
    if (memory.isStopping()) return calls
  }
}

async function workTasks(
  context: Context,
  tasks: readonly StepTask[],
  memory: RunMemory,
  signal: AbortSignal,
): Promise<number> {
  const records = await readBoth(
    context,
    tasks.map(({ link }) => link),
    signal,
  )
  const called: Record<Side, Set<string>> = { odoo: new Set(), external: new Set() }
  const idle: StepOutcome[] = []
  let calls = 0
  let failure: SyncError | null = null
  for (const task of tasks) {
    signal.throwIfAborted()
    if (memory.isStopping()) break
    const record = records.get(task.link.id)
    // Gone on a side: its feed tells of it, and the link ends then.
    const result = record ? await workTask(context, task, record, signal) : nothingToDo(task)
    for (const side of result.called) called[side].add(idOn(task.link, side))
    calls += result.called.length
    failure = result.failure
    if (result.called.length === 0 && result.history.length === 0) idle.push(result.outcome)
    else await settleTask(context, result)
    if (failure) break
  }
  if (idle.length > 0) await context.ledger.settleSteps(context.mapping.name, idle, [])
  for (const side of SIDES) if (called[side].size > 0) await captureEffects(context, side, [...called[side]], signal)
  if (failure) throw failure
  return calls
}

interface TaskResult {
  readonly outcome: StepOutcome
  readonly history: readonly HistoryEntry[]
  /** The side of each call that was made. */
  readonly called: readonly Side[]
  /** Ends the run, after everything is stored. */
  readonly failure: SyncError | null
}

function nothingToDo(task: StepTask): TaskResult {
  return { outcome: { ...task, linkId: task.link.id, ...IDLE }, history: [], called: [], failure: null }
}

const IDLE = { state: 'idle', step: null, calledAtMs: null, attempts: 0, notBeforeMs: 0, fault: null } as const

async function settleTask(context: Context, { outcome, history }: TaskResult): Promise<void> {
  await context.ledger.settleSteps(context.mapping.name, [outcome], history)
  context.crashPoint('step-settled')
}

/** A record's steps on their way: what was called so far, and what is remembered of it. */
interface Progress {
  readonly task: StepTask
  readonly called: Side[]
  readonly history: HistoryEntry[]
  marks: Record<string, string>
  /** The step that may be under way since a run before. */
  doubt: { readonly step: string; readonly calledAtMs: number } | null
}

async function workTask(context: Context, task: StepTask, first: Records, signal: AbortSignal): Promise<TaskResult> {
  const { step, calledAtMs } = task
  const progress: Progress = {
    task,
    called: [],
    history: [],
    marks: { ...task.marks },
    doubt: step !== null && calledAtMs !== null ? { step, calledAtMs } : null,
  }
  let records: Records = first
  for (const rule of context.mapping.steps) {
    try {
      const isCalled = await workStep(context, rule, records, progress, signal)
      if (isCalled === 'later') return resultOf(progress, laterOutcome(context, progress))
      if (!isCalled) continue
      const again = (await readBoth(context, [task.link], signal)).get(task.link.id)
      if (!again) break
      records = again
      await refuseUseless(context, rule, records, signal)
    } catch (thrown) {
      signal.throwIfAborted()
      if (!(thrown instanceof SyncError)) throw thrown
      return failedResult(context, rule, progress, thrown)
    }
  }
  return resultOf(progress, { ...IDLE, marks: progress.marks })
}

/** Whether the step was called. `later`: it may be under way, and has some time left to show. */
async function workStep(
  context: Context,
  rule: StepRule,
  records: Records,
  progress: Progress,
  signal: AbortSignal,
): Promise<boolean | 'later'> {
  const { doubt, task, marks } = progress
  const isInDoubt = doubt?.step === rule.name
  const scope = scopeOf(records)
  if (!holds(rule.when.evaluate(scope))) {
    if (isInDoubt) progress.doubt = null
    return false
  }
  const whole = await withRelated(context, rule, records, signal)
  if (rule.unless && holds(rule.unless.evaluate(whole))) {
    if (isInDoubt) {
      progress.doubt = null
      tell(context, progress, rule, null, true)
    }
    return false
  }
  const call = rule.call(whole)
  const mark = rule.unless ? null : fingerprint([...readsOf(rule, scope), call])
  if (mark !== null && marks[rule.name] === mark && !isInDoubt) return false
  const leftMs = doubt ? context.options.doubtGraceMs - Math.abs(context.clock.nowMs() - doubt.calledAtMs) : 0
  if (isInDoubt && leftMs > 0) return 'later'
  progress.doubt = null
  const answer = await makeCall(context, rule, task, call, signal)
  progress.called.push(rule.side)
  if (mark !== null) marks[rule.name] = mark
  tell(context, progress, rule, answer, false)
  return true
}

async function makeCall(
  context: Context,
  rule: StepRule,
  task: StepTask,
  call: Value,
  signal: AbortSignal,
): Promise<Value> {
  const { caller } = context.sides[rule.side].stepRecords ?? {}
  if (!caller) throw new SyncError('config', `${context.sides[rule.side].schema.name} has nothing that can be called.`)
  context.crashPoint('step-planned')
  await context.ledger.beginStep(context.mapping.name, task.link.id, rule.name, context.clock.nowMs())
  context.crashPoint('step-begun')
  const answer = await caller.call(idOn(task.link, rule.side), call, signal)
  context.crashPoint('step-called')
  return answer
}

/** A step that does not bring about what its `unless` says would be called again and again. */
async function refuseUseless(context: Context, rule: StepRule, records: Records, signal: AbortSignal): Promise<void> {
  const { unless, name } = rule
  if (!unless || holds(unless.evaluate(await withRelated(context, rule, records, signal)))) return
  if (!holds(rule.when.evaluate(scopeOf(records)))) return
  throw new SyncError('unexpected', `it was called, and its \`unless\` does not hold: ${unless.source}`, {
    hint: `Look at the record, correct \`unless\` of ${name} in the mapping, or say repeatable: true.`,
  })
}

/** What calls did to the records flows like any change of theirs. */
async function captureEffects(
  context: Context,
  side: Side,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { mapping, ledger, clock } = context
  const states = await readRecords(context, side, ids, signal)
  const known = await ledger.known(mapping.name, side, ids)
  const captured = capture(mapping, side, [...states.values()], known)
  await ledger.stage(mapping.name, { side, ...captured, nowMs: clock.nowMs() })
}

type Settled = Omit<StepOutcome, 'linkId' | 'seq'>

function resultOf(progress: Progress, settled: Settled, failure: SyncError | null = null): TaskResult {
  const { task, history, called } = progress
  return { outcome: { linkId: task.link.id, seq: task.seq, ...settled }, history, called, failure }
}

function laterOutcome(context: Context, { task, marks }: Progress): Settled {
  const { step, calledAtMs, attempts } = task
  const notBeforeMs = context.clock.nowMs() + LOOK_AGAIN_MS
  return { state: 'pending', step, calledAtMs, attempts, notBeforeMs, fault: null, marks }
}

/** A step that failed is tried again or parked, as its error's disposition says. The record's fields go on. */
function failedResult(context: Context, rule: StepRule, progress: Progress, error: SyncError): TaskResult {
  const { mapping, options, random, clock } = context
  const { task, marks } = progress
  const nowMs = clock.nowMs()
  const stops = isOfTheSide(error) ? error : null
  if (error.inDoubt) {
    const attempts = task.attempts + 1
    const state = attempts >= mapping.maxAttempts ? 'dead' : 'pending'
    tellFailure(context, progress, rule, error, state === 'dead' ? 'dead' : 'failed')
    const doubt = { state, step: rule.name, calledAtMs: nowMs, notBeforeMs: nowMs + LOOK_AGAIN_MS } as const
    return resultOf(progress, { ...doubt, attempts, fault: faultOf(error), marks }, stops)
  }
  if (stops) {
    const kept = { state: 'pending', step: null, calledAtMs: null, notBeforeMs: 0 } as const
    return resultOf(progress, { ...kept, attempts: task.attempts, fault: null, marks }, stops)
  }
  const attempts = task.attempts + 1
  const isDead = error.disposition === 'park' || error.disposition === 'halt' || attempts >= mapping.maxAttempts
  const pauseMs = error.retryAfterMs ?? backoffMs(attempts, options.backoffMs, options.backoffMaxMs, random)
  tellFailure(context, progress, rule, error, isDead ? 'dead' : 'failed')
  return resultOf(progress, {
    state: isDead ? 'dead' : 'pending',
    step: rule.name,
    calledAtMs: null,
    attempts,
    notBeforeMs: isDead ? 0 : nowMs + pauseMs,
    fault: faultOf(error),
    marks,
  })
}

/**
 * Not this call's fault: nothing else would get through either. A method or a right that is missing is: the record's fields
 * do not need it.
 */
function isOfTheSide({ code, disposition }: SyncError): boolean {
  if (disposition === 'halt') return code === 'unauthorized' || code === 'identity' || code === 'ledger'
  return disposition !== 'park' && code !== 'server' && code !== 'busy'
}

function tell(context: Context, progress: Progress, rule: StepRule, answer: Value, wasFound: boolean): void {
  const ids = idsOfTask(progress.task)
  const detail = wasFound
    ? { step: rule.name, found: true }
    : { step: rule.name, ...(context.options.keepsValues ? { answer: brief(answer) } : {}) }
  progress.history.push({ atMs: context.clock.nowMs(), event: 'step', side: rule.side, ...ids, detail })
  const message = `${rule.name}: ${wasFound ? 'had been called' : 'called'}`
  context.emit({ mapping: context.mapping.name, kind: 'step', side: rule.side, ...ids, message })
}

function tellFailure(
  context: Context,
  progress: Progress,
  rule: StepRule,
  error: SyncError,
  event: 'failed' | 'dead',
): void {
  const ids = idsOfTask(progress.task)
  const detail = { step: rule.name, ...faultOf(error) }
  progress.history.push({ atMs: context.clock.nowMs(), event, side: rule.side, ...ids, detail })
  const kind = event === 'dead' ? 'dead' : 'retry'
  const message = `step ${rule.name}: ${error.advice}`
  context.emit({ mapping: context.mapping.name, kind, side: rule.side, ...ids, message })
}

function idsOfTask({ link }: StepTask): { odooId: string; externalId: string; key: string | null } {
  return { odooId: link.odooId, externalId: link.externalId, key: link.key }
}

/** An action that opens a form in Odoo's own client can be a page long. */
function brief(answer: Value): Value {
  const text = JSON.stringify(answer)
  return text.length <= 200 ? answer : `${text.slice(0, 200)}…`
}
