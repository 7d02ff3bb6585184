import type { Value } from '../../contract/value.ts'
import type { Bench } from './bench.ts'
import type { ValueRole } from './connector-setup.ts'

export const TRICKY_TEXTS = [
  "it's",
  '"quoted"',
  '100%',
  'a_b',
  'back\\slash',
  '$1 :name ?',
  'Zoë Ünïcødé',
  '日本語',
  'smile 😀',
  '<b>&amp;',
  '[1,2]',
  '007',
  'null',
]
const VALUES: Record<ValueRole, readonly Value[]> = {
  text: ['plain', ...TRICKY_TEXTS, 'two\nlines', 'x'.repeat(250), null],
  html: ['<p>bold</p>', null],
  integer: [1, 0, -5, 2_147_483_647, null],
  decimal: [0.5, 1234.56, -0.25, 0, 3, null],
  boolean: [true, false],
  date: ['2026-11-21', '1999-12-31', '2024-02-29', null],
  datetime: ['2026-11-21T08:30:00Z', '1999-12-31T23:59:59Z', '2026-03-29T01:30:00Z', null],
  selection: [],
  reference: [],
  json: [{ a: [1, null, 'x'], b: { c: true } }, ['y'], null],
  binary: [Buffer.from([0, 1, 254, 255]).toString('base64'), null],
}

/** The roles that this system has, and the values to try in each. */
export function rolesOf({ setup, fields }: Bench): { role: ValueRole; name: string; values: readonly Value[] }[] {
  return (Object.keys(VALUES) as ValueRole[]).flatMap((role) => {
    const name = fields[role]
    return name === undefined ? [] : [{ role, name, values: setup.values?.[role] ?? VALUES[role] }]
  })
}
