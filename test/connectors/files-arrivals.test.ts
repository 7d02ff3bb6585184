import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesLab } from './files-lab.ts'

const FIELDS = ['code', 'name']
const arriving = { folder: 'in', files: '*.csv', complete: 'rename' }
const csv = (...rows: readonly (readonly [string, string])[]): string =>
  `code,name\n${rows.map((row) => `${row.join(',')}\n`).join('')}`
const signal = new AbortController().signal

describe('when a file is taken', () => {
  test('not before its size has rested', async () => {
    using lab = filesLab({ in: { ...arriving, complete: { stable: '1h' } } }, FIELDS)
    lab.put('in/a.csv', csv(['1', 'Ada']))
    lab.put('in/b.csv', csv(['2', 'Bo']), 7_200_000)
    // What comes before it is still being written: the order holds.
    expect(await lab.read()).toEqual({ states: [], gone: [], broken: {} })
    lab.put('in/a.csv', csv(['1', 'Ada'], ['3', 'Cy']), 7_200_000)
    expect((await lab.read()).states).toEqual(['1', '3', '2'])
  })

  test('a marker says that it is whole, and one that is missing holds up nobody', async () => {
    using lab = filesLab({ in: { ...arriving, files: '*', complete: { marker: '{name}.done' } } }, FIELDS)
    lab.put('in/a.csv', csv(['1', 'Ada']))
    lab.put('in/b.csv', csv(['2', 'Bo']))
    lab.put('in/b.csv.done', '')
    expect((await lab.read()).states).toEqual(['2'])
    expect(lab.names('in')).toEqual(['a.csv', 'done'])
    lab.put('in/a.csv.done', '')
    expect((await lab.read()).states).toEqual(['1'])
    expect(lab.names('in/done')).toEqual(['a.csv', 'b.csv'])
  })

  test('a trailer says that it is whole, and how many lines it should have', async () => {
    using lab = filesLab({ in: { ...arriving, complete: { trailer: '#END {lines}' } } }, FIELDS)
    lab.put('in/a.csv', csv(['1', 'Ada'], ['2', 'Bo']))
    expect((await lab.read()).states).toEqual([])
    appendFileSync(join(lab.folder, 'in/a.csv'), '#END 2\n')
    expect(await lab.read()).toEqual({ states: ['1', '2'], gone: [], broken: {} })
    lab.put('in/b.csv', `${csv(['3', 'Cy'])}#END 5`)
    expect((await lab.read()).broken['in/b.csv']).toContain('5')
  })

  test('names of uploads under way are left alone', async () => {
    using lab = filesLab({ in: { ...arriving, files: '*' } }, FIELDS)
    for (const name of ['.a.csv', 'a.csv.part', 'a.csv.tmp', 'a.csv.filepart', 'a.csv~'])
      lab.put(`in/${name}`, csv(['1', 'x']))
    expect((await lab.read()).states).toEqual([])
    expect(lab.names('in')).toHaveLength(5)
  })

  test('files that are there together are read by name, or by time', async () => {
    using byName = filesLab({ in: arriving }, FIELDS)
    using byTime = filesLab({ in: { ...arriving, order: 'time' } }, FIELDS)
    for (const lab of [byName, byTime]) {
      lab.put('in/a.csv', csv(['1', 'from a']), 1000)
      lab.put('in/b.csv', csv(['1', 'from b']), 5000)
      await lab.read()
    }
    expect((await byName.records())['1']).toEqual({ code: '1', name: 'from b' })
    expect((await byTime.records())['1']).toEqual({ code: '1', name: 'from a' })
  })

  test('a link, a folder and a hostile name are no files', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    const secret = join(lab.folder, 'secret.csv')
    writeFileSync(secret, csv(['1', 'secret']))
    symlinkSync(secret, join(lab.folder, 'in/link.csv'))
    mkdirSync(join(lab.folder, 'in/folder.csv'))
    lab.put('in/back\\slash.csv', csv(['2', 'x']))
    lab.put('in/new\nline.csv', csv(['3', 'x']))
    expect(await lab.read()).toEqual({ states: [], gone: [], broken: {} })
    expect(readFileSync(secret, 'utf8')).toContain('secret')
  })

  test('a folder that is a link out of the connection is refused', async () => {
    using lab = filesLab({ in: { ...arriving, folder: 'in/away' } }, FIELDS)
    symlinkSync('/tmp', join(lab.folder, 'in/away'))
    await expect(lab.read()).rejects.toMatchObject({ code: 'forbidden' })
  })

  test.each(['../x', 'a/../../x', '/etc', 'a//b'])('a configured folder %s is refused', (folder) => {
    expect(() => filesLab({ in: { ...arriving, folder } }, FIELDS)).toThrow('below the folder')
  })
})

