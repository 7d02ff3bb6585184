import { beforeAll, describe, expect, it } from 'vitest'
import { type Lab, PARTNER, shiftSeconds } from './odoo-lab.ts'

/**
 * Six contacts: a and b in Germany, c in France, d without anything, e below b, f archived.
 * In the domains, `$` stands for the run's prefix, and the answer is the letters found, in order.
 */
const CASES: readonly (readonly [domain: readonly unknown[], found: string, order?: string])[] = [
  [[], 'abcde'],
  [[['ref', '=', '$a']], 'a'],
  [[['ref', '!=', '$a']], 'bcde'],
  [[['email', '=', false]], 'de'],
  [[['email', '!=', false]], 'abc'],
  [[['email', '=', '']], 'de'],
  [[['email', '!=', 'A@example.com']], 'bcde'],
  [[['ref', 'in', ['$a', '$c', '$zz']]], 'ac'],
  [[['ref', 'in', []]], ''],
  [[['ref', 'not in', []]], 'abcde'],
  [[['ref', 'not in', ['$a', '$b']]], 'cde'],
  [[['email', 'in', [false, 'A@example.com']]], 'ade'],
  [[['email', 'not in', [false]]], 'abc'],
  [[['ref', '>', '$b']], 'cde'],
  [[['ref', '<=', '$b']], 'ab'],
  [[['email', 'like', 'example']], 'ab'],
  [[['email', 'like', 'EXAMPLE']], 'c'],
  [[['email', 'ilike', 'EXAMPLE']], 'abc'],
  [[['email', 'not like', 'example']], 'cde'],
  [[['email', 'not ilike', 'example']], 'de'],
  [[['email', '=like', 'A@%']], 'a'],
  [[['email', '=ilike', 'a@%']], 'a'],
  [[['email', '=ilike', '_@example.com']], 'abc'],
  [[['email', 'like', '%_com']], 'ab'],
  [[['email', '=like', 'A\\_%']], ''],
  [[['email', 'ilike', '']], 'abcde'],
  [[['email', '=like', '']], 'de'],
  [[['color', '=', 3]], 'c'],
  [[['color', '=', false]], 'de'],
  [[['color', '!=', 3]], 'abde'],
  [[['color', '>', 1]], 'bc'],
  [[['color', '<', 2]], 'ade'],
  [
    [
      ['color', '>=', 2],
      ['color', '<=', 2],
    ],
    'b',
  ],
  [[['is_company', '=', true]], 'b'],
  [[['is_company', '!=', true]], 'acde'],
  [[['is_company', 'in', [true, false]]], 'abcde'],
  [[['country_id', '=', false]], 'd'],
  [[['country_id', '!=', false]], 'abce'],
  [[['country_id', '=', 'Germany']], 'abe'],
  [[['country_id', 'ilike', 'germ']], 'abe'],
  [[['country_id', 'not ilike', 'germ']], 'cd'],
  [[['country_id.code', '=', 'DE']], 'abe'],
  [[['country_id.code', '!=', 'DE']], 'c'],
  [[['country_id.code', 'in', ['FR', 'DE']]], 'abce'],
  [[['country_id', 'any', [['code', '=', 'FR']]]], 'c'],
  [[['country_id', 'not any', [['code', '=', 'FR']]]], 'abde'],
  [[['parent_id', '!=', false]], 'e'],
  [[['parent_id.ref', '=', '$b']], 'e'],
  [[['parent_id.country_id.code', '=', 'DE']], 'e'],
  [[['category_id', '=', false]], 'bcde'],
  [[['category_id', '!=', false]], 'a'],
  [[['category_id', 'ilike', '$tag']], 'a'],
  [[['category_id.name', '=', '$tag']], 'a'],
  [['|', ['ref', '=', '$a'], ['ref', '=', '$c']], 'ac'],
  [['&', ['is_company', '=', true], ['ref', '=', '$a']], ''],
  [['!', ['ref', '=', '$a']], 'bcde'],
  [['!', '|', ['ref', '=', '$a'], ['color', '>', 1]], 'de'],
  [['|', '|', ['ref', '=', '$a'], ['ref', '=', '$c'], ['ref', '=', '$d']], 'acd'],
  [['!', ['email', 'like', 'example']], 'cde'],
  [['!', ['color', '>', 1]], 'ade'],
  [[['ref', '=?', false]], 'abcde'],
  [[['ref', '=?', '$b']], 'b'],
  [[['active', '=', false]], 'f'],
  [[['active', 'in', [true, false]]], 'abcdef'],
  [['|', ['active', '=', true], ['active', '=', false]], 'abcdef'],
  [[[1, '=', 1]], 'abcde'],
  [[[0, '=', 1]], ''],
  [[], 'edcba', 'ref desc'],
  [[], 'deabc', 'color, ref'],
  [[], 'abcde', 'email, ref'],
  [[], 'decba', 'email desc, ref'],
  [[], 'deabc', 'email nulls first, ref'],
  [[], 'bacde', 'is_company desc, ref'],
  [[], 'cabed', 'country_id, ref'],
  [[], 'edcba', 'id desc'],
]

