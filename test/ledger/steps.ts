import { beforeEach, describe, expect, test } from 'vitest'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { StepOutcome, StepTask } from '../../src/ledger/step.ts'
import { change, intent, kept, link, NOW_MS, type OpenedLedger, settlement, staging } from './examples.ts'

const MAPPING = 'customers'

/** What every ledger must do with the steps of linked records. */
export function describeSteps(opened: () => OpenedLedger): void {
  describe('steps', () => {
    let ledger: Ledger
    const due = (id: string) => ({ side: 'odoo' as const, id })
    const outcome = (task: StepTask, more: Partial<StepOutcome>): StepOutcome => ({
      ...task,
      linkId: task.link.id,
      state: 'idle',
      calledAtMs: null,
      ...more,
    })

    async function only(nowMs = NOW_MS): Promise<StepTask> {
      const tasks = await ledger.takeSteps(MAPPING, nowMs, 10)
      expect(tasks).toHaveLength(1)
      return tasks[0] as StepTask
    }

    beforeEach(() => {
      ledger = opened().ledger
    })

    test('are due in the order in which their records were settled, also of a link made in that very settlement', async () => {
      await ledger.settle(MAPPING, settlement({ links: [link('2', 'x2')], steps: [due('2')] }))
      await ledger.settle(MAPPING, settlement({ links: [link('1', 'x1')], steps: [{ side: 'external', id: 'x1' }] }))
      await ledger.settle(MAPPING, settlement({ steps: [due('nobody')] }))
      const tasks = await ledger.takeSteps(MAPPING, NOW_MS, 10)
      expect(tasks.map((task) => task.link.odooId)).toEqual(['2', '1'])
      expect(tasks[0]).toMatchObject({ state: 'pending', step: null, calledAtMs: null, attempts: 0, marks: {} })
      expect(await ledger.nextStepDueMs(MAPPING)).toBe(0)
    })

    test('wait for changes that are not settled and for open intents, not for discarded changes', async () => {
      await ledger.settle(MAPPING, settlement({ links: [link('1', 'x1')], steps: [due('1')] }))
      await ledger.stage(MAPPING, staging([change('x1', { side: 'external' })], { side: 'external' }))
      expect(await ledger.takeSteps(MAPPING, NOW_MS, 10)).toEqual([])
      expect(await ledger.nextStepDueMs(MAPPING)).toBeNull()
      const [work] = await ledger.take(MAPPING, NOW_MS, 1)
      if (!work?.external) throw new Error('nothing to take')
      await ledger.settle(MAPPING, settlement({ kept: [kept(work.external, { state: 'dead' })] }))
      expect(await ledger.takeSteps(MAPPING, NOW_MS, 10)).toEqual([])
      await ledger.settle(MAPPING, settlement({ kept: [kept(work.external, { state: 'discarded' })] }))
      await only()
      const [id] = await ledger.intend(MAPPING, [intent({ id: '1', seq: 1 })], NOW_MS)
      expect(await ledger.takeSteps(MAPPING, NOW_MS, 10)).toEqual([])
      await ledger.settle(MAPPING, settlement({ intents: [id ?? 0] }))
      await only()
    })

    test('a call is known to be under way after a restart', async () => {
      await ledger.settle(MAPPING, settlement({ links: [link('1', 'x1')], steps: [due('1')] }))
      await ledger.beginStep(MAPPING, (await only()).link.id, 'confirm', NOW_MS + 5)
      ledger = await opened().reopen()
      await ledger.openMapping(MAPPING, ['name:full_name', 'email:email'])
      expect(await only()).toMatchObject({ step: 'confirm', calledAtMs: NOW_MS + 5 })
    })

    test('a task that is done is gone, one that remembers something stays and is not due', async () => {
      await ledger.settle(
        MAPPING,
        settlement({ links: [link('1', 'x1'), link('2', 'x2')], steps: [due('1'), due('2')] }),
      )
      const [first, second] = await ledger.takeSteps(MAPPING, NOW_MS, 10)
      if (!first || !second) throw new Error('two are due')
      await ledger.settleSteps(MAPPING, [outcome(first, {}), outcome(second, { marks: { mail: 'abc' } })], [])
      expect(await ledger.takeSteps(MAPPING, NOW_MS, 10)).toEqual([])
      expect(await ledger.steps(MAPPING, { limit: 10 })).toMatchObject([{ state: 'idle', marks: { mail: 'abc' } }])
      await ledger.settle(MAPPING, settlement({ steps: [due('2')] }))
      expect(await only()).toMatchObject({ marks: { mail: 'abc' } })
    })

    test('what became due again meanwhile is due, whatever the outcome was', async () => {
      await ledger.settle(MAPPING, settlement({ links: [link('1', 'x1')], steps: [due('1')] }))
      const task = await only()
      await ledger.settle(MAPPING, settlement({ steps: [due('1')] }))
      const fault = { code: 'invalid' as const, message: 'no', hint: null }
      await ledger.settleSteps(MAPPING, [outcome(task, { state: 'dead', fault, attempts: 3 })], [])
      expect(await only()).toMatchObject({ state: 'pending', fault: null, attempts: 0 })
      expect(await ledger.countSteps(MAPPING, 'dead')).toBe(0)
    })

    test('parked ones are listed, put off ones come when it is time', async () => {
      await ledger.settle(
        MAPPING,
        settlement({ links: [link('1', 'x1'), link('2', 'x2')], steps: [due('1'), due('2')] }),
      )
      const [first, second] = await ledger.takeSteps(MAPPING, NOW_MS, 10)
      if (!first || !second) throw new Error('two are due')
      const fault = { code: 'invalid' as const, message: 'no', hint: null }
      const parked = outcome(first, { state: 'dead', step: 'confirm', fault })
      const later = outcome(second, { state: 'pending', notBeforeMs: NOW_MS + 1000, attempts: 1 })
      await ledger.settleSteps(MAPPING, [parked, later], [])
      expect(await ledger.countSteps(MAPPING, 'dead')).toBe(1)
      const dead = await ledger.steps(MAPPING, { state: 'dead', side: 'external', id: 'x1', limit: 10 })
      expect(dead).toMatchObject([{ step: 'confirm', fault, link: { odooId: '1' } }])
      expect(await ledger.nextStepDueMs(MAPPING)).toBe(NOW_MS + 1000)
      expect(await only(NOW_MS + 1000)).toMatchObject({ attempts: 1, link: { odooId: '2' } })
    })

    test('a tombstone has none, and a link takes its task along', async () => {
      await ledger.settle(
        MAPPING,
        settlement({ links: [link('1', 'x1'), link('2', 'x2')], steps: [due('1'), due('2')] }),
      )
      const [first, second] = await ledger.takeSteps(MAPPING, NOW_MS, 10)
      if (!first || !second) throw new Error('two are due')
      await ledger.settle(
        MAPPING,
        settlement({
          links: [
            { kind: 'update', id: first.link.id, state: 'odoo-gone' },
            { kind: 'delete', id: second.link.id },
          ],
        }),
      )
      expect(await ledger.takeSteps(MAPPING, NOW_MS, 10)).toEqual([])
      expect(await ledger.steps(MAPPING, { limit: 10 })).toHaveLength(1)
    })
  })
}
