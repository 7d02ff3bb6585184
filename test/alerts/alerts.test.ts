import { describe, expect, test } from 'vitest'
import { type Alert, alertsOf } from '../../src/alerts/alert.ts'
import { messageOf, summaryOf, toldOf } from '../../src/alerts/message.ts'
import type { MappingStatus, Status } from '../../src/operations/status.ts'

const COUNTS = {
  captured: 0,
  applied: 0,
  unchanged: 0,
  superseded: 0,
  discarded: 0,
  pending: 0,
  waiting: 0,
  conflicts: 0,
  deadLetters: 0,
}
const FINE: MappingStatus = {
  mapping: 'customers',
  state: 'running',
  reason: null,
  pausedBy: null,
  links: 10,
  lagMs: null,
  lastRunAtMs: 1,
  lastSuccessAtMs: 1,
  odoo: COUNTS,
  external: COUNTS,
  told: 0,
  deadSteps: 0,
  guards: [],
  needsPerson: false,
}
const ERP: Status['connections'][number] = {
  connection: 'erp',
  state: 'closed',
  reason: null,
  sinceMs: null,
  untilMs: null,
  server: 'Odoo 19.0',
  recognisedAtMs: null,
  pausedBy: null,
  keys: [],
}
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const LIMITS = { behindMs: 15 * MINUTE_MS, keyEndsMs: 14 * DAY_MS }

function idsOf(mapping: Partial<MappingStatus>, connection: Partial<typeof ERP> = {}, nowMs = 0): readonly string[] {
  const status = { mappings: [{ ...FINE, ...mapping }], connections: [{ ...ERP, ...connection }] }
  return alertsOf(status, LIMITS, nowMs).map(({ id }) => id)
}

describe('what needs a person', () => {
  const byPerson = { by: 'eva', reason: 'stock-taking', sinceMs: 0 }
  const guards = [{ name: 'deletes:odoo', message: '60 of 100 records would be deleted.' }] as MappingStatus['guards']
  test.each<[string, Partial<MappingStatus>, readonly string[]]>([
    ['nothing', {}, []],
    ['a change that waits for less than the limit', { lagMs: 15 * MINUTE_MS }, []],
    ['a change that waits for longer', { lagMs: 15 * MINUTE_MS + 1 }, ['behind:customers']],
    ['a pause', { state: 'paused', reason: 'The key is wrong.' }, ['paused:customers']],
    ['a pause of a person, who knows of it', { state: 'paused', pausedBy: byPerson, lagMs: DAY_MS }, []],
    ['a guard', { guards }, ['guarded:customers']],
    ['a dead letter', { odoo: { ...COUNTS, deadLetters: 1 } }, ['dead:customers']],
    ['a step that cannot be done', { deadSteps: 2 }, ['dead:customers']],
    ['a conflict', { external: { ...COUNTS, conflicts: 1 } }, ['conflicts:customers']],
    ['a mapping that never ran', { state: 'new' }, []],
    [
      'several things',
      { state: 'paused', lagMs: DAY_MS, deadSteps: 1 },
      ['paused:customers', 'dead:customers', 'behind:customers'],
    ],
  ])('%s', (_title, mapping, ids) => {
    expect(idsOf(mapping)).toEqual(ids)
  })

  test('a connection that fails, and a key that ends', () => {
    expect(idsOf({}, { state: 'open', reason: 'down' })).toEqual(['failing:erp'])
    expect(idsOf({}, { state: 'half-open' })).toEqual([])
    const keys = [{ name: 'tandem', endsAtMs: 20 * DAY_MS }]
    expect(idsOf({}, { keys }, 0)).toEqual([])
    expect(idsOf({}, { keys }, 7 * DAY_MS)).toEqual(['key:erp:tandem'])
    const [alert] = alertsOf({ mappings: [], connections: [{ ...ERP, keys }] }, LIMITS, 21 * DAY_MS)
    expect(alert?.title).toBe('the key "tandem" of erp has ended')
  })

  test('it says how long, and what to do', () => {
    const [behind] = alertsOf({ mappings: [{ ...FINE, lagMs: 3 * 60 * MINUTE_MS }], connections: [] }, LIMITS, 0)
    expect(behind?.detail).toMatch(/waited for 3 hours, the limit is 15 minutes/)
    const [guarded] = alertsOf({ mappings: [{ ...FINE, guards }], connections: [] }, LIMITS, 0)
    expect(guarded?.detail).toBe('60 of 100 records would be deleted. Agree with: tandem sync customers --confirm')
  })
})

describe('what a recipient is told', () => {
  const alert = (id: string): Alert => ({ id, title: `title of ${id}`, detail: `detail of ${id}` })
  const [a, b] = [alert('a'), alert('b')]

  test('once when it begins, once when it ends, and nothing in between', () => {
    expect(messageOf([], {})).toBeNull()
    const first = messageOf([a], {})
    expect(first).toMatchObject({ subject: 'Tandem: title of a', raised: [a], standing: [], cleared: [] })
    expect(messageOf([a], toldOf([a]))).toBeNull()
    // Its words may change while it lasts.
    expect(messageOf([{ ...a, title: 'in other words' }], toldOf([a]))).toBeNull()
    const second = messageOf([b, a], toldOf([a]))
    expect(second).toMatchObject({ raised: [b], standing: [a], cleared: [] })
    expect(messageOf([b], toldOf([a, b]))).toMatchObject({
      subject: 'Tandem: over: title of a',
      cleared: ['title of a'],
    })
    expect(messageOf([a, b], {})?.subject).toBe('Tandem: title of a (and 1 more)')
    const long = { ...b, detail: 'The password is wrong.\nCheck it.' }
    expect(messageOf([long, a], toldOf([a]))?.text).toBe(
      '! title of b\n  The password is wrong.\n  Check it.\n- still: title of a\n',
    )
  })

  test('the summary also comes where all is well', () => {
    const status: Status = { daemon: null, connections: [], mappings: [FINE] }
    const slice = { atMs: 0, captured: 9 } as const
    const throughput = new Map([
      [
        'customers',
        [
          { ...slice, side: 'odoo', applied: 4 } as const,
          { ...slice, side: 'odoo', applied: 3 } as const,
          { ...slice, side: 'external', applied: 2 } as const,
        ],
      ],
    ])
    const well = summaryOf({ status, throughput, alerts: [] })
    expect(well.subject).toBe('Tandem: all is well')
    expect(well.text).toBe('customers: 7 changes from odoo and 2 from external in the last day, 10 pairs\n')
    const single = new Map([['customers', [{ ...slice, side: 'odoo', applied: 1 } as const]]])
    const one = summaryOf({ status: { ...status, mappings: [{ ...FINE, links: 1 }] }, throughput: single, alerts: [] })
    expect(one.text).toBe('customers: 1 change from odoo and 0 from external in the last day, 1 pair\n')
    const bad = summaryOf({ status, throughput, alerts: [a] })
    expect(bad.subject).toBe('Tandem: 1 thing needs a person')
    expect(bad.text).toMatch(/^! title of a\n {2}detail of a\n\ncustomers: /)
  })
})
