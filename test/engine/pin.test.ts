import { describe, expect, test } from 'vitest'
import { compareWithPin, describeFinding, type Pin, renewPin, type Sight, suspicionOf } from '../../src/engine/pin.ts'

const at = (text: string): number => Date.parse(text)
const CREATED = at('2026-01-01T00:00:00Z')
const CHANGED = at('2026-02-01T00:00:00Z')

const pin: Pin = {
  traits: { uuid: 'u1', born: 'b1' },
  marks: { wizard: 12 },
  sample: { 'customers odoo': { 7: { createdAtMs: CREATED, changedAtMs: CHANGED } } },
  atMs: 0,
}
const sight: Sight = { traits: pin.traits, marks: { wizard: 13 }, sample: pin.sample, drawn: [] }
const born = (createdAtMs: number, changedAtMs: number | null = CHANGED): Sight['sample'] => ({
  'customers odoo': { 7: { createdAtMs, changedAtMs } },
})

describe('a database and its pin', () => {
  test.each<[string, Partial<Sight>, readonly string[], string | null]>([
    ['is as it was', {}, [], null],
    ['has the very same numbers', { marks: { wizard: 12 } }, [], null],
    ['has gone on', { marks: { wizard: 99 }, sample: born(CREATED, CHANGED + 5000) }, [], null],
    ['shows less than before: our user lost a right', { traits: { born: 'b1' }, marks: {}, sample: {} }, [], null],
    ['shows more than before', { traits: { ...pin.traits, more: 'x' }, marks: { wizard: 13, more: 1 } }, [], null],
    ['lost a record: people delete records', { sample: { 'customers odoo': {} } }, [], null],
    ['has no time of a change any more', { sample: born(CREATED, null) }, [], null],
    ['was set back a second by NTP', { sample: born(CREATED, CHANGED - 1000) }, [], null],
    [
      'is another one',
      { traits: { uuid: 'u2', born: 'b2' }, marks: { wizard: 1 } },
      ['trait', 'trait', 'mark'],
      'another',
    ],
    ['is another one to an ordinary user', { traits: { born: 'b2' } }, ['trait'], 'another'],
    ["is a copy made by Odoo's manager", { traits: { uuid: 'u2', born: 'b1' } }, ['trait'], 'copy'],
    ['has a number that went back', { marks: { wizard: 11 } }, ['mark'], 'older'],
    ['gave a number again', { marks: { wizard: 12 }, drawn: ['wizard'] }, ['mark'], 'older'],
    ['gave an id to another record', { sample: born(CREATED + 1000) }, ['reborn'], 'older'],
    ['has an older state of a record', { sample: born(CREATED, CHANGED - 3000) }, ['older'], 'older'],
  ])('%s', (_what, seen, kinds, suspicion) => {
    const findings = compareWithPin(pin, { ...sight, ...seen })
    expect(findings.map(({ kind }) => kind)).toEqual(kinds)
    expect(suspicionOf(pin, { ...sight, ...seen }, findings)).toBe(suspicion)
    for (const finding of findings) expect(describeFinding(finding)).toMatch(/\w/)
  })

  test('what was known of it stays known while our user may not see it', () => {
    const renewed = renewPin(pin, { traits: { born: 'b1' }, marks: { wizard: 20 }, sample: {}, drawn: [] }, 5)
    expect(renewed).toEqual({ traits: { uuid: 'u1', born: 'b1' }, marks: { wizard: 20 }, sample: {}, atMs: 5 })
    expect(compareWithPin(renewed, { ...sight, traits: { uuid: 'u2' }, marks: {} })).toHaveLength(1)
  })
})