function filled(prefix: string, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^\$/, prefix)
  return Array.isArray(value) ? value.map((item) => filled(prefix, item)) : value
}

export function describeDomains(inLab: () => Lab): void {
  describe('searches', () => {
    let ids: number[] = []
    let own: unknown[] = []
    let writeDate = ''

    const letters = (found: readonly number[]): string => found.map((id) => 'abcdef'[ids.indexOf(id)] ?? '?').join('')
    const find = async (domain: readonly unknown[], more: object = {}): Promise<string> =>
      letters(await inLab().call<number[]>(PARTNER, 'search', { domain: [...own, ...domain], order: 'id', ...more }))

    beforeAll(async () => {
      const lab = inLab()
      const country = async (code: string): Promise<number> =>
        (await lab.call<number[]>('res.country', 'search', { domain: [['code', '=', code]] }))[0] ?? 0
      const [germany, france] = [await country('DE'), await country('FR')]
      const tag = await lab.tag('tag')
      ids = await lab.partners([
        { ref: 'a', email: 'A@example.com', color: 1, country_id: germany, category_id: [[4, tag, 0]] },
        { ref: 'b', email: 'B@example.com', color: 2, country_id: germany, is_company: true },
        { ref: 'c', email: 'C@EXAMPLE.COM', color: 3, country_id: france },
        { ref: 'd' },
      ])
      ids.push(await lab.partner({ ref: 'e', parent_id: ids[1] }))
      ids.push(await lab.partner({ ref: 'f', active: false }))
      own = [['id', 'in', ids]]
      // All six in one transaction, so that they share a second.
      await lab.nextSecond()
      await lab.call(PARTNER, 'write', { ids, vals: { function: 'tested' } })
      writeDate = String((await lab.read(ids[0] ?? 0, ['write_date'])).write_date)
    })

    it.each(CASES)('%j → %s (%s)', async (domain, found, order) => {
      const { prefix } = inLab()
      expect(await find(filled(prefix, domain) as unknown[], order ? { order } : {})).toBe(found)
    })

    it.each([
      ['=', 0, 'abcde'],
      ['=', 1, ''],
      ['>=', 0, 'abcde'],
      ['>=', 1, ''],
      ['>', 0, ''],
      ['>', -1, 'abcde'],
      ['<=', 0, 'abcde'],
      ['<=', -1, ''],
      ['<', 0, ''],
      ['<', 1, 'abcde'],
      ['!=', 0, ''],
      ['in', 0, 'abcde'],
    ] as const)('write_date %s its own second shifted by %i → "%s"', async (operator, seconds, found) => {
      const at = shiftSeconds(writeDate, seconds)
      expect(await find([['write_date', operator, operator === 'in' ? [at] : at]])).toBe(found)
    })

    it('a datetime with a fraction as if it had none', async () => {
      expect(await find([['write_date', '>=', `${writeDate}.999999`]])).toBe('abcde')
      expect(await find([['write_date', '>', `${shiftSeconds(writeDate, -1)}.999999`]])).toBe('abcde')
    })

    it('a datetime by its day', async () => {
      const day = writeDate.slice(0, 10)
      expect(
        await find([
          ['write_date', '>=', day],
          ['write_date', '<=', day],
        ]),
      ).toBe('abcde')
      expect(await find([['write_date', '>', day]])).toBe('')
    })

    it('archived records where the context says active_test false', async () => {
      expect(await find([], { context: { active_test: false } })).toBe('abcdef')
      expect(await find([['write_date', '>=', writeDate]], { context: { active_test: false } })).toBe('abcdef')
    })

    it('a page by offset and limit, and by the id before it', async () => {
      expect(await find([], { offset: 1, limit: 2 })).toBe('bc')
      expect(await find([], { limit: 2, order: 'id desc' })).toBe('ed')
      expect(await find([['id', '>', ids[1]]], { limit: 2 })).toBe('cd')
      expect(
        await find([
          ['id', '>=', ids[1]],
          ['id', '<', ids[3]],
        ]),
      ).toBe('bc')
      expect(await find([], { limit: 0 })).toBe('abcde')
    })

    it('counts, up to a limit', async () => {
      const lab = inLab()
      expect(await lab.call(PARTNER, 'search_count', { domain: own })).toBe(5)
      expect(await lab.call(PARTNER, 'search_count', { domain: own, limit: 2 })).toBe(2)
    })

    it('the contacts of a company with child_of, and the companies of a contact with parent_of', async () => {
      expect(await find([['id', 'child_of', ids[1]]])).toBe('be')
      expect(await find([['parent_id', 'child_of', [ids[1]]]])).toBe('be')
      expect(await find([['id', 'parent_of', ids[4]]])).toBe('be')
    })

    it('reads with search_read what it finds', async () => {
      const lab = inLab()
      const found = await lab.call(PARTNER, 'search_read', { domain: own, fields: ['ref'], order: 'ref', limit: 2 })
      expect(found).toEqual([
        { id: ids[0], ref: `${lab.prefix}a` },
        { id: ids[1], ref: `${lab.prefix}b` },
      ])
    })
  })
}
