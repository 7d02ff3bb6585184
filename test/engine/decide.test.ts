import { describe, expect, it } from 'vitest'
import type { Value } from '../../src/contract/value.ts'
import { decide } from '../../src/engine/decide.ts'
import { fingerprint } from '../../src/engine/fingerprint.ts'
import type { Pair } from '../../src/engine/pair.ts'
import { UNKNOWN_FINGERPRINT } from '../../src/ledger/seen.ts'
import type { FieldRule, References } from '../../src/mapping/mapping.ts'

const REFERENCES: References = { link: () => undefined, lookup: () => undefined }

/** A field that both sides hold alike, but for what a case says. */
function rule(parts: Partial<FieldRule> = {}): FieldRule {
  const both = { create: true, update: true }
  return {
    name: 'x:x',
    odoo: 'x',
    external: 'x',
    direction: 'both',
    owner: null,
    conflict: 'newest',
    isKey: false,
    reference: null,
    set: null,
    referred: (_, value) => (value === null ? [] : [value]),
    writable: { odoo: both, external: both },
    translate: (_, value) => ({ kind: 'value', value }),
    isSame: (_, a, b) => a === b,
    ...parts,
  }
}

/** undefined: never seen, or not known now. */
interface Side {
  readonly seen?: Value
  readonly now?: Value
  readonly atMs?: number | null
}

function pair(odoo: Side, external: Side): Pair {
  const seen = ({ seen }: Side): string => (seen === undefined ? UNKNOWN_FINGERPRINT : fingerprint(seen))
  const now = ({ now, atMs = null }: Side) => (now === undefined ? null : { fields: { x: now }, changedAtMs: atMs })
  return { seen: { odoo: seen(odoo), external: seen(external) }, now: { odoo: now(odoo), external: now(external) } }
}

interface Case {
  readonly title: string
  readonly rule?: Partial<FieldRule>
  readonly odoo: Side
  readonly external: Side
  /** What is written where. */
  readonly toOdoo?: Value
  readonly toExternal?: Value
  readonly lost?: Value
  readonly isConflict?: boolean
  readonly needs?: string
  readonly seen?: { odoo?: Value; external?: Value }
}

