import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/engine/backoff.ts'
import { findCycles } from '../../src/engine/cycles.ts'
import { decideGone, EXITED } from '../../src/engine/decide-gone.ts'
import { fingerprint } from '../../src/engine/fingerprint.ts'
import { isCrowd } from '../../src/engine/guard.ts'
import type { Link } from '../../src/ledger/link.ts'
import { seenAt, withSeen } from '../../src/ledger/seen.ts'
import type { Mapping, RecordRef } from '../../src/mapping/mapping.ts'

describe('fingerprint', () => {
  test.prop([fc.jsonValue(), fc.jsonValue()])('differs where values differ', (a, b) => {
    const equal = JSON.stringify(a) === JSON.stringify(b)
    if (equal) expect(fingerprint(a as never)).toBe(fingerprint(b as never))
  })

  it('tells types and order of names apart as values do', () => {
    const values = [
      null,
      '',
      0,
      false,
      true,
      1,
      '1',
      'null',
      [],
      [1],
      [[1]],
      {},
      { a: 1 },
      { a: '1' },
      { a: [1] },
      'j{}',
    ]
    expect(new Set(values.map((value) => fingerprint(value as never))).size).toBe(values.length)
    expect(fingerprint({ a: 1, b: 2 })).toBe(fingerprint({ b: 2, a: 1 }))
    expect(fingerprint(-0)).toBe(fingerprint(0))
  })

  it('does not collide over 200,000 similar texts', () => {
    const seen = new Set<string>()
    for (let n = 0; n < 200_000; n++) seen.add(fingerprint(`customer ${n}`))
    expect(seen.size).toBe(200_000)
  })

  it('is replaced by index', () => {
    const seen = fingerprint('a') + fingerprint('b')
    const after = withSeen(seen, new Map([[1, fingerprint('c')]]))
    expect([seenAt(after, 0), seenAt(after, 1)]).toEqual([fingerprint('a'), fingerprint('c')])
  })
})

describe('findCycles', () => {
  const ref = (id: string): RecordRef => ({ mapping: 'm', side: 'odoo', id })
  const waits = (edges: Readonly<Record<string, string>>) =>
    Object.entries(edges).map(([from, to]) => ({ change: ref(from), waitsFor: [...to].map(ref) }))
  const cycles = (edges: Readonly<Record<string, string>>) =>
    findCycles(waits(edges))
      .map(({ id }) => id)
      .sort()
      .join('')

  it.each([
    [{ a: 'b' }, ''],
    [{ a: 'b', b: 'c' }, ''],
    [{ a: 'b', b: 'a' }, 'ab'],
    [{ a: 'a' }, 'a'],
    [{ a: 'b', b: 'c', c: 'a', d: 'a' }, 'abc'],
    [{ a: 'bx', b: 'a', c: 'd', d: 'e' }, 'ab'],
    [{ a: 'b', b: 'ca', c: 'd', d: 'c' }, 'abcd'],
  ])('%j → %s', (edges, expected) => expect(cycles(edges)).toBe(expected))

  it('takes a chain of 100,000', () => {
    const chain = Array.from({ length: 100_000 }, (_, n) => ({ change: ref(`${n}`), waitsFor: [ref(`${n + 1}`)] }))
    expect(findCycles(chain)).toEqual([])
    expect(findCycles([...chain, { change: ref('100000'), waitsFor: [ref('0')] }])).toHaveLength(100_001)
  })
})

describe('isCrowd', () => {
  const guard = { share: 0.1, count: 50 }
  it.each([
    [1, 1, false],
    [4, 4, false],
    [5, 8, true],
    [4, 8, false],
    [50, 100, false],
    [51, 100, true],
    [51, 1000, false],
    [101, 1000, true],
    [100_000, 100_000, true],
  ])('%i of %i: %s', (count, total, expected) => expect(isCrowd(count, total, guard)).toBe(expected))
})

describe('backoffMs', () => {
  test.prop([fc.nat(100), fc.double({ min: 0, max: 0.999, noNaN: true })])(
    'grows, within its bounds',
    (attempts, chance) => {
      const pause = backoffMs(attempts, 1000, 60_000, () => chance)
      expect(pause).toBeGreaterThanOrEqual(Math.min(60_000, 1000 * 2 ** Math.min(attempts, 30)) / 2)
      expect(pause).toBeLessThanOrEqual(60_000)
    },
  )
})

describe('decideGone', () => {
  const link = { state: 'live' } as Link
  const mapping = (parts: Partial<Mapping>) =>
    ({
      direction: 'both',
      conflict: 'newest',
      deletes: { odoo: 'archive', external: 'delete' },
      onExit: { odoo: 'keep', external: 'archive' },
      ...parts,
    }) as Mapping
  const alone = { isChanged: false, isGone: false }
  const edited = { isChanged: true, isGone: false }

  it.each([
    [
      'archives by policy',
      mapping({}),
      'odoo',
      'deleted',
      alone,
      { kind: 'archive', side: 'external', state: 'odoo-gone' },
    ],
    [
      'deletes by policy',
      mapping({}),
      'external',
      'deleted',
      alone,
      { kind: 'remove', side: 'odoo', state: 'deleted' },
    ],
    ['keeps what left the filter', mapping({}), 'odoo', EXITED, alone, { kind: 'nothing' }],
    [
      'archives what left the filter',
      mapping({}),
      'external',
      EXITED,
      alone,
      { kind: 'archive', side: 'odoo', state: 'external-gone' },
    ],
    [
      'forgets what is gone on both sides',
      mapping({}),
      'odoo',
      'deleted',
      { isChanged: false, isGone: true },
      { kind: 'unlink', state: 'deleted' },
    ],
    [
      'does not delete against the direction',
      mapping({ direction: 'from-odoo' }),
      'external',
      'deleted',
      alone,
      { kind: 'unlink', state: 'external-gone' },
    ],
    ['asks a person about an edit', mapping({}), 'odoo', 'deleted', edited, { kind: 'conflict' }],
    [
      'lets the side that wins delete',
      mapping({ conflict: 'odoo' }),
      'odoo',
      'deleted',
      edited,
      { kind: 'archive', side: 'external', state: 'odoo-gone' },
    ],
    [
      'lets the side that wins stay',
      mapping({ conflict: 'external' }),
      'odoo',
      'deleted',
      edited,
      { kind: 'unlink', state: 'odoo-gone' },
    ],
  ] as const)('%s', (_, rules, side, why, other, expected) => {
    expect(decideGone(rules, side, link, why, other)).toEqual(expected)
  })
})