describe('what becomes of a file', () => {
  test.each([
    [undefined, { in: ['done'], 'in/done': ['a.csv'] }],
    [{ archive: 'old' }, { in: [], old: ['a.csv'] }],
    [{ rename: '{name}.ok' }, { in: ['a.csv.ok'] }],
    ['delete', { in: [] }],
    ['keep', { in: ['a.csv'] }],
  ])('done: %j', async (done, expected) => {
    using lab = filesLab({ in: { ...arriving, files: '*.csv*', ...(done === undefined ? {} : { done }) } }, FIELDS)
    lab.put('in/a.csv', csv(['1', 'Ada']))
    expect((await lab.read()).states).toEqual(['1'])
    for (const [path, names] of Object.entries(expected)) expect(lab.names(path)).toEqual(names)
    expect((await lab.read()).states).toEqual([])
  })

  test('the same name with other content is another file, and archived beside the first', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/a.csv', csv(['1', 'Ada']))
    await lab.read()
    lab.put('in/a.csv', csv(['1', 'Ada Lovelace'], ['2', 'Bo']))
    expect((await lab.read()).states).toEqual(['1', '2'])
    expect(lab.names('in/done')).toEqual(['a.csv', 'a.csv.2'])
    expect(lab.text('in/done/a.csv')).not.toContain('Lovelace')
  })

  test('a look that only asks takes in what is there and moves nothing', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/a.csv', csv(['1', 'Ada']))
    expect(Object.keys(await lab.records())).toEqual(['1'])
    expect(lab.names('in')).toEqual(['a.csv'])
    expect((await lab.read()).states).toEqual(['1'])
    expect(lab.names('in')).toEqual(['done'])
  })

  test('a file without the columns that are needed is set aside, and the next one is read', async () => {
    using lab = filesLab({ in: arriving }, FIELDS)
    lab.put('in/a.csv', 'code,nom\n1,Ada\n')
    lab.put('in/b.csv', csv(['2', 'Bo']))
    const { states, broken } = await lab.read()
    expect(states).toEqual(['2'])
    expect(broken['in/a.csv']).toBe('in/a.csv lacks the column name; its header has code, nom')
    expect(lab.names('in/failed')).toEqual(['a.csv'])
  })

  test('or everything waits for a person', async () => {
    using lab = filesLab({ in: { ...arriving, bad_file: 'stop' } }, FIELDS)
    lab.put('in/a.csv', 'code,nom\n1,Ada\n')
    lab.put('in/b.csv', csv(['2', 'Bo']))
    await expect(lab.read()).rejects.toMatchObject({ code: 'schema', disposition: 'halt' })
    lab.put('in/a.csv', csv(['1', 'Ada']))
    expect((await lab.read()).states).toEqual(['1', '2'])
  })

  test('a file that is taken away while it is read is told of', async () => {
    using lab = filesLab({ in: { ...arriving, done: 'delete' } }, FIELDS)
    lab.put('in/a.csv', csv(['1', 'a'], ['2', 'b'], ['3', 'c']))
    const page = await lab.feed.read({ cursor: null, limit: 1, depth: 'tail', nowMs: 0 }, signal)
    lab.cursor = page.cursor
    const { unlinkSync } = await import('node:fs')
    unlinkSync(join(lab.folder, 'in/a.csv'))
    expect((await lab.read()).broken['in/a.csv']).toContain('taken away')
  })
})

describe('full lists', () => {
  const everything = { in: { ...arriving, content: 'everything' } }
  const many = (from: number, to: number): string =>
    csv(...Array.from({ length: to - from + 1 }, (_, n): [string, string] => [`K${from + n}`, 'x']))

  test('what a newer one lacks is gone, and comes back with the next', async () => {
    using lab = filesLab(everything, FIELDS)
    lab.put('in/1.csv', many(1, 4))
    await lab.read()
    lab.put('in/2.csv', many(2, 4))
    expect(await lab.read()).toEqual({ states: [], gone: ['K1'], broken: {} })
    lab.put('in/3.csv', many(1, 4))
    expect((await lab.read()).states).toEqual(['K1'])
  })

  test.each([
    ['empty', 'code,name\n', 'no records'],
    ['too short', many(1, 2), '2 of 9'],
    ['with a line that names nobody', `${many(1, 8)},nobody\n`, 'nobody can say'],
  ])('one that is %s deletes nothing until a person agrees', async (_, text, reason) => {
    using lab = filesLab(everything, FIELDS)
    lab.put('in/1.csv', many(1, 9))
    await lab.read()
    lab.put('in/2.csv', text)
    const { gone, broken } = await lab.read()
    expect(gone).toEqual([])
    expect(broken['in/2.csv']).toContain(reason)
    const page = await lab.feed.read({ cursor: null, limit: 100, depth: 'tail', nowMs: 0 }, signal)
    const place = page.changes.find(
      (change) => change.kind === 'broken' && change.id.startsWith('in/2.csv@') && !change.id.includes('Z:'),
    )
    await lab.feed.look?.([place?.kind === 'broken' ? place.id : ''], signal)
    const left = Object.keys(await lab.records()).length
    expect(left).toBe(text.split('\n').filter((line) => line.startsWith('K')).length)
  })

  test('a bad line of a known record is no delete', async () => {
    using lab = filesLab({ ...everything, columns: { code: {}, name: { required: true } } }, FIELDS)
    lab.put('in/1.csv', many(1, 4))
    await lab.read()
    lab.put('in/2.csv', `${many(1, 3)}K4,\n`)
    const { gone, broken } = await lab.read()
    expect(gone).toEqual([])
    expect(Object.keys(broken)).toEqual(['in/2.csv:5'])
    // The next list is the whole truth again, about bad lines too.
    lab.put('in/3.csv', many(1, 4))
    expect((await lab.read()).gone.map((place) => place.replace(/@.*Z/, ''))).toEqual(['in/2.csv:5'])
  })

  test('what we wrote and no file has told of yet is not missing', async () => {
    using lab = filesLab(
      { ...everything, columns: { code: {}, name: {} }, out: { folder: 'out', file: '{seq}.csv' } },
      FIELDS,
    )
    lab.put('in/1.csv', many(1, 2))
    await lab.read()
    await lab.apply({ kind: 'create', fields: { code: 'NEW', name: 'ours' } })
    lab.put('in/2.csv', many(1, 2))
    expect((await lab.read()).gone).toEqual([])
  })
})