const same = { seen: 1, now: 1 }
const CASES: readonly Case[] = [
  { title: 'nothing changed', odoo: same, external: same },
  { title: 'nothing known', odoo: { seen: 1 }, external: { seen: 1 } },
  { title: 'odoo changed, external not looked at', odoo: { seen: 1, now: 2 }, external: { seen: 1 }, toExternal: 2 },
  { title: 'external changed', odoo: same, external: { seen: 1, now: 2 }, toOdoo: 2 },
  { title: 'emptied on one side', odoo: { seen: 1, now: null }, external: same, toExternal: null },
  {
    title: 'both changed to the same',
    odoo: { seen: 1, now: 2 },
    external: { seen: 1, now: 2 },
    seen: { odoo: 2, external: 2 },
  },
  {
    title: 'changed, and the other side has it already',
    odoo: { seen: 1, now: 2 },
    external: { seen: 3, now: 2 },
    seen: { odoo: 2, external: 2 },
  },
  {
    title: 'the newer wins',
    odoo: { seen: 1, now: 2, atMs: 5 },
    external: { seen: 1, now: 3, atMs: 6 },
    toOdoo: 3,
    lost: 2,
  },
  {
    title: 'the newer wins the other way',
    odoo: { seen: 1, now: 2, atMs: 7 },
    external: { seen: 1, now: 3, atMs: 6 },
    toExternal: 2,
    lost: 3,
  },
  {
    title: 'a tie goes to Odoo',
    odoo: { seen: 1, now: 2, atMs: 6 },
    external: { seen: 1, now: 3, atMs: 6 },
    toExternal: 2,
    lost: 3,
  },
  {
    title: 'an unknown time goes to Odoo',
    odoo: { seen: 1, now: 2, atMs: 1 },
    external: { seen: 1, now: 3 },
    toExternal: 2,
    lost: 3,
  },
  {
    title: 'policy odoo',
    rule: { conflict: 'odoo' },
    odoo: { seen: 1, now: 2, atMs: 1 },
    external: { seen: 1, now: 3, atMs: 9 },
    toExternal: 2,
    lost: 3,
  },
  {
    title: 'policy external',
    rule: { conflict: 'external' },
    odoo: { seen: 1, now: 2, atMs: 9 },
    external: { seen: 1, now: 3, atMs: 1 },
    toOdoo: 3,
    lost: 2,
  },
  {
    title: 'policy manual',
    rule: { conflict: 'manual' },
    odoo: { seen: 1, now: 2 },
    external: { seen: 1, now: 3 },
    isConflict: true,
  },
  {
    title: 'an owner wins whatever the time',
    rule: { owner: 'odoo' },
    odoo: { seen: 1, now: 2, atMs: 1 },
    external: { seen: 1, now: 3, atMs: 9 },
    toExternal: 2,
    lost: 3,
  },
  {
    title: 'what is not the owner’s is put back',
    rule: { owner: 'odoo' },
    odoo: same,
    external: { seen: 1, now: 3 },
    toExternal: 1,
    lost: 3,
  },
  {
    title: 'the owner has to be looked at for that',
    rule: { owner: 'odoo' },
    odoo: { seen: 1 },
    external: { seen: 1, now: 3 },
    needs: 'odoo',
  },
  {
    title: 'a field of one way is left alone on the other side',
    rule: { direction: 'from-odoo' },
    odoo: same,
    external: { seen: 1, now: 3 },
    seen: { external: 3 },
  },
  {
    title: 'a field of one way wins when it changes',
    rule: { direction: 'from-odoo' },
    odoo: { seen: 1, now: 2, atMs: 1 },
    external: { seen: 1, now: 3, atMs: 9 },
    toExternal: 2,
    lost: 3,
  },
  { title: 'first contact: equal', odoo: { now: 1 }, external: { now: 1 }, seen: { odoo: 1, external: 1 } },
  {
    title: 'first contact: an empty value is filled',
    rule: { conflict: 'odoo' },
    odoo: { now: null },
    external: { now: 1 },
    toOdoo: 1,
  },
  {
    title: 'first contact: different, by policy',
    rule: { conflict: 'odoo' },
    odoo: { now: 2 },
    external: { now: 1 },
    toExternal: 2,
  },
  { title: 'first contact: the other side has to be looked at', odoo: { now: 2 }, external: {}, needs: 'external' },
  {
    title: 'a key is never emptied',
    rule: { isKey: true },
    odoo: { seen: 1, now: null },
    external: same,
    seen: { odoo: null },
  },
  {
    title: 'a key fills an empty one',
    rule: { isKey: true },
    odoo: { seen: null, now: null },
    external: { now: 7 },
    toOdoo: 7,
  },
  {
    title: 'what cannot be written is taken note of',
    rule: { writable: { odoo: { create: true, update: true }, external: { create: true, update: false } } },
    odoo: { seen: 1, now: 2 },
    external: same,
    seen: { odoo: 2 },
  },
  {
    title: 'a stored form that the other side made of our value is no change',
    odoo: { seen: '<p>a</p>', now: '<p>a</p>' },
    external: { seen: 'a', now: 'a' },
  },
]

describe('decide', () => {
  it.each(CASES)('$title', (each) => {
    const { odoo, external } = each
    const plan = decide([rule(each.rule)], pair(odoo, external), REFERENCES)
    expect(plan.error).toBeNull()
    expect(plan.write).toEqual({
      odoo: each.toOdoo === undefined ? {} : { x: each.toOdoo },
      external: each.toExternal === undefined ? {} : { x: each.toExternal },
    })
    expect(plan.lost.map(({ value }) => value)).toEqual(each.lost === undefined ? [] : [each.lost])
    expect(plan.conflicts).toHaveLength(each.isConflict ? 1 : 0)
    expect(plan.needs).toEqual(each.needs ? [each.needs] : [])
    for (const side of ['odoo', 'external'] as const) {
      const expected = each.seen?.[side]
      const before = pair(odoo, external).seen[side]
      expect(plan.seen[side]).toBe(expected === undefined ? before : fingerprint(expected))
    }
  })

  it('waits for a reference, and lets other fields go', () => {
    const wait = { mapping: 'm', side: 'odoo', id: '9' } as const
    const rules = [
      rule({ name: 'p', odoo: 'p', external: 'p', translate: () => ({ kind: 'wait', for: wait }) }),
      rule(),
    ]
    const now = { fields: { p: 9, x: 2 }, changedAtMs: null }
    const seen = fingerprint(1).repeat(2)
    const plan = decide(rules, { seen: { odoo: seen, external: seen }, now: { odoo: now, external: null } }, REFERENCES)
    expect(plan.waitsFor).toEqual([wait])
    expect(plan.write.external).toEqual({ x: 2 })
  })
})
