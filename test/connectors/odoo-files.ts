import { createHash, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Change } from '../../src/contract/change.ts'
import type { Collection, Connector } from '../../src/contract/connector.ts'
import { SyncError } from '../../src/contract/error.ts'
import type { Page } from '../../src/contract/feed.ts'
import type { Operation, Outcome } from '../../src/contract/sink.ts'
import type { Fields, Value } from '../../src/contract/value.ts'
import { picture } from '../real/pictures.ts'
import { callAsPerson, connectOdoo, type OdooUnderTest, ownRecords } from './odoo-setup.ts'

const signal = new AbortController().signal

function refOf(bytes: Buffer): { checksum: string; size: number } {
  return { checksum: `sha1:${createHash('sha1').update(bytes).digest('hex')}`, size: bytes.length }
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

async function gathered(pieces: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces ?? []) all.push(piece)
  return Buffer.concat(all)
}

type Server = OdooUnderTest & { close?(): Promise<void> }

/** What a connector for Odoo does with files, over the protocol of `start`. */
export function describeOdooFiles(name: string, start: () => Promise<Server>): void {
  describe(`files of ${name}`, () => {
    let odoo: Server
    let own: ReturnType<typeof ownRecords>
    let connector: Connector
    let partners: Collection
    let documents: Collection

    beforeAll(async () => {
      odoo = await start()
    })
    afterAll(() => odoo?.close?.())
    beforeEach(() => {
      own = ownRecords(odoo)
      connector = connectOdoo(odoo)
      partners = connector.collection({
        spec: { model: 'res.partner', domain: own.domain },
        fields: ['name', 'ref', 'image_1920'],
        contents: true,
        consumer: 'test',
      })
      documents = connector.collection({
        spec: { model: 'ir.attachment', domain: [['description', '=like', `${own.prefix}%`]], archive: null },
        fields: ['name', 'description', 'datas', 'res_model', 'res_id'],
        contents: true,
        consumer: 'test',
      })
    })
    afterEach(async () => {
      const context = { active_test: false }
      const ids = await callAsPerson(odoo, 'res.partner', 'search', { domain: own.domain as Value, context })
      await callAsPerson(odoo, 'res.partner', 'unlink', { ids })
      const domain = [['description', '=like', `${own.prefix}%`]]
      await callAsPerson(odoo, 'ir.attachment', 'unlink', {
        ids: await callAsPerson(odoo, 'ir.attachment', 'search', { domain }),
      })
      await connector[Symbol.asyncDispose]()
    })

    const partner = async (ref: string, more: Fields = {}): Promise<string> => {
      const vals = { name: `Contact ${ref}`, ref: own.prefix + ref, ...more }
      const [id] = (await callAsPerson(odoo, 'res.partner', 'create', { vals_list: [vals] })) as readonly Value[]
      return String(id)
    }
    const read = async (collection: Collection, id: string): Promise<Fields | undefined> =>
      (await collection.sink?.read([id], signal))?.get(id)?.fields
    const apply = async (collection: Collection, ...operations: Operation[]): Promise<readonly Outcome[]> =>
      (await collection.sink?.apply(operations, signal)) ?? []
    const bytesOf = (collection: Collection, id: string, field: string): Promise<Buffer> =>
      gathered(collection.sink?.openContent?.(id, field, signal))

    it('are read as their digest and size, and opened as bytes', async () => {
      const image = picture(40, 30)
      const id = await partner('A', { image_1920: image.toString('base64') })
      const bare = await partner('B')
      expect(await read(partners, id)).toMatchObject({ image_1920: refOf(image) })
      expect(await read(partners, bare)).toMatchObject({ image_1920: null })
      expect(await bytesOf(partners, id, 'image_1920')).toEqual(image)
      expect(await bytesOf(partners, bare, 'image_1920')).toHaveLength(0)
      const page = await partners.feed?.read({ cursor: null, limit: 10, depth: 'deep', nowMs: 0 }, signal)
      const states = page?.changes.map((change) => change.kind === 'state' && change.state.fields.image_1920)
      expect(states).toEqual([refOf(image), null])
    })

    it('are base64 for who does not take references', async () => {
      const image = picture(20, 20)
      const id = await partner('A', { image_1920: image.toString('base64') })
      const plain = connector.collection({ spec: { model: 'res.partner' }, fields: ['image_1920'], consumer: 'test' })
      expect(await read(plain, id)).toEqual({ image_1920: image.toString('base64') })
    })

    it('are created and changed from a stream, several in one call, beside others', async () => {
      const [one, two, three] = [picture(40, 30), picture(50, 30), picture(60, 30)]
      const files = new Map([one, two, three].map((file) => [refOf(file).checksum, file]))
      const withFile = (ref: string, file: Buffer): Operation => ({
        kind: 'create',
        fields: { name: ref, ref: own.prefix + ref, image_1920: refOf(file) },
        open: () => inPieces(files.get(refOf(file).checksum) ?? Buffer.alloc(0), 1000),
      })
      const made = await apply(partners, withFile('A', one), withFile('B', two), {
        kind: 'create',
        fields: { name: 'C', ref: `${own.prefix}C`, image_1920: null },
      })
      const stored = made.map((outcome) => (outcome.kind === 'done' ? outcome.record?.fields.image_1920 : 'not done'))
      expect(stored).toEqual([refOf(one), refOf(two), null])
      const ids = made.map((outcome) => (outcome.kind === 'done' ? (outcome.record?.id ?? '') : ''))
      const changed = await apply(
        partners,
        {
          kind: 'update',
          id: ids[0] ?? '',
          fields: { image_1920: refOf(three) },
          expected: null,
          open: () => inPieces(three, 7),
        },
        { kind: 'update', id: ids[1] ?? '', fields: { image_1920: null }, expected: null },
        { kind: 'update', id: ids[2] ?? '', fields: { image_1920: two.toString('base64') }, expected: null },
      )
      expect(changed.map((outcome) => outcome.kind === 'done' && outcome.record?.fields.image_1920)).toEqual([
        refOf(three),
        null,
        refOf(two),
      ])
      expect(await bytesOf(partners, ids[0] ?? '', 'image_1920')).toEqual(three)
    })

    it('that Odoo stores in another form are answered in that form', async () => {
      const large = picture(2000, 12)
      const [outcome] = await apply(partners, {
        kind: 'create',
        fields: { name: 'A', ref: `${own.prefix}A`, image_1920: refOf(large) },
        open: () => inPieces(large, 10_000),
      })
      const record = outcome?.kind === 'done' ? outcome.record : null
      const stored = await bytesOf(partners, record?.id ?? '', 'image_1920')
      expect(record?.fields.image_1920).toEqual(refOf(stored))
      expect(stored).not.toEqual(large)
    })

    it('whose source fails on the way are not stored', async () => {
      const file = randomBytes(200_000)
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield file.subarray(0, 150_000)
        throw new SyncError('changed', 'another file by now')
      }
      const create: Operation = {
        kind: 'create',
        fields: { name: 'a.bin', description: `${own.prefix}a`, datas: refOf(file) },
        open: failing,
      }
      await expect(apply(documents, create)).rejects.toMatchObject({ code: 'changed', inDoubt: false })
      const find = { field: 'description', values: [`${own.prefix}a`], fold: { case: false, space: false } }
      expect(await documents.sink?.find(find, signal)).toEqual([])
    })

    it('of records are no documents, on whatever page', async () => {
      const id = Number(await partner('A'))
      const vals = { name: 'a.bin', res_model: 'res.partner', res_id: id, datas: Buffer.from('x').toString('base64') }
      const vals_list = ['1', '2', '3'].map((each) => ({ ...vals, description: own.prefix + each }))
      for (const one of vals_list) await callAsPerson(odoo, 'ir.attachment', 'create', { vals_list: [one] })
      // After the documents: a second page asks for higher ids.
      const image_1920 = picture(20, 20).toString('base64')
      await callAsPerson(odoo, 'res.partner', 'write', { ids: [id], vals: { image_1920 } })
      const images = await callAsPerson(odoo, 'ir.attachment', 'search', {
        domain: [
          ['res_field', '!=', false],
          ['res_id', '=', id],
        ],
      })
      await callAsPerson(odoo, 'ir.attachment', 'write', { ids: images, vals: { description: `${own.prefix}image` } })
      const changes: Change[] = []
      let cursor: string | null = null
      for (let pages = 0; pages < 10; pages++) {
        const page: Page | undefined = await documents.feed?.read({ cursor, limit: 2, depth: 'deep', nowMs: 0 }, signal)
        changes.push(...(page?.changes ?? []))
        cursor = page?.cursor ?? null
        if (page?.caughtUp) break
      }
      const descriptions = changes.map((change) => change.kind === 'state' && change.state.fields.description)
      expect(descriptions).toEqual(['1', '2', '3'].map((each) => own.prefix + each))
      expect(changes[0]).toMatchObject({ state: { fields: { datas: refOf(Buffer.from('x')), res_id: id } } })
      expect((await documents.feed?.list?.(null, 100, signal))?.entries).toHaveLength(3)
    })

    it('as documents go both ways', async () => {
      const file = randomBytes(300_000)
      const [outcome] = await apply(documents, {
        kind: 'create',
        fields: { name: 'a.bin', description: `${own.prefix}a`, datas: refOf(file) },
        open: () => inPieces(file, 99_999),
      })
      const id = outcome?.kind === 'done' ? (outcome.record?.id ?? '') : ''
      expect(await read(documents, id)).toMatchObject({ name: 'a.bin', datas: refOf(file) })
      expect(await bytesOf(documents, id, 'datas')).toEqual(file)
      await apply(documents, { kind: 'update', id, fields: { datas: null }, expected: null })
      expect(await read(documents, id)).toMatchObject({ datas: null })
    })

    it('of what does not exist are nothing', async () => {
      expect(await bytesOf(documents, '2000000000', 'datas')).toHaveLength(0)
      expect(await bytesOf(documents, 'x', 'datas')).toHaveLength(0)
    })
  })
}
