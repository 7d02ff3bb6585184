import type { Fault } from '../../../src/ledger/fault.ts'
import type { HistoryEntry } from '../../../src/ledger/history.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { change, intent, kept, link, NOW_MS, seen, settlement, staging } from '../examples.ts'

const FIELDS = ['name:name', 'email:email']
const FAULT: Fault = { code: 'constraint', message: 'full_name must not be empty', hint: 'Correct it.' }

/** Something in every table, as half a day's work leaves it behind: what an update of the program must not lose. */
export async function fillLedger(ledger: Ledger): Promise<void> {
  await writeLinks(ledger)
  await writeOpenChanges(ledger)
  await writeSteps(ledger)
  await writeSurroundings(ledger)
}

/** Links 1 to 4 live, 5 deleted on one side, 6 dropped, 7 merged into 1, 8 from before a field was added to the mapping. */
async function writeLinks(ledger: Ledger): Promise<void> {
  await ledger.openMapping('customers', FIELDS.slice(0, 1))
  await ledger.settle(
    'customers',
    settlement({ links: [link('8', 'x8', { seen: { odoo: seen('a'), external: seen('b') } })] }),
  )
  await ledger.openMapping('customers', FIELDS)
  const ids = ['1', '2', '3', '4', '5', '6', '7']
  await ledger.stage(
    'customers',
    staging(
      ids.map((id) => change(id)),
      { cursor: 'scan:2026-11-27 08:00:00' },
    ),
  )
  const taken = await ledger.take('customers', NOW_MS, 100)
  await ledger.settle(
    'customers',
    settlement({
      links: ids.map((id) => link(id, `x${id}`)),
      resolved: taken.flatMap(({ odoo }) =>
        odoo ? [{ side: 'odoo', id: odoo.id, seq: odoo.seq, as: 'applied' }] : [],
      ),
      history: ids.map((id) => created(id)),
    }),
  )
  const made = await ledger.links('customers', 'odoo', ids)
  const idOf = (id: string): number => made.get(id)?.id ?? 0
  await ledger.settle(
    'customers',
    settlement({
      links: [
        { kind: 'update', id: idOf('2'), externalId: 'x22', key: 'key-22', version: { external: 'w2' } },
        { kind: 'update', id: idOf('5'), state: 'odoo-gone' },
        { kind: 'delete', id: idOf('6') },
        { kind: 'alias', id: idOf('1'), of: idOf('7'), odooId: '7', externalId: 'x7' },
        { kind: 'delete', id: idOf('7') },
      ],
      history: [
        {
          ...created('1'),
          event: 'updated',
          detail: { before: { email: 'old@example.com' }, after: { email: 'new@example.com' } },
        },
      ],
    }),
  )
}

function created(id: string): HistoryEntry {
  return {
    ...{ atMs: NOW_MS, event: 'created', side: 'external', odooId: id, externalId: `x${id}`, key: `key-${id}` },
    detail: {},
  }
}

/** One change in each state, and an intent that was never answered. */
async function writeOpenChanges(ledger: Ledger): Promise<void> {
  await ledger.openMapping('companies', ['name:name'])
  const ids = ['20', '21', '22', '23', '24']
  await ledger.stage('customers', staging(ids.map((id) => change(id))))
  await ledger.stage('customers', staging([change('x3', { side: 'external', kind: 'gone' })], { cursor: 'tail:9' }))
  const changes = await ledger.changes('customers', { state: 'pending', side: 'odoo', limit: 100 })
  const of = (id: string) => {
    const found = changes.find((each) => each.change.id === id)?.change
    if (!found) throw new Error(`the change of ${id} was not staged`)
    return found
  }
  await ledger.settle(
    'customers',
    settlement({
      kept: [
        kept(of('21'), { state: 'waiting', waitsFor: [{ mapping: 'companies', side: 'odoo', id: '90' }] }),
        kept(of('22'), {
          state: 'conflict',
          conflicts: [{ field: 'email:email', odoo: 'a@example.com', external: 'b@example.com' }],
        }),
        kept(of('23'), { state: 'dead', attempts: 5, fault: FAULT }),
        kept(of('24'), { state: 'discarded', attempts: 5, fault: FAULT }),
      ],
    }),
  )
  await ledger.intend('customers', [intent(of('20'))], NOW_MS)
}

async function writeSteps(ledger: Ledger): Promise<void> {
  await ledger.settle(
    'customers',
    settlement({
      steps: [
        { side: 'odoo', id: '1' },
        { side: 'odoo', id: '2' },
        { side: 'odoo', id: '4' },
      ],
    }),
  )
  const tasks = await ledger.steps('customers', { limit: 10 })
  const [first, second] = tasks.toSorted((a, b) => a.seq - b.seq)
  if (!first || !second) throw new Error('no step is due')
  await ledger.beginStep('customers', first.link.id, 'confirm', NOW_MS)
  const parked = {
    ...second,
    linkId: second.link.id,
    state: 'dead',
    step: 'confirm',
    attempts: 3,
    fault: FAULT,
  } as const
  await ledger.settleSteps('customers', [{ ...parked, marks: { confirm: 'abcdefgh' } }], [])
}

/** What was told, a sweep half done, notes, a pause, a job. */
async function writeSurroundings(ledger: Ledger): Promise<void> {
  const told = { id: '30', kind: 'hint', version: null } as const
  await ledger.receive([{ mapping: 'customers', side: 'odoo', change: told, event: 'erp:msg-1' }], NOW_MS, {
    ...{ mapping: 'customers', side: 'odoo', position: 'bus:77' },
  })
  await ledger.beginSweep('customers', 'external', true)
  await ledger.sweepPage('customers', 'external', [{ id: 'x1', version: 'w1' }], 'x1')
  await ledger.updateConnectionNotes('erp', { pin: '{"uuid":"1b9d6bcd"}' })
  await ledger.updateState('customers', {
    pausedBy: { by: 'cli', reason: 'stocktaking', sinceMs: NOW_MS },
    guards: {
      'deletes:external': { sinceMs: NOW_MS, count: 60, total: 100, message: '60 of 100', confirmedSeq: null },
    },
    notes: { 'sweep:odoo': '2026-11-27 08:00:00' },
  })
  await ledger.request('resync', { mapping: 'customers' }, NOW_MS)
}
