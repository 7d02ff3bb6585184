import { describe, expect, it } from 'vitest'
import { type Fields, type Lab, PARTNER, TAG } from './odoo-lab.ts'

/** Which of the contacts an action gives another `write_date`. */
async function moved(lab: Lab, ids: readonly number[], act: () => Promise<unknown>): Promise<boolean[]> {
  const dates = async (): Promise<unknown[]> =>
    (await lab.call<Fields[]>(PARTNER, 'read', { ids, fields: ['write_date'] })).map(({ write_date }) => write_date)
  const before = await dates()
  await lab.nextSecond()
  await act()
  const after = await dates()
  return after.map((date, index) => date !== before[index])
}

export function describeWriteDates(inLab: () => Lab): void {
  describe('write_date', () => {
    it('is in whole seconds, equals create_date at first, and is the same for a whole call', async () => {
      const lab = inLab()
      const ids = await lab.partners(Array.from({ length: 20 }, () => ({})))
      const found = await lab.call<Fields[]>(PARTNER, 'read', { ids, fields: ['create_date', 'write_date'] })
      expect(found[0]?.write_date).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
      expect(new Set(found.flatMap(({ create_date, write_date }) => [create_date, write_date])).size).toBe(1)
    })

    it('moves with a write, also of an equal value and of no value', async () => {
      const lab = inLab()
      const ids = await lab.partners([{ city: 'same' }, {}, {}])
      const [first, second] = ids
      const act = async (): Promise<void> => {
        await lab.call(PARTNER, 'write', { ids: [first], vals: { city: 'same' } })
        await lab.call(PARTNER, 'write', { ids: [second], vals: {} })
      }
      expect(await moved(lab, ids, act)).toEqual([true, true, false])
    })

    it('moves with a tag put on the contact, not with a change of the tag itself nor its end', async () => {
      const lab = inLab()
      const tags = [await lab.tag('put'), await lab.tag('renamed'), await lab.tag('ended')]
      const ids = await lab.partners([{}, { category_id: [tags[1]] }, { category_id: [tags[2]] }])
      const act = async (): Promise<void> => {
        await lab.call(PARTNER, 'write', { ids: [ids[0]], vals: { category_id: [[4, tags[0], 0]] } })
        await lab.call(TAG, 'write', { ids: [tags[1]], vals: { name: `${lab.prefix}renamed otherwise` } })
        await lab.call(TAG, 'unlink', { ids: [tags[2]] })
      }
      expect(await moved(lab, ids, act)).toEqual([true, false, false])
      expect((await lab.read(ids[2] ?? 0, ['category_id'])).category_id).toEqual([])
    })

    it('does not move with a write that fails', async () => {
      const lab = inLab()
      const ids = await lab.partners([{}])
      expect(
        await moved(lab, ids, () => lab.fail(PARTNER, 'write', { ids, vals: { city: 'x', type: 'nope' } })),
      ).toEqual([false])
    })

    it('moves with an archive, and comes with who wrote last', async () => {
      const lab = inLab()
      const key = lab.odoo.adminApiKey
      const ids = await lab.partners([{}])
      const [id = 0] = ids
      const before = await lab.read(id, ['create_uid', 'write_uid'])
      expect(before.write_uid).toEqual(before.create_uid)
      const options = key === undefined ? {} : { key }
      const act = (): Promise<unknown> => lab.call(PARTNER, 'write', { ids, vals: { active: false } }, options)
      expect(await moved(lab, ids, act)).toEqual([true])
      const after = await lab.read(id, ['create_uid', 'write_uid'])
      expect(after.create_uid).toEqual(before.create_uid)
      if (key !== undefined) expect((after.write_uid as unknown[])[0]).toBe(2)
    })
  })
}
export { moved }
