import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Change } from '../../src/contract/change.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { UNKNOWN_FINGERPRINT } from '../../src/ledger/seen.ts'
import { THROUGHPUT_SLICE_MS } from '../../src/ledger/throughput.ts'
import type { RecordRef } from '../../src/mapping/mapping.ts'
import { change, intent, kept, link, NOW_MS, type OpenedLedger, seen, settlement, staging } from './examples.ts'
import { describeSteps } from './steps.ts'

const MAPPING = 'customers'
const FIELDS = ['name:full_name', 'email:email']

/** What every ledger must do, whatever it is built on. */
export function describeLedger(name: string, open: () => Promise<OpenedLedger>): void {
  describe(name, () => {
    let opened: OpenedLedger
    let ledger: Ledger

    beforeEach(async () => {
      opened = await open()
      ledger = opened.ledger
      await ledger.openMapping(MAPPING, FIELDS)
    })
    afterEach(() => opened.end())

    async function firstTaken(nowMs = NOW_MS) {
      const [work] = await ledger.take(MAPPING, nowMs, 1)
      const taken = work?.odoo ?? work?.external
      if (!work || !taken) throw new Error('nothing to take')
      return { work, taken }
    }

    async function expectToAddUp() {
      for (const side of ['odoo', 'external'] as const) {
        const counts = (await ledger.counts(MAPPING))[side]
        const { captured, applied, unchanged, superseded, discarded, pending, waiting, conflicts, deadLetters } = counts
        expect(captured).toBe(
          applied + unchanged + superseded + discarded + pending + waiting + conflicts + deadLetters,
        )
      }
    }

    describe('mappings and cursors', () => {
      test('a mapping is listed once it is opened, a name that is only waited for is not', async () => {
        await ledger.stage(MAPPING, staging([change('1')]))
        const { taken } = await firstTaken()
        const waitsFor = [{ mapping: 'companies', side: 'odoo' as const, id: '9' }]
        await ledger.settle(MAPPING, settlement({ kept: [kept(taken, { state: 'waiting', waitsFor })] }))
        expect(await ledger.mappings()).toEqual([MAPPING])
        await ledger.openMapping('companies', FIELDS)
        expect(await ledger.mappings()).toEqual(['companies', MAPPING])
      })

      test('an unknown mapping is refused', async () => {
        await expect(ledger.stage('nobody', staging([change('1')]))).rejects.toThrow(SyncError)
      })

      test('a cursor moves with its page, and can be forgotten', async () => {
        expect(await ledger.cursor(MAPPING, 'odoo')).toBeNull()
        await ledger.stage(MAPPING, staging([change('1')], { cursor: 'c1' }))
        await ledger.stage(MAPPING, staging([change('2')]))
        expect(await ledger.cursor(MAPPING, 'odoo')).toBe('c1')
        expect(await ledger.cursor(MAPPING, 'external')).toBeNull()
        await ledger.setCursor(MAPPING, 'odoo', null)
        expect(await ledger.cursor(MAPPING, 'odoo')).toBeNull()
      })
    })

    describe('staging', () => {
      test('stores what was captured, whatever characters its id has', async () => {
        const ids = ['7', `o'"\\quote`, 'ünï✓', '__proto__', '{"a":1}', '1e3', '007', 'null']
        const version = null
        const fields = { name: 'é"\\\n', parent: [1, 'x'], none: null, deep: { a: true } }
        await ledger.stage(
          MAPPING,
          staging(ids.map((id) => change(id, { version, changedAtMs: 5.5e11, byUs: true, fields }))),
        )
        const works = await ledger.take(MAPPING, NOW_MS, 100)
        expect(works.map((work) => work.odoo?.id)).toEqual(ids)
        expect(works[0]?.odoo).toMatchObject({
          version,
          changedAtMs: 5.5e11,
          byUs: true,
          fields,
          firstCapturedAtMs: NOW_MS,
        })
        const known = await ledger.known(MAPPING, 'odoo', ids)
        expect(ids.map((id) => known.get(id)?.change?.id)).toEqual(ids)
        const resolved = works.flatMap(({ odoo }) => (odoo ? [{ ...odoo, as: 'applied' as const }] : []))
        await ledger.settle(MAPPING, settlement({ resolved, links: ids.map((id) => link(id, `x${id}`)) }))
        expect(
          [
            ...(
              await ledger.links(
                MAPPING,
                'external',
                ids.map((id) => `x${id}`),
              )
            ).values(),
          ].map((l) => l.odooId),
        ).toEqual(ids)
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({ captured: 8, applied: 8, pending: 0 })
      })

      test('a newer state supersedes an older one, field by field, and keeps its place and age', async () => {
        await ledger.stage(MAPPING, staging([change('1', { fields: { name: 'old', email: 'a' } }), change('2')]))
        const before = await firstTaken()
        await ledger.stage(
          MAPPING,
          staging([change('1', { version: 'v2', fields: { name: 'new' } })], { nowMs: NOW_MS + 5 }),
        )
        const { taken } = await firstTaken()
        expect(taken).toMatchObject({
          id: '1',
          version: 'v2',
          fields: { name: 'new', email: 'a' },
          firstCapturedAtMs: NOW_MS,
        })
        expect(taken.seq).toBeGreaterThan(before.taken.seq)
        expect(await ledger.lastSeq(MAPPING)).toBe(taken.seq)
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({ captured: 3, superseded: 1, pending: 2 })
      })

      test('one record several times in one page', async () => {
        await ledger.stage(
          MAPPING,
          staging([
            change('1', { fields: { name: 'a', email: 'e' } }),
            change('2'),
            change('1', { fields: { name: 'b' } }),
          ]),
        )
        expect((await firstTaken()).taken.fields).toEqual({ name: 'b', email: 'e' })
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({ captured: 3, superseded: 1, pending: 2 })
      })

      test('fields are not merged across a delete', async () => {
        await ledger.stage(MAPPING, staging([change('1', { fields: { name: 'old' } })]))
        await ledger.stage(MAPPING, staging([change('1', { kind: 'gone', version: null, fields: {} })]))
        expect((await firstTaken()).taken).toMatchObject({ kind: 'gone', fields: {}, version: null })
        expect(await ledger.countChanges(MAPPING, { kind: 'gone' })).toBe(1)
        await ledger.stage(MAPPING, staging([change('1', { fields: { email: 'e' } })]))
        expect((await firstTaken()).taken).toMatchObject({ kind: 'state', fields: { email: 'e' } })
        expect(await ledger.countChanges(MAPPING, { kind: 'gone' })).toBe(0)
        await expectToAddUp()
      })

      test('a dead, waiting or conflicting change becomes pending again with a newer state', async () => {
        const fault = { code: 'invalid' as const, message: 'no', hint: null }
        const waitsFor = [{ mapping: MAPPING, side: 'odoo' as const, id: '99' }]
        const conflicts = [{ field: 'name', odoo: 'a', external: 'b' }]
        await ledger.stage(MAPPING, staging([change('1'), change('2'), change('3')]))
        const works = await ledger.take(MAPPING, NOW_MS, 3)
        const states = ['dead', 'waiting', 'conflict'] as const
        await ledger.settle(
          MAPPING,
          settlement({
            kept: works.flatMap(({ odoo }, index) => {
              const state = states[index]
              if (!odoo || !state) return []
              return [kept(odoo, { state, attempts: 4, fault, waitsFor, conflicts, omitsReferences: true })]
            }),
          }),
        )
        expect(await ledger.take(MAPPING, NOW_MS, 3)).toEqual([])
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({
          waiting: 1,
          conflicts: 1,
          deadLetters: 1,
          pending: 0,
        })
        const again = ['1', '2', '3'].map((id) => change(id, { fields: { email: 'e' } }))
        await ledger.stage(MAPPING, staging(again, { nowMs: NOW_MS + 9 }))
        for (const { odoo } of await ledger.take(MAPPING, NOW_MS, 3)) {
          expect(odoo).toMatchObject({
            state: 'pending',
            attempts: 0,
            fault: null,
            conflicts: [],
            waitsFor: [],
            omitsReferences: false,
            firstCapturedAtMs: NOW_MS,
            fields: { name: odoo?.id, email: 'e' },
          })
        }
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({ captured: 6, superseded: 3, pending: 3 })
        expect(await ledger.waits(10)).toEqual([])
      })

      test('records that had not changed are counted, and their links learn the version', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a')] }))
        await ledger.stage(MAPPING, staging([], { touched: [{ id: '1', version: 'v9' }], unchanged: 3 }))
        expect((await ledger.links(MAPPING, 'odoo', ['1'])).get('1')?.version).toEqual({ odoo: 'v9', external: 'w1' })
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({ captured: 3, unchanged: 3 })
      })
    })

    describe('taking', () => {
      test('joins both sides of a link to one piece of work', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a')] }))
        await ledger.stage(MAPPING, staging([change('1'), change('2')]))
        await ledger.stage(MAPPING, staging([change('a', { side: 'external' }), change('b', { side: 'external' })]))
        const works = await ledger.take(MAPPING, NOW_MS, 10)
        expect(works.map((work) => [work.link?.odooId, work.odoo?.id, work.external?.id])).toEqual([
          ['1', '1', 'a'],
          [undefined, '2', undefined],
          [undefined, undefined, 'b'],
        ])
      })

      test('waits until a change is due, and knows when that is', async () => {
        await ledger.stage(MAPPING, staging([change('1')]))
        expect(await ledger.nextDueMs(MAPPING)).toBe(0)
        const { taken } = await firstTaken()
        await ledger.settle(MAPPING, settlement({ kept: [kept(taken, { notBeforeMs: NOW_MS + 100, attempts: 1 })] }))
        expect(await ledger.take(MAPPING, NOW_MS + 99, 10)).toEqual([])
        expect(await ledger.nextDueMs(MAPPING)).toBe(NOW_MS + 100)
        await ledger.stage(MAPPING, staging([change('2')]))
        const works = await ledger.take(MAPPING, NOW_MS + 100, 1)
        expect(works[0]?.odoo).toMatchObject({ id: '1', attempts: 1, notBeforeMs: NOW_MS + 100 })
      })

      test('attaches the other side although it is not due', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a')] }))
        await ledger.stage(MAPPING, staging([change('1')]))
        const { taken } = await firstTaken()
        await ledger.settle(MAPPING, settlement({ kept: [kept(taken, { state: 'dead' })] }))
        await ledger.stage(MAPPING, staging([change('a', { side: 'external' })]))
        expect((await firstTaken()).work.odoo).toMatchObject({ id: '1', state: 'dead' })
      })

      test('never gives a record that an open intent concerns, by cause, target or link', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a'), link('2', 'b')] }))
        await ledger.stage(MAPPING, staging([change('1'), change('2'), change('3')]))
        const works = await ledger.take(MAPPING, NOW_MS, 10)
        const [one, two, three] = works.map((work) => work.odoo)
        if (!one || !two || !three) throw new Error('three changes expected')
        const remove = { kind: 'remove', id: 'b' } as const
        const ids = await ledger.intend(
          MAPPING,
          [intent(one, { ids: { odoo: '1', external: 'a' } }), intent(two, { operation: remove }), intent(three)],
          NOW_MS,
        )
        expect(await ledger.nextDueMs(MAPPING)).toBeNull()
        await ledger.stage(MAPPING, staging(['a', 'b', 'c'].map((id) => change(id, { side: 'external' }))))
        await ledger.stage(MAPPING, staging([change('1', { version: 'v2' })]))
        expect((await ledger.take(MAPPING, NOW_MS, 10)).map((work) => work.external?.id)).toEqual(['c'])
        await ledger.settle(MAPPING, settlement({ intents: ids.slice(0, 2) }))
        const taken = await ledger.take(MAPPING, NOW_MS, 10)
        expect(taken.map((work) => [work.odoo?.id, work.external?.id])).toEqual([
          ['1', 'a'],
          ['2', 'b'],
          [undefined, 'c'],
        ])
        await ledger.settle(MAPPING, settlement({ intents: ids }))
        expect((await ledger.take(MAPPING, NOW_MS, 10)).length).toBe(4)
      })

      test('never gives a record whose link was made while an intent concerns its other end', async () => {
        await ledger.stage(MAPPING, staging([change('1')]))
        const { taken } = await firstTaken()
        const intents = await ledger.intend(MAPPING, [intent(taken)], NOW_MS)
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a')] }))
        await ledger.stage(MAPPING, staging([change('a', { side: 'external' })]))
        expect(await ledger.take(MAPPING, NOW_MS, 10)).toEqual([])
        await ledger.settle(MAPPING, settlement({ intents }))
        expect(await ledger.take(MAPPING, NOW_MS, 10)).toHaveLength(1)
      })

      test('leaves out deletes that a guard holds back, up to what a person agreed to', async () => {
        const gone = (id: string) => change(id, { kind: 'gone', fields: {} })
        await ledger.stage(MAPPING, staging([gone('1'), gone('2')]))
        const agreed = await ledger.lastSeq(MAPPING)
        await ledger.stage(MAPPING, staging([gone('3'), change('4')]))
        const ids = async (skip: { odoo?: number; external?: number }) =>
          (await ledger.take(MAPPING, NOW_MS, 10, skip)).map((work) => work.odoo?.id)
        expect(await ids({})).toEqual(['1', '2', '3', '4'])
        expect(await ids({ external: 0 })).toEqual(['1', '2', '3', '4'])
        expect(await ids({ odoo: 0 })).toEqual(['4'])
        expect(await ids({ odoo: agreed })).toEqual(['1', '2', '4'])
        await ledger.stage(MAPPING, staging([gone('1')]))
        expect(await ids({ odoo: agreed })).toEqual(['2', '4'])
        expect(await ledger.nextDueMs(MAPPING, { odoo: 0 })).toBe(0)
      })
    })

    describe('settling', () => {
      test('skips a change that is newer than what was decided about', async () => {
        await ledger.stage(MAPPING, staging([change('1'), change('2')]))
        const works = await ledger.take(MAPPING, NOW_MS, 2)
        await ledger.stage(MAPPING, staging([change('1'), change('2')]))
        const [one, two] = works.map((work) => work.odoo)
        if (!one || !two) throw new Error('two changes expected')
        await ledger.settle(
          MAPPING,
          settlement({ resolved: [{ ...one, as: 'applied' }], kept: [kept(two, { state: 'dead' })] }),
        )
        expect((await ledger.counts(MAPPING)).odoo).toEqual({
          captured: 4,
          applied: 0,
          unchanged: 0,
          superseded: 2,
          discarded: 0,
          pending: 2,
          waiting: 0,
          conflicts: 0,
          deadLetters: 0,
        })
      })

      test('a record has one link: nothing of such a settlement is written', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a')] }))
        await ledger.stage(MAPPING, staging([change('5')]))
        const { taken } = await firstTaken()
        for (const links of [[link('1', 'b')], [link('2', 'a')], [link('3', 'c'), link('3', 'd')]]) {
          const attempt = ledger.settle(MAPPING, settlement({ links, resolved: [{ ...taken, as: 'applied' }] }))
          await expect(attempt).rejects.toMatchObject({ name: 'SyncError', code: 'key' })
        }
        expect(await ledger.countLinks(MAPPING)).toBe(1)
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({ pending: 1, applied: 0 })
      })

      test('links are updated in part, become tombstones and are deleted', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a'), link('2', 'b')] }))
        const [one, two] = await ledger.linksAfter(MAPPING, 0, 10)
        if (!one || !two) throw new Error('two links expected')
        await ledger.settle(
          MAPPING,
          settlement({
            links: [
              { kind: 'update', id: one.id, seen: { external: seen('x', 'y') }, version: { odoo: null } },
              { kind: 'update', id: two.id, state: 'odoo-gone', key: 'other' },
            ],
          }),
        )
        expect(await ledger.linksAfter(MAPPING, 0, 10)).toEqual([
          { ...one, seen: { odoo: one.seen.odoo, external: seen('x', 'y') }, version: { odoo: null, external: 'w1' } },
          { ...two, state: 'odoo-gone', key: 'other' },
        ])
        expect(await ledger.countLinks(MAPPING)).toBe(1)
        expect((await ledger.linksByKey(MAPPING, ['other', 'key-1', 'none'])).size).toBe(2)
        await ledger.settle(MAPPING, settlement({ links: [{ kind: 'delete', id: one.id }, link('1', 'z')] }))
        expect((await ledger.links(MAPPING, 'odoo', ['1'])).get('1')?.externalId).toBe('z')
        expect(await ledger.linksAfter(MAPPING, two.id, 10)).toHaveLength(1)
      })

      test('links are read in the order of the fields that a mapping has now', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a'), link('2', 'b')] }))
        ledger = await opened.reopen()
        await ledger.openMapping(MAPPING, ['phone:phone', 'email:email', 'name:full_name'])
        const [one] = await ledger.linksAfter(MAPPING, 0, 1)
        expect(one?.seen.odoo).toBe(UNKNOWN_FINGERPRINT + seen('b', 'a'))
        await ledger.settle(
          MAPPING,
          settlement({ links: [{ kind: 'update', id: one?.id ?? 0, seen: { odoo: seen('p', 'e', 'n') } }] }),
        )
        await ledger.openMapping(MAPPING, FIELDS)
        expect((await ledger.linksAfter(MAPPING, 0, 2)).map((l) => l.seen)).toEqual([
          { odoo: seen('n', 'e'), external: seen('c', 'd') },
          { odoo: seen('a', 'b'), external: seen('c', 'd') },
        ])
      })

      test('states met on the way are captured, also of a record that was just resolved', async () => {
        await ledger.stage(MAPPING, staging([change('1')]))
        const { taken } = await firstTaken()
        const met = change('1', { fields: { name: 'met' } })
        await ledger.settle(MAPPING, settlement({ resolved: [{ ...taken, as: 'applied' }], changes: [met] }))
        expect((await firstTaken()).taken.fields).toEqual({ name: 'met' })
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({
          captured: 2,
          applied: 1,
          superseded: 0,
          pending: 1,
        })
      })

      test('a page that was dealt with at once moves the cursor and is counted, with what was left of it', async () => {
        const direct = { side: 'odoo' as const, cursor: 'c7', applied: 2, unchanged: 3 }
        const cause = (id: string) => ({ id, seq: 0 })
        const intents = await ledger.intend(MAPPING, [intent(cause('1')), intent(cause('2'))], NOW_MS)
        const taken = link('9', 'a')
        await ledger.settle(MAPPING, settlement({ links: [taken] }))
        const page = settlement({ direct, links: [link('1', 'a'), link('2', 'b')], changes: [change('3')], intents })
        await expect(ledger.settle(MAPPING, page)).rejects.toMatchObject({ code: 'key' })
        expect(await ledger.cursor(MAPPING, 'odoo')).toBeNull()
        expect((await ledger.counts(MAPPING)).odoo.captured).toBe(0)
        const links = [link('1', 'c'), link('2', 'b')]
        expect(await ledger.settle(MAPPING, { ...page, links })).toEqual([])
        expect(await ledger.cursor(MAPPING, 'odoo')).toBe('c7')
        expect(await ledger.openIntents(MAPPING)).toEqual([])
        expect((await ledger.counts(MAPPING)).odoo).toMatchObject({ captured: 6, applied: 2, unchanged: 3, pending: 1 })
        expect((await ledger.take(MAPPING, NOW_MS, 5)).map((work) => work.odoo?.id)).toEqual(['3'])
        await expectToAddUp()
      })

      test('intents are kept until their outcome is known, across a restart', async () => {
        await ledger.stage(MAPPING, staging([change('1'), change('2')]))
        const causes = (await ledger.take(MAPPING, NOW_MS, 2)).flatMap(({ odoo }) => (odoo ? [odoo] : []))
        const intents = causes.map((cause) => intent(cause))
        const [first, second] = await ledger.intend(MAPPING, intents, NOW_MS)
        if (first === undefined || second === undefined) throw new Error('two ids expected')
        ledger = await opened.reopen()
        await ledger.openMapping(MAPPING, FIELDS)
        expect(await ledger.openIntents(MAPPING)).toEqual([
          { ...intents[0], id: first, createdAtMs: NOW_MS },
          { ...intents[1], id: second, createdAtMs: NOW_MS },
        ])
        await ledger.settle(MAPPING, settlement({ intents: [first, first] }))
        await ledger.settle(MAPPING, settlement({ intents: [first] }))
        expect((await ledger.openIntents(MAPPING)).map((open) => open.id)).toEqual([second])
        expect((await ledger.take(MAPPING, NOW_MS, 2)).map((work) => work.odoo?.id)).toEqual(['1'])
      })

      test('kept fields are merged into the change', async () => {
        await ledger.stage(MAPPING, staging([change('1')]))
        const { taken } = await firstTaken()
        await ledger.settle(MAPPING, settlement({ kept: [kept(taken, { fields: { ref: 'R1' }, attempts: 2 })] }))
        expect((await firstTaken()).taken).toMatchObject({
          fields: { name: '1', ref: 'R1' },
          attempts: 2,
          seq: taken.seq,
        })
      })
    })

    describe('merged records', () => {
      test('are aliases of the survivor, also when that is merged in turn, and release what waited for them', async () => {
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a'), link('2', 'b'), link('3', 'c')] }))
        const links = await ledger.links(MAPPING, 'odoo', ['1', '2', '3'])
        const idOf = (odooId: string): number => links.get(odooId)?.id ?? 0
        const alias = (into: string, of: string, externalId: string) => [
          { kind: 'update' as const, id: idOf(of), state: 'odoo-gone' as const },
          { kind: 'alias' as const, id: idOf(into), of: idOf(of), odooId: of, externalId },
        ]
        expect(await ledger.survivors(MAPPING, 'odoo', ['1', '2'])).toEqual(new Map())
        await ledger.openMapping('orders', FIELDS)
        await ledger.stage('orders', staging([change('9')]))
        const [work] = await ledger.take('orders', NOW_MS, 1)
        if (!work?.odoo) throw new Error('nothing to take')
        const waitsFor = [{ mapping: MAPPING, side: 'odoo' as const, id: '5' }]
        await ledger.settle('orders', settlement({ kept: [kept(work.odoo, { state: 'waiting', waitsFor })] }))

        await ledger.settle(MAPPING, settlement({ links: alias('2', '1', 'a') }))
        expect((await ledger.survivors(MAPPING, 'odoo', ['1', '2'])).get('1')?.odooId).toBe('2')
        expect((await ledger.survivors(MAPPING, 'external', ['a'])).get('a')?.externalId).toBe('b')
        const released = await ledger.settle(
          MAPPING,
          settlement({
            links: [...alias('3', '2', 'b'), { kind: 'alias', id: idOf('3'), of: 0, odooId: '5', externalId: 'e' }],
          }),
        )
        expect(released).toEqual(['orders'])
        const survivors = await ledger.survivors(MAPPING, 'odoo', ['1', '2', '5', '8'])
        expect([...survivors].map(([id, { odooId }]) => [id, odooId])).toEqual([
          ['1', '3'],
          ['2', '3'],
          ['5', '3'],
        ])
        // The link of the lost record is a tombstone, and stays one.
        expect((await ledger.links(MAPPING, 'odoo', ['1'])).get('1')?.state).toBe('odoo-gone')
        // A survivor that is gone itself is nobody.
        await ledger.settle(MAPPING, settlement({ links: [{ kind: 'update', id: idOf('3'), state: 'odoo-gone' }] }))
        expect(await ledger.survivors(MAPPING, 'odoo', ['1', '2'])).toEqual(new Map())
      })
    })

    describe('waiting', () => {
      const COMPANY: RecordRef = { mapping: 'companies', side: 'external', id: 'acme' }

      async function putToWaiting(id: string, waitsFor: readonly RecordRef[] = [COMPANY]) {
        await ledger.stage(MAPPING, staging([change(id)]))
        const odoo = (await ledger.take(MAPPING, NOW_MS, 10)).find((work) => work.odoo?.id === id)?.odoo
        if (!odoo) throw new Error('a change expected')
        return ledger.settle(MAPPING, settlement({ kept: [kept(odoo, { state: 'waiting', waitsFor })] }))
      }

      test('ends with the link of a record in any mapping', async () => {
        expect(await putToWaiting('1')).toEqual([])
        expect(await ledger.waits(10)).toEqual([
          { change: { mapping: MAPPING, side: 'odoo', id: '1' }, waitsFor: [COMPANY] },
        ])
        await ledger.openMapping('companies', FIELDS)
        expect(await ledger.settle('companies', settlement({ links: [link('1', 'other')] }))).toEqual([])
        expect(await ledger.settle('companies', settlement({ links: [link('7', 'acme')] }))).toEqual([MAPPING])
        expect((await firstTaken()).taken).toMatchObject({ id: '1', state: 'pending', waitsFor: [] })
        expect(await ledger.waits(10)).toEqual([])
        await expectToAddUp()
      })

      test('does not begin where the link is there already', async () => {
        await ledger.openMapping('companies', FIELDS)
        await ledger.settle('companies', settlement({ links: [link('7', 'acme')] }))
        expect(await putToWaiting('1')).toEqual([MAPPING])
        expect((await firstTaken()).taken.state).toBe('pending')
      })

      test('goes on where the link is a tombstone, and ends when it lives again', async () => {
        await ledger.openMapping('companies', FIELDS)
        await ledger.settle('companies', settlement({ links: [link('7', 'acme')] }))
        const id = (await ledger.linksAfter('companies', 0, 1))[0]?.id ?? 0
        const update = { kind: 'update', id } as const
        await ledger.settle('companies', settlement({ links: [{ ...update, state: 'odoo-gone' }] }))
        expect(await putToWaiting('1')).toEqual([])
        expect(await ledger.settle('companies', settlement({ links: [{ ...update, state: 'live' }] }))).toEqual([
          MAPPING,
        ])
      })

      test('is broken up for a cycle', async () => {
        await putToWaiting('1')
        await ledger.releaseCycle([{ mapping: MAPPING, side: 'odoo', id: '1' }])
        expect((await firstTaken()).taken).toMatchObject({ omitsReferences: true, state: 'pending' })
        expect(await ledger.waits(10)).toEqual([])
      })

      test('that is over is forgotten: a link that comes later wakes nobody', async () => {
        await putToWaiting('1')
        await ledger.releaseCycle([{ mapping: MAPPING, side: 'odoo', id: '1' }])
        await putToWaiting('1', [{ ...COMPANY, id: 'other' }])
        await ledger.openMapping('companies', FIELDS)
        expect(await ledger.settle('companies', settlement({ links: [link('7', 'acme')] }))).toEqual([])
        expect((await ledger.counts(MAPPING)).odoo.waiting).toBe(1)
      })

      test('expires', async () => {
        const fault = { code: 'waiting' as const, message: 'nobody came', hint: null }
        await putToWaiting('1')
        expect(await ledger.expireWaiting(MAPPING, NOW_MS, fault, NOW_MS)).toBe(0)
        expect(await ledger.expireWaiting(MAPPING, NOW_MS + 1, fault, NOW_MS)).toBe(1)
        const [dead] = await ledger.changes(MAPPING, { state: 'dead', limit: 5 })
        expect(dead?.change).toMatchObject({ id: '1', fault })
        await expectToAddUp()
      })
    })

    describe('looking at it', () => {
      test('retries with no attempts spent', async () => {
        const fault = { code: 'invalid' as const, message: 'no', hint: 'do' }
        await ledger.stage(MAPPING, staging([change('1'), change('2')]))
        const { taken } = await firstTaken()
        await ledger.settle(MAPPING, settlement({ kept: [kept(taken, { state: 'dead', attempts: 8, fault })] }))
        expect(await ledger.retry(MAPPING, [{ ...taken, seq: taken.seq - 1 }], NOW_MS)).toBe(0)
        expect(await ledger.retry(MAPPING, [taken], NOW_MS)).toBe(1)
        expect(await ledger.retry(MAPPING, [taken], NOW_MS)).toBe(0)
        expect((await firstTaken()).taken).toMatchObject({ id: '1', attempts: 0, fault: null })
        await expectToAddUp()
      })

      test('lists changes, newest first, page by page', async () => {
        await ledger.openMapping('other', FIELDS)
        await ledger.settle(MAPPING, settlement({ links: [link('2', 'b')] }))
        await ledger.stage(MAPPING, staging([change('1'), change('2')]))
        await ledger.stage('other', staging([change('3')]))
        const all = await ledger.changes(null, { limit: 2 })
        expect(all.map((entry) => [entry.mapping, entry.change.id, entry.link?.externalId])).toEqual([
          ['other', '3', undefined],
          [MAPPING, '2', 'b'],
        ])
        const rest = await ledger.changes(null, { limit: 2, afterSeq: all[1]?.change.seq ?? 0 })
        expect(rest.map((entry) => entry.change.id)).toEqual(['1'])
        expect(await ledger.changes(MAPPING, { id: '1', side: 'odoo', state: 'pending', limit: 5 })).toHaveLength(1)
        expect(await ledger.changes(MAPPING, { state: 'dead', limit: 5 })).toEqual([])
      })

      test('knows the oldest change', async () => {
        expect(await ledger.oldestChangeMs(MAPPING)).toBeNull()
        await ledger.stage(MAPPING, staging([change('1')], { nowMs: NOW_MS + 1 }))
        await ledger.stage(MAPPING, staging([change('2')], { nowMs: NOW_MS + 2 }))
        const { taken } = await firstTaken()
        for (const state of ['waiting', 'pending'] as const) {
          const { work } = { work: (await ledger.known(MAPPING, 'odoo', ['1'])).get('1')?.change ?? taken }
          await ledger.settle(MAPPING, settlement({ kept: [kept(work, { state, notBeforeMs: NOW_MS * 2 })] }))
          expect(await ledger.oldestChangeMs(MAPPING)).toBe(NOW_MS + 1)
        }
        await ledger.settle(MAPPING, settlement({ kept: [kept(taken, { state: 'dead' })] }))
        expect(await ledger.oldestChangeMs(MAPPING)).toBe(NOW_MS + 2)
      })

      test('finds history by either id and by key, oldest first, also of links that are gone', async () => {
        const entry = (event: string, odooId: string | null, externalId: string | null, key: string | null) => ({
          atMs: NOW_MS,
          event,
          side: 'odoo' as const,
          odooId,
          externalId,
          key,
          detail: { because: event },
        })
        await ledger.addHistory(MAPPING, [
          entry('captured', '1', null, null),
          entry('failed', null, 'a', 'key-1'),
          entry('failed', null, 'z', 'unlinked'),
          entry('created', '1', 'a', 'key-1'),
          entry('created', '2', 'b', 'key-2'),
        ])
        await ledger.settle(MAPPING, settlement({ links: [link('1', 'a')] }))
        const events = async (filter: object) =>
          (await ledger.history(MAPPING, { limit: 10, ...filter })).map((found) => found.event)
        const whole = ['captured', 'failed', 'created']
        expect(await events({ odooId: '1' })).toEqual(whole)
        expect(await events({ externalId: 'a' })).toEqual(whole)
        expect(await events({ key: 'key-1' })).toEqual(whole)
        expect(await events({ odooId: '1', externalId: 'a', key: 'key-1' })).toEqual(whole)
        expect(await events({ key: 'unlinked' })).toEqual(['failed'])
        expect(await events({ odooId: '1', limit: 1 })).toEqual(['created'])
        expect(await events({})).toHaveLength(5)
        expect(await events({ odooId: '1', sinceMs: NOW_MS + 1 })).toEqual([])
        const id = (await ledger.linksAfter(MAPPING, 0, 1))[0]?.id ?? 0
        await ledger.settle(MAPPING, settlement({ links: [{ kind: 'delete', id }] }))
        expect(await events({ key: 'key-1' })).toEqual(whole)
        expect(await events({ externalId: 'a' })).toEqual(whole)
        await ledger.prune({ historyBeforeMs: NOW_MS + 1, requestsBeforeMs: 0 })
        expect(await events({})).toEqual([])
      })

      test('remembers states, notes and requests', async () => {
        expect(await ledger.state(MAPPING)).toMatchObject({ pause: null, failures: 0, guards: {}, notes: {} })
        await ledger.updateState(MAPPING, { failures: 2, notes: { 'sweep:odoo': 1 } })
        await ledger.updateState(MAPPING, { lastRunAtMs: 5 })
        expect(await ledger.state(MAPPING)).toMatchObject({ failures: 2, lastRunAtMs: 5, notes: { 'sweep:odoo': 1 } })
        expect(await ledger.connectionNotes('erp')).toEqual({})
        await ledger.updateConnectionNotes('erp', { identity: 'x' })
        await ledger.updateConnectionNotes('erp', { clock: 2 })
        expect(await ledger.connectionNotes('erp')).toEqual({ identity: 'x', clock: 2 })
        const id = await ledger.request('sync', { mappings: ['a'] }, NOW_MS)
        await ledger.answerRequest(id, 'running', { done: 1 })
        expect(await ledger.openRequests()).toMatchObject([{ id, kind: 'sync', state: 'running', answer: { done: 1 } }])
        await ledger.answerRequest(id, 'done', {})
        expect(await ledger.openRequests()).toEqual([])
        await ledger.prune({ historyBeforeMs: 0, requestsBeforeMs: NOW_MS + 1 })
        expect(await ledger.findRequest(id)).toBeNull()
      })

      test('notes how much was captured and applied in each slice of time', async () => {
        const later = NOW_MS + 2 * THROUGHPUT_SLICE_MS
        await ledger.stage(MAPPING, staging([change('1'), change('2')], { unchanged: 3 }))
        const { taken } = await firstTaken()
        await ledger.settle(MAPPING, settlement({ resolved: [{ ...taken, as: 'applied' }], nowMs: later }))
        await ledger.stage(MAPPING, staging([change('a', { side: 'external' })], { nowMs: later }))
        // Nothing captured, nothing applied: no slice.
        await ledger.stage(MAPPING, staging([], { nowMs: later + THROUGHPUT_SLICE_MS }))
        const sliceOf = (ms: number) => ms - (ms % THROUGHPUT_SLICE_MS)
        const first = { atMs: sliceOf(NOW_MS), side: 'odoo', captured: 5, applied: 0 }
        const second = [
          { atMs: sliceOf(later), side: 'odoo', captured: 0, applied: 1 },
          { atMs: sliceOf(later), side: 'external', captured: 1, applied: 0 },
        ]
        expect(await ledger.throughput(MAPPING, 0)).toEqual([first, ...second])
        expect(await ledger.throughput(MAPPING, later)).toEqual(second)
        await ledger.prune({ historyBeforeMs: 0, requestsBeforeMs: 0, throughputBeforeMs: later })
        expect(await ledger.throughput(MAPPING, 0)).toEqual(second)
      })
    })

    describe('arrivals', () => {
      const hint = (id: string): Change => ({ kind: 'hint', id, version: null })
      const gone = (id: string): Change => ({ kind: 'gone', id, atMs: null })
      const told = (id: string): Change => ({
        kind: 'state',
        state: { id, version: 'v', changedAtMs: 5, byUs: null, fields: { name: id } },
      })
      const arrival = (change: Change, mapping = MAPPING) => ({ mapping, side: 'odoo' as const, change })
      const due = async (nowMs = NOW_MS) => ledger.arrivals(MAPPING, nowMs, 100)

      test('are kept in the order in which they came, over a restart, until a run has looked at them', async () => {
        await ledger.receive([arrival(hint('2')), arrival(told('1'))], NOW_MS)
        await ledger.receive([arrival(gone('3'))], NOW_MS + 1)
        ledger = await opened.reopen()
        await ledger.openMapping(MAPPING, FIELDS)
        const all = await due()
        expect(all.map(({ change }) => change)).toEqual([hint('2'), told('1'), gone('3')])
        expect(all[0]).toMatchObject({ side: 'odoo', attempts: 0, receivedAtMs: NOW_MS })
        expect(await ledger.countArrivals(MAPPING)).toBe(3)
        expect(await ledger.nextArrivalMs(MAPPING)).toBe(0)
        const heard = all.slice(0, 2).map(({ seq, change }) => ({ id: change.kind === 'state' ? '1' : '2', seq }))
        await ledger.stage(MAPPING, staging([change('2')], { heard }))
        expect((await due()).map(({ change }) => change)).toEqual([gone('3')])
        expect(await ledger.countChanges(MAPPING, { state: 'pending' })).toBe(1)
        await expectToAddUp()
      })

      test.each([
        ['hints', [hint('1'), hint('1')], hint('1')],
        ['deletes', [gone('1'), gone('1')], gone('1')],
        ['two states', [told('1'), told('1')], hint('1')],
        ['a state and a delete', [told('1'), gone('1')], hint('1')],
        ['a delete and a hint', [gone('1'), hint('1')], hint('1')],
      ])('of one record join: %s', async (_, changes, joined) => {
        await ledger.receive(
          changes.map((change) => arrival(change)),
          NOW_MS,
        )
        expect((await due()).map(({ change }) => change)).toEqual([joined])
        ledger = await opened.reopen()
        await ledger.openMapping(MAPPING, FIELDS)
        await ledger.stage(MAPPING, staging([], { heard: [{ id: '1', seq: (await due())[0]?.seq ?? 0 }] }))
        for (const change of changes) await ledger.receive([arrival(change)], NOW_MS)
        expect((await due()).map(({ change }) => change)).toEqual([joined])
      })

      test('that come again while they are looked at are looked at again', async () => {
        await ledger.receive([arrival(hint('1'))], NOW_MS)
        const [first] = await due()
        await ledger.receive([arrival(hint('1'))], NOW_MS)
        await ledger.stage(MAPPING, staging([], { heard: [{ id: '1', seq: first?.seq ?? 0 }] }))
        expect(await ledger.countArrivals(MAPPING)).toBe(1)
        const lookAgain = [{ id: '1', seq: first?.seq ?? 0, notBeforeMs: NOW_MS + 5000 }]
        await ledger.stage(MAPPING, staging([], { lookAgain }))
        expect(await due()).toHaveLength(1)
      })

      test('that showed nothing yet are due later, and at once when they come again', async () => {
        await ledger.receive([arrival(hint('1'))], NOW_MS)
        const lookAgain = [{ id: '1', seq: (await due())[0]?.seq ?? 0, notBeforeMs: NOW_MS + 5000 }]
        await ledger.stage(MAPPING, staging([], { lookAgain }))
        expect(await due()).toEqual([])
        expect(await ledger.nextArrivalMs(MAPPING)).toBe(NOW_MS + 5000)
        expect(await due(NOW_MS + 5000)).toMatchObject([{ attempts: 1 }])
        await ledger.receive([arrival(hint('1'))], NOW_MS + 1)
        expect(await due()).toMatchObject([{ attempts: 0, receivedAtMs: NOW_MS }])
      })

      test('wait for a mapping that is not open yet, and are nobody else’s', async () => {
        await ledger.receive([arrival(hint('1'), 'companies')], NOW_MS)
        expect(await due()).toEqual([])
        expect(await ledger.nextArrivalMs(MAPPING)).toBeNull()
        expect(await ledger.mappings()).toEqual([MAPPING])
        await ledger.openMapping('companies', FIELDS)
        expect(await ledger.arrivals('companies', NOW_MS, 10)).toHaveLength(1)
      })

      test('come with how far a line was heard', async () => {
        const position = { mapping: MAPPING, side: 'odoo' as const, position: '41' }
        await ledger.receive([arrival(hint('1'))], NOW_MS, position)
        await ledger.receive([], NOW_MS, { ...position, position: '42' })
        expect(await ledger.heardPosition(MAPPING, 'odoo')).toBe('42')
        expect(await ledger.heardPosition(MAPPING, 'external')).toBeNull()
      })
    })

    describe('sweeping', () => {
      const entries = (...ids: string[]) => ids.map((id) => ({ id, version: 'v1' }))

      test('says what has to be read, what is missing, and goes on where it stopped', async () => {
        await ledger.settle(MAPPING, settlement({ links: ['1', '2', '3', '4'].map((id) => link(id, `x${id}`)) }))
        await ledger.stage(MAPPING, staging([change('8'), change('9', { kind: 'gone', fields: {} })]))
        expect(await ledger.beginSweep(MAPPING, 'odoo', true)).toBeNull()
        const page = [...entries('1', '7', '8', '9'), { id: '2', version: 'v2' }, { id: '3', version: null }]
        expect(await ledger.sweepPage(MAPPING, 'odoo', page, '3')).toEqual(['7', '9', '2', '3'])
        ledger = await opened.reopen()
        await ledger.openMapping(MAPPING, FIELDS)
        expect(await ledger.beginSweep(MAPPING, 'odoo', false)).toBe('3')
        await ledger.settle(MAPPING, settlement({ links: [link('5', 'x5')] }))
        expect(await ledger.sweepPage(MAPPING, 'odoo', [], null)).toEqual([])
        expect(await ledger.sweepCounts(MAPPING, 'odoo')).toEqual({ listed: 6, missing: 1 })
        const missing = await ledger.sweepMissing(MAPPING, 'odoo', 0, 10)
        expect(missing.map((found) => found.odooId)).toEqual(['4'])
        expect(await ledger.sweepMissing(MAPPING, 'odoo', missing[0]?.id ?? 0, 10)).toEqual([])
        await ledger.endSweep(MAPPING, 'odoo')
        expect(await ledger.beginSweep(MAPPING, 'odoo', false)).toBeNull()
        expect(await ledger.sweepCounts(MAPPING, 'odoo')).toEqual({ listed: 0, missing: 5 })
      })

      test('pages through many missing links', async () => {
        const ids = Array.from({ length: 10_000 }, (_, index) => String(index))
        await ledger.settle(MAPPING, settlement({ links: ids.map((id) => link(id, id)) }))
        await ledger.beginSweep(MAPPING, 'external', true)
        const listed = ids.filter((id) => Number(id) % 1_000 !== 7)
        expect(
          await ledger.sweepPage(
            MAPPING,
            'external',
            listed.map((id) => ({ id, version: 'w1' })),
            null,
          ),
        ).toEqual([])
        const missing: string[] = []
        for (let after = 0; ; ) {
          const page = await ledger.sweepMissing(MAPPING, 'external', after, 3)
          if (page.length === 0) break
          missing.push(...page.map((found) => found.externalId))
          after = page.at(-1)?.id ?? 0
        }
        expect(missing).toEqual(ids.filter((id) => Number(id) % 1_000 === 7))
        expect(await ledger.sweepCounts(MAPPING, 'external')).toEqual({ listed: 9_990, missing: 10 })
      })
    })

    describeSteps(() => opened)
  })
}
