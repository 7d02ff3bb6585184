import { openApp, type Setup } from '../app.ts'
import type { PlannedStep } from '../engine/dry-run-newcomers.ts'
import type { MappingFile } from '../mapping/mapping-file.ts'
import { type Rehearsal, rehearse } from '../operations/dry-run.ts'
import { count, shown, shownFields } from '../words.ts'
import { type ExitCode, exitCodeOf, worstOf } from './exit-code.ts'
import { failureAsJson, failureLines } from './failure.ts'
import type { Invocation } from './invocation.ts'
import { createProgress } from './progress.ts'

/** Lists what would change, field by field. Changes nothing: the ledger is opened for reading only. */
export async function showDryRun(
  setup: Setup,
  files: readonly MappingFile[],
  rehearsal: Rehearsal,
  invocation: Invocation,
): Promise<ExitCode> {
  await using app = await openApp(setup, { emit: () => {}, readOnly: true })
  const codes: ExitCode[] = []
  for (const file of files) {
    try {
      const { context } = await app.connect(file, invocation.signal)
      codes.push(await showSteps(file.name, rehearse(context, rehearsal, invocation.signal, file), invocation))
    } catch (error) {
      invocation.signal.throwIfAborted()
      for (const line of failureLines(error)) invocation.terminal.note(`${file.name}: ${line}`)
      if (invocation.json) invocation.terminal.out(JSON.stringify({ mapping: file.name, error: failureAsJson(error) }))
      codes.push(exitCodeOf(error))
    }
  }
  return worstOf(codes)
}

async function showSteps(
  mapping: string,
  steps: AsyncIterable<PlannedStep>,
  { terminal, json }: Invocation,
): Promise<ExitCode> {
  const sums = new Map<PlannedStep['action'], number>()
  const progress = createProgress(terminal, `${mapping}: changes found`)
  let found = 0
  for await (const step of steps) {
    sums.set(step.action, (sums.get(step.action) ?? 0) + 1)
    found += 1
    if (json) terminal.out(JSON.stringify({ mapping, ...step }))
    else terminal.out(describeStep(mapping, step))
    progress.update(found, null)
  }
  progress.end()
  if (json) terminal.out(JSON.stringify({ summary: { mapping, ...Object.fromEntries(sums) } }))
  else terminal.out(`${mapping}: ${summaryOf(sums)} (dry run: nothing was written)`)
  const isTrouble = (['error', 'conflict', 'guard'] as const).some((action) => sums.has(action))
  return isTrouble ? 1 : 0
}

const ACTIONS: Readonly<Record<PlannedStep['action'], { readonly sign: string; readonly done: string }>> = {
  create: { sign: '+', done: 'to create' },
  adopt: { sign: '=', done: 'to join' },
  update: { sign: '~', done: 'to update' },
  archive: { sign: '-', done: 'to archive' },
  remove: { sign: '-', done: 'to delete' },
  unlink: { sign: '-', done: 'gone on one side' },
  missing: { sign: '-', done: 'missing' },
  wait: { sign: '…', done: 'waiting' },
  conflict: { sign: '!', done: 'in conflict' },
  step: { sign: '»', done: 'to call' },
  guard: { sign: '!', done: 'held back by a guard' },
  error: { sign: '✗', done: 'impossible' },
}

function summaryOf(sums: ReadonlyMap<PlannedStep['action'], number>): string {
  const parts = [...sums].map(([action, times]) => `${count(times)} ${ACTIONS[action].done}`)
  return parts.length === 0 ? 'nothing to do' : parts.join(', ')
}

/** `~ customers C-17 (odoo 42 → external 9): email "a@x" → "b@x"`; the arrow points to the side that is written. */
function describeStep(mapping: string, step: PlannedStep): string {
  const { action, side, odooId, externalId, key, before, after, message } = step
  if (action === 'guard') return `${ACTIONS.guard.sign} ${mapping}: ${message}`
  const arrow = action === 'adopt' || action === 'conflict' ? '↔' : side === 'odoo' ? '←' : '→'
  const record = `(odoo${odooId === null ? '' : ` ${odooId}`} ${arrow} external${externalId === null ? '' : ` ${externalId}`})`
  return `${ACTIONS[action].sign} ${mapping} ${key === null ? '' : `${key} `}${record}: ${detailOf(action, before, after, message)}`
}

function detailOf(
  action: PlannedStep['action'],
  before: PlannedStep['before'],
  after: PlannedStep['after'],
  message: string | null,
): string {
  const suffix = message === null ? '' : ` (${message})`
  switch (action) {
    case 'create':
      return `${shownFields(after, null)}${suffix}`
    case 'update':
    case 'archive':
      return `${shownFields(after, before)}${suffix}`
    case 'remove':
      return `deleted${suffix}`
    case 'adopt':
      return message ?? 'the same record: they are joined'
    case 'conflict':
      return Object.keys(before).length === 0
        ? (message ?? 'a conflict')
        : `odoo ${shown(before.odoo)}, external ${shown(after.external)}${suffix}`
    case 'step':
      return `${message} ${JSON.stringify(after)}`
    case 'unlink':
    case 'missing':
    case 'wait':
    case 'guard':
    case 'error':
      return message ?? action
  }
}
