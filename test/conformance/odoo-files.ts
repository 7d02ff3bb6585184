import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { picture } from '../real/pictures.ts'
import { type Fields, type Lab, PARTNER } from './odoo-lab.ts'

const ATTACHMENT = 'ir.attachment'

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex')
}

export function describeFiles(inLab: () => Lab): void {
  const attachmentsOf = (domain: readonly unknown[], fields: readonly string[]) =>
    inLab().call<Fields[]>(ATTACHMENT, 'search_read', { domain, fields, order: 'id' })
  const imageOf = (id: number) => [
    ['res_model', '=', PARTNER],
    ['res_field', '=', 'image_1920'],
    ['res_id', '=', id],
  ]
  const document = async (values: Fields): Promise<number> => {
    const lab = inLab()
    const partner = await lab.partner()
    const vals = { name: `${lab.prefix}a.pdf`, res_model: PARTNER, res_id: partner, ...values }
    const [id = 0] = await lab.call<number[]>(ATTACHMENT, 'create', { vals_list: [vals] })
    return id
  }

  describe('files', () => {
    it('of a record are attachments with their SHA-1 and size, which an ordinary user may read', async () => {
      const lab = inLab()
      const bytes = picture(20, 10)
      const id = await lab.partner({ image_1920: bytes.toString('base64') })
      expect(await attachmentsOf(imageOf(id), ['checksum', 'file_size', 'res_id', 'mimetype'])).toMatchObject([
        { checksum: sha1(bytes), file_size: bytes.length, res_id: id, mimetype: 'image/png' },
      ])
      expect(await lab.read(id, ['image_1920'])).toMatchObject({ image_1920: bytes.toString('base64') })
    })

    it('of a record are hidden from a search, unless its domain names res_field or id', async () => {
      const lab = inLab()
      const id = await lab.partner({ image_1920: picture(20, 10).toString('base64') })
      const own = [
        ['res_model', '=', PARTNER],
        ['res_id', '=', id],
      ]
      expect(await attachmentsOf(own, ['res_field'])).toEqual([])
      expect(await attachmentsOf([...own, ['id', '>', 0]], ['res_field'])).not.toEqual([])
      expect(await attachmentsOf([...own, ['res_field', '!=', false]], ['res_field'])).not.toEqual([])
      expect(await attachmentsOf([...own, ['id', '>', 0], ['res_field', '=', false]], ['res_field'])).toEqual([])
    })

    it('are read as a size with bin_size', async () => {
      const lab = inLab()
      const id = await document({ datas: Buffer.alloc(2000).toString('base64') })
      const context = { bin_size: true }
      const [row] = await lab.call<Fields[]>(ATTACHMENT, 'read', { ids: [id], fields: ['datas'], context })
      expect(row?.datas).toBe('1.95 Kb')
    })

    it('that are pictures are stored smaller where they are large, and must be pictures', async () => {
      const lab = inLab()
      const bytes = picture(2000, 10)
      const id = await lab.partner({ image_1920: bytes.toString('base64') })
      const [stored] = await attachmentsOf(imageOf(id), ['checksum'])
      expect(stored?.checksum).not.toBe(sha1(bytes))
      const vals_list = [{ name: lab.prefix, image_1920: Buffer.from('no picture').toString('base64') }]
      expect(await lab.fail(PARTNER, 'create', { vals_list })).toMatchObject({
        name: 'odoo.exceptions.UserError',
        message: 'This file could not be decoded as an image file.',
      })
    })

    it('are changed in their attachment, move the record’s write_date, and go with an empty value', async () => {
      const lab = inLab()
      const id = await lab.partner({ image_1920: picture(20, 10).toString('base64') })
      const [before] = await attachmentsOf(imageOf(id), ['checksum'])
      const { write_date } = await lab.read(id, ['write_date'])
      await lab.nextSecond()
      const other = picture(20, 10)
      await lab.call(PARTNER, 'write', { ids: [id], vals: { image_1920: other.toString('base64') } })
      expect(await attachmentsOf(imageOf(id), ['checksum'])).toEqual([{ id: before?.id, checksum: sha1(other) }])
      expect((await lab.read(id, ['write_date'])).write_date).not.toBe(write_date)
      await lab.call(PARTNER, 'write', { ids: [id], vals: { image_1920: false } })
      expect(await attachmentsOf(imageOf(id), [])).toEqual([])
      expect(await lab.read(id, ['image_1920'])).toMatchObject({ image_1920: false })
    })

    it('of a record that are changed as attachments do not move the record’s write_date', async () => {
      const lab = inLab()
      const id = await lab.partner({ image_1920: picture(20, 10).toString('base64') })
      const [image] = await attachmentsOf(imageOf(id), ['checksum'])
      const { write_date } = await lab.read(id, ['write_date'])
      await lab.nextSecond()
      const other = picture(20, 10)
      await lab.call(ATTACHMENT, 'write', { ids: [image?.id], vals: { datas: other.toString('base64') } })
      expect((await lab.read(id, ['write_date'])).write_date).toBe(write_date)
      expect(await lab.read(id, ['image_1920'])).toMatchObject({ image_1920: other.toString('base64') })
    })

    it('that are documents have a checksum that nobody can write, and go with their record', async () => {
      const lab = inLab()
      const bytes = Buffer.from('%PDF-1.4')
      const id = await document({ datas: bytes.toString('base64'), checksum: 'x', file_size: 1 })
      const fields = ['checksum', 'file_size', 'mimetype', 'res_field', 'res_id', 'datas']
      const row = await lab.read(id, fields, ATTACHMENT)
      expect(row).toMatchObject({
        checksum: sha1(bytes),
        file_size: bytes.length,
        mimetype: 'application/pdf',
        res_field: false,
        datas: bytes.toString('base64'),
      })
      await lab.call(ATTACHMENT, 'write', { ids: [id], vals: { checksum: 'x', name: `${lab.prefix}b.pdf` } })
      expect(await lab.read(id, ['checksum'], ATTACHMENT)).toMatchObject({ checksum: sha1(bytes) })
      await lab.call(PARTNER, 'unlink', { ids: [row.res_id] })
      expect(await attachmentsOf([['id', '=', id]], [])).toEqual([])
    })

    it('without bytes are of size 0', async () => {
      const lab = inLab()
      const id = await document({ datas: false })
      const fields = ['checksum', 'file_size', 'datas']
      expect(await lab.read(id, fields, ATTACHMENT)).toMatchObject({ checksum: false, file_size: 0, datas: '' })
      await lab.call(ATTACHMENT, 'write', { ids: [id], vals: { datas: Buffer.from('x').toString('base64') } })
      await lab.call(ATTACHMENT, 'write', { ids: [id], vals: { datas: false } })
      const emptied = { checksum: sha1(Buffer.alloc(0)), file_size: 0, datas: '' }
      expect(await lab.read(id, fields, ATTACHMENT)).toMatchObject(emptied)
    })

    it('tell by fields_get whether they are attachments', async () => {
      const lab = inLab()
      const attributes = ['type', 'attachment', 'store']
      const partner = await lab.call<Fields>(PARTNER, 'fields_get', { attributes, allfields: ['image_1920'] })
      expect(partner.image_1920).toEqual({ type: 'binary', attachment: true, store: true })
      const own = await lab.call<Fields>(ATTACHMENT, 'fields_get', { attributes, allfields: ['datas'] })
      expect(own.datas).toEqual({ type: 'binary', attachment: false, store: false })
    })

    it('are not to be had with an API key from /web/content', async () => {
      const lab = inLab()
      const id = await document({ datas: Buffer.from('x').toString('base64') })
      const { status } = await lab.get(`/web/content/${id}`)
      expect(status).toBe(404)
    })
  })
}
