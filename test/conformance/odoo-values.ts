import { describe, expect, it } from 'vitest'
import { type Lab, PARTNER, TAG } from './odoo-lab.ts'

type Pair = readonly [written: unknown, read: unknown]

const TEXT: readonly Pair[] = [
  ['  padded ', '  padded '],
  ['', ''],
  [' ', ' '],
  ['two\nlines', 'two\nlines'],
  ['Ünïcödé 🎈', 'Ünïcödé 🎈'],
  [5, '5'],
  [1.5, '1.5'],
  [true, 'True'],
  [['x'], "['x']"],
  [null, false],
  [false, false],
]

const HTML: readonly Pair[] = [
  ['hello', '<p>hello</p>'],
  ['', ''],
  [false, false],
  ['  hi ', '<p>hi </p>'],
  ['line1\nline2', '<p>line1\nline2</p>'],
  ['<p>a</p>', '<p>a</p>'],
  ['<p>open', '<p>open</p>'],
  ['a<b>b</b>', '<p>a<b>b</b></p>'],
  ['<b>x</b>', '<b>x</b>'],
  ['<span>a</span><span>b</span>', '<span><span>a</span><span>b</span></span>'],
  ['<b>x</b> tail', '<span><b>x</b> tail</span>'],
  ['a & b', '<p>a &amp; b</p>'],
  ['a < b', '<p>a &lt; b</p>'],
  ['&lt;b&gt;', '<p>&lt;b&gt;</p>'],
  ['a\u00a0b', '<p>a&nbsp;b</p>'],
  ['a<br/>b', '<p>a<br>b</p>'],
  ['a<p>b</p>c', '<p>a</p><p>b</p>c'],
  ['<div>a</div>b', '<div>a</div>b'],
  ['<h1>A</h1><p>b</p>', '<h1>A</h1><p>b</p>'],
  ['<ul><li>a</ul>', '<ul><li>a</li></ul>'],
  ["<p class='x' style='color:red'>a</p>", '<p class="x" style="color:red">a</p>'],
  ['<script>alert(1)</script>x', '<p>x</p>'],
  ['<script>x</script>', ''],
  ['<style>p{}</style><p>s</p>', '<p>s</p>'],
  ['<p onclick="x()">a</p>', '<p>a</p>'],
  ['<a href="javascript:x">l</a>', '<a href="">l</a>'],
  ['<img src="x" onerror="y">', '<img src="x">'],
  ['<!-- c -->a', '<p>a</p>'],
  ['x<!-- c -->y', '<p>x<!-- c -->y</p>'],
  [' <b>x</b> ', '<b>x</b> '],
  ['<b>x</b>y<p>z</p>w', '<b>x</b>y<p>z</p>w'],
  ['<em>a</em>, <em>b</em>', '<span><em>a</em>, <em>b</em></span>'],
  ['<br>a', '<span><br>a</span>'],
  ['<p>a<p>b', '<p>a</p><p>b</p>'],
  ['<p>a</p>\n<p>b</p>', '<p>a</p>\n<p>b</p>'],
  ['<P>UP</P>', '<p>UP</p>'],
  ['&copy; &amp;amp; "x"', '<p>© &amp;amp; "x"</p>'],
  ['<p title="a&quot;b">c</p>', `<p title='a"b'>c</p>`],
  ['<table><tr><td>1</td></tr></table>', '<table><tr><td>1</td></tr></table>'],
]

const NUMBERS: readonly (readonly [field: string, ...Pair])[] = [
  ['color', 5, 5],
  ['color', '5', 5],
  ['color', 5.9, 5],
  ['color', true, 1],
  ['color', false, 0],
  ['color', null, 0],
  ['partner_latitude', 1.123456789, 1.1234568],
  ['partner_latitude', -1.00000005, -1.0000001],
  ['partner_latitude', 0.12345675, 0.1234568],
  ['partner_latitude', '2.5', 2.5],
  ['partner_latitude', null, 0],
  ['is_company', 1, true],
  ['is_company', 0, false],
  ['is_company', 'false', true],
  ['is_company', '', false],
  ['is_company', null, false],
]

const OTHER: readonly (readonly [field: string, ...Pair])[] = [
  ['website', 'example.com', 'http://example.com'],
  ['website', 'https://example.com', 'https://example.com'],
  ['phone', '+49 (0)30/123', '+49 (0)30/123'],
  ['email', ' A@B.De ', ' A@B.De '],
  ['type', 'invoice', 'invoice'],
  ['type', false, false],
  ['lang', 'xx_XX', 'xx_XX'],
  ['country_id', false, false],
  ['country_id', 0, false],
  ['country_id', null, false],
  ['category_id', [], []],
  ['category_id', false, []],
]

