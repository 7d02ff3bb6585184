import { afterAll, beforeAll, describe, it } from 'vitest'
import { CRASH_POINTS, type CrashPoint } from '../../src/engine/crash-points.ts'
import { type Bench, openBench } from './bench.ts'
import type { Daemon } from './daemon.ts'
import { mixedWork } from './mixed-work.ts'
import { type StandIn, startStandIn } from './stand-in.ts'

interface Crashes {
  /** Where successive processes die while both sides meet, and after people edited. */
  readonly meeting: readonly string[]
  readonly editing: readonly string[]
}

const CRASHES: Readonly<Record<CrashPoint, Crashes>> = {
  // Nothing tells anything here: see told.test.ts.
  'arrivals-taken': { meeting: [], editing: [] },
  'page-read': { meeting: ['page-read', 'page-read:2'], editing: ['page-read:2'] },
  'page-staged': { meeting: ['page-staged', 'page-staged:2'], editing: ['page-staged:2'] },
  planned: { meeting: ['planned', 'planned:2'], editing: ['planned:2'] },
  intended: { meeting: ['intended', 'intended:2'], editing: ['intended'] },
  applied: { meeting: ['applied', 'applied'], editing: ['applied'] },
  settled: { meeting: ['settled', 'settled:2'], editing: ['settled'] },
  'key-assigned': { meeting: ['key-assigned', 'key-assigned'], editing: ['key-assigned'] },
  'doubt-looked-up': {
    meeting: ['applied', 'doubt-looked-up', 'applied', 'doubt-looked-up'],
    editing: ['applied', 'doubt-looked-up'],
  },
  'sweep-page': { meeting: ['sweep-page', 'sweep-page:2'], editing: ['sweep-page'] },
  'sweep-staged': { meeting: [], editing: ['sweep-staged'] },
  'step-planned': { meeting: ['step-planned', 'step-planned:2'], editing: [] },
  'step-begun': { meeting: ['step-begun', 'step-begun:2'], editing: [] },
  'step-called': { meeting: ['step-called', 'step-called'], editing: [] },
  'step-settled': { meeting: ['step-settled', 'step-settled:2'], editing: [] },
}

/** Everybody with a phone is welcomed in Odoo. */
const STEP = `
steps:
  - name: welcome
    when: "external.phone != null"
    unless: "odoo.street != null"
    call: { method: write, args: { vals: { street: "='welcome ' + external.phone" } } }
`

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.close())

/** @param daemon null: what the killed ones left is taken up in this process, as a command does. */
async function restAndProblems(bench: Bench, daemon: Daemon | null): Promise<readonly string[]> {
  await bench.beside.settle(daemon)
  const problems = [...(await bench.quietly(daemon)), ...(await bench.beside.faults())]
  await daemon?.kill()
  return problems
}

async function unwelcome(bench: Bench): Promise<readonly string[]> {
  const partners = await bench.partners()
  return partners.filter(({ phone, street }) => phone !== false && !street).map(({ name }) => `${name} is not welcomed`)
}

describe.concurrent('a process that dies', { timeout: 180_000 }, () => {
  it.each(CRASH_POINTS)('at %s loses and doubles nothing', async (point) => {
    await using bench = await openBench({ standIn, more: STEP })
    const work = mixedWork(standIn, bench)
    await work.meet()
    for (const each of CRASHES[point].meeting) await bench.crash(each)
    const afterMeeting = await restAndProblems(bench, null)
    const met = [...afterMeeting, ...(await work.problems('met')), ...(await unwelcome(bench))]
    if (met.length > 0) throw new Error(`after the meeting:\n${met.join('\n')}`)

    await work.edit()
    for (const each of CRASHES[point].editing) await bench.crash(each)
    const afterEdits = await restAndProblems(bench, bench.start())
    const edited = [...afterEdits, ...(await work.problems('edited'))]
    if (edited.length > 0) throw new Error(`after the edits:\n${edited.join('\n')}`)
  })
})