export function describeValues(inLab: () => Lab): void {
  describe('stores', () => {
    it.each(TEXT)('text %j as %j', async (written, read) => {
      expect(await inLab().stored('ref', written)).toEqual(read)
    })
    it.each(HTML)('HTML %j as %j', async (written, read) => {
      expect(await inLab().stored('comment', written)).toEqual(read)
    })
    it.each(NUMBERS)('%s %j as %j', async (field, written, read) => {
      expect(await inLab().stored(field, written)).toEqual(read)
    })
    it.each(OTHER)('%s %j as %j', async (field, written, read) => {
      expect(await inLab().stored(field, written)).toEqual(read)
    })

    it('HTML that it has stored once as it is', async () => {
      const lab = inLab()
      for (const [written] of HTML) {
        const first = await lab.stored('comment', written)
        expect(await lab.stored('comment', first)).toEqual(first)
      }
    })
  })

  describe('reads', () => {
    it('a new contact with the defaults, and False for what is empty', async () => {
      const lab = inLab()
      const id = await lab.partner({ name: 'defaults' })
      const fields = ['name', 'display_name', 'active', 'type', 'color', 'is_company', 'partner_latitude']
      const empty = ['ref', 'email', 'comment', 'country_id', 'parent_id']
      expect(await lab.read(id, [...fields, ...empty, 'category_id'])).toEqual({
        id,
        name: `${lab.prefix}defaults`,
        display_name: `${lab.prefix}defaults`,
        active: true,
        type: 'contact',
        color: 0,
        is_company: false,
        partner_latitude: 0,
        ref: false,
        email: false,
        comment: false,
        country_id: false,
        parent_id: false,
        category_id: [],
      })
    })

    it('a many2one as a pair of id and name, and with load None as an id', async () => {
      const lab = inLab()
      const [country] = await lab.call<{ id: number; name: string }[]>('res.country', 'search_read', {
        domain: [['code', '=', 'DE']],
        fields: ['name'],
      })
      const id = await lab.partner({ country_id: country?.id })
      expect((await lab.read(id, ['country_id'])).country_id).toEqual([country?.id, country?.name])
      const plain = await lab.call(PARTNER, 'read', { ids: [id], fields: ['country_id'], load: null })
      expect(plain).toEqual([{ id, country_id: country?.id }])
    })

    it('a many2one that was written as text with its id', async () => {
      const lab = inLab()
      const [id = 0] = await lab.call<number[]>('res.country', 'search', { domain: [['code', '=', 'DE']] })
      expect(await lab.stored('country_id', String(id))).toEqual([id, 'Germany'])
    })

    it('a many2many in the order of its own model, without what is archived there', async () => {
      const lab = inLab()
      const [second, first, archived] = [await lab.tag('b'), await lab.tag('a'), await lab.tag('c', { active: false })]
      expect(await lab.stored('category_id', [[6, 0, [second, first, archived]]])).toEqual([first, second])
      expect(await lab.stored('category_id', [second, first])).toEqual([first, second])
    })

    it('the records in the order of the ids asked for, without those that are gone', async () => {
      const lab = inLab()
      const [first = 0, second = 0] = await lab.partners([{ ref: '1' }, { ref: '2' }])
      const found = await lab.call<{ id: number }[]>(PARTNER, 'read', {
        ids: [second, 99_999_999, first],
        fields: ['ref'],
      })
      expect(found.map(({ id }) => id)).toEqual([second, first])
      expect(await lab.call(PARTNER, 'read', { ids: [99_999_999], fields: ['ref'] })).toEqual([])
      expect(await lab.call(PARTNER, 'read', { ids: [], fields: ['ref'] })).toEqual([])
    })

    it('an archived record by its id', async () => {
      const lab = inLab()
      const id = await lab.partner({ active: false })
      expect(await lab.read(id, ['active'])).toEqual({ id, active: false })
    })

    it('all fields where none is named', async () => {
      const [record] = await inLab().call<object[]>('res.country', 'search_read', { domain: [], limit: 1 })
      expect(record).toMatchObject({ id: expect.any(Number) as number, code: expect.any(String) as string })
      expect(Object.keys(record ?? {})).toEqual(expect.arrayContaining(['display_name', 'create_date', 'write_uid']))
    })

    it('a tag below another with both names', async () => {
      const lab = inLab()
      const parent = await lab.tag('over')
      const child = await lab.tag('under', { parent_id: parent })
      expect((await lab.read(child, ['display_name'], TAG)).display_name).toBe(`${lab.prefix}over / ${lab.prefix}under`)
    })
  })
}
